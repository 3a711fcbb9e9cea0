"""Every number that the paper quotes, as one tree of JSON values, read from the stored results.

Rounding is the paper's business. A number that cannot be had raises: the paper is not built on gaps.
"""

from math import isfinite
from typing import Any

from figures.numbers import (
    activity,
    architectures,
    attention_flows,
    backgrounds,
    coding_level,
    continual_bits,
    deeper_ceiling,
    diagnosis,
    dissociation,
    edit_budget,
    frontiers,
    in_context,
    knowledge,
    ladder,
    long_streams,
    matrix_ceiling,
    models,
    own_loop,
    pareto,
    predictors,
    regimes,
    regressions,
    rehearsal,
    sequences,
    simulation,
    slots,
    smollm2,
    sparse_ceiling,
    superposition,
    synapses,
    theory,
    two_rates,
    two_regimes,
)
from figures.numbers.estimates import Tree
from figures.results import Results, reading

PARTS = (
    theory.ledger,
    theory.certificates,
    theory.literature,
    theory.methods,
    theory.controls,
    theory.examples,
    simulation.interference,
    simulation.retention,
    simulation.capacity,
    simulation.plane,
    simulation.sweeps,
    simulation.gain,
    frontiers.frontiers,
    coding_level.coding_level,
    dissociation.dissociation,
    dissociation.delta_overlap,
    superposition.superposition,
    regimes.regimes,
    diagnosis.diagnosis,
    synapses.synapses,
    regressions.regressions,
    sequences.sequences,
    two_rates.two_rates,
    rehearsal.rehearsal,
    rehearsal.transfer,
    models.baselines,
    models.models,
    models.format_finetuning,
    models.stream,
    models.streams,
    models.contrasts,
    models.kernel,
    models.forecast,
    knowledge.knowledge,
    knowledge.exposures,
    architectures.architectures,
    activity.activity,
    matrix_ceiling.matrix_ceiling,
    deeper_ceiling.deeper_ceiling,
    sparse_ceiling.sparse_ceiling,
    long_streams.long_streams,
    pareto.pareto,
    attention_flows.attention_flows,
    in_context.in_context,
    slots.slots,
    two_regimes.two_regimes,
    smollm2.smollm2,
    backgrounds.backgrounds,
    predictors.predictors,
    edit_budget.edit_budget,
    own_loop.own_loop,
    continual_bits.continual_bits,
    ladder.ladder,
)
"""Functions that read one part of the numbers each; a part is named as its function."""


def meta(results: Results) -> Tree:
    """The preset, and for every table its rows, seeds and the head of its fingerprint."""
    tables = []
    for path in sorted(results.directory.glob("*.parquet")):
        frame = results.table(path.stem)
        seeds = frame["seed"].nunique() if "seed" in frame else None
        tables.append({"name": path.stem, "key": results.key(path.stem)[:12], "rows": len(frame), "seeds": seeds})
    return {"preset": results.preset, "tables": tables}


def check(value: Any, where: str = "numbers") -> Any:
    """The value itself, once every number in it is finite. Raises ValueError with the key of the first that is not."""
    if isinstance(value, dict):
        return {str(key): check(part, f"{where}.{key}") for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [check(part, f"{where}[{index}]") for index, part in enumerate(value)]
    if value is None or isinstance(value, str | bool):
        return value
    if not isfinite(value):
        raise ValueError(f"{where} is {value}")
    return int(value) if float(value).is_integer() and isinstance(value, int) else float(value)


def numbers(results: Results) -> Tree:
    """All numbers. Raises UserError if a table is missing or unfit, or if a number is not finite."""
    tree = {"meta": meta(results)}
    for part in PARTS:
        name = part.__name__
        with reading(f"the paper's numbers {name!r}", results.directory):
            tree[name] = check(part(results), f"numbers.{name}")
    return check(tree)
