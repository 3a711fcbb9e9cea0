"""The numbers of the paper that the findings of the READMEs quote, read once and remembered for just these tables."""

from typing import Any

from figures.build.layout import Layout
from figures.build.remembered import CODE, libraries, remembered, sources, tables
from figures.build.verdicts import RULES
from simulate.runs.files import digest


def quoted(layout: Layout) -> dict[str, Any]:
    """{a part: its numbers as in `figures.numbers`}, of the parts named below, from this layout's tables."""

    def compute() -> dict[str, Any]:
        from figures.numbers import activity, deeper_ceiling, dissociation, models, own_loop, regimes
        from figures.results import Results

        results = Results(layout.results)
        parts = (
            activity.activity,
            deeper_ceiling.deeper_ceiling,
            dissociation.dissociation,
            regimes.regimes,
            models.stream,
            models.models,
            own_loop.own_loop,
        )
        return {part.__name__: part(results) for part in parts}

    key = digest(tables(layout.results), sources(*CODE, *RULES, "figures/numbers", "figures/build"), libraries())
    return dict(remembered(f"quoted-{layout.preset}", key, compute, workspace=layout.workspace))
