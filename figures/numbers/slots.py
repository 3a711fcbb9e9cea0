"""Numbers quoted on what the slots of a memory layer store."""

import pandas as pd

from figures.estimate import estimate
from figures.numbers.estimates import Tree, plain
from figures.results import Results
from figures.slots import PLACES, STAGES
from figures.verdicts.slots import difference, effective_ratio, of_finetuned, of_stage

TITLES = {
    "first": "First of the name",
    "inside": "Inside the name",
    "last": "Last of the name",
    "after": "After the name",
    "answer": "Before the answer",
}
OF_TEXT = (
    *("slots", "reads", "top", "effective", "never", "gini", "counted_top", "counted_effective", "counted_gini"),
    *("even_top", "even_effective", "hub_tokens", "text_tokens", "slot_bits", "context_bits", "token_bits", "token_bits_counted"),
    *("before_bits", "before_bits_counted", "after_bits", "after_bits_counted", "next_bits", "position_bits", "rarity"),
    *("rho_frequency", "rho_token", "rho_token_within", "rho_next", "rho_next_within", "overlap_any", "overlap_alike"),
)


def slots(results: Results) -> Tree:
    """Running text at every stage, places of prompts, and the quantities of the rules."""
    frame = results.table("slots")
    rows = {place: _row(results, place) for place in PLACES}
    known = {f"{name}_share": _share(results, name) for name in ("token_bits", "token_bits_counted")}
    return {
        "seeds": int(frame["seed"].nunique()),
        "subjects": int(frame["tokens"].min()),
        **{stage: {name: plain(estimate(of_stage(results, stage, "text", name))) for name in OF_TEXT} for stage in STAGES},
        **known,
        "chance_next": float(of_stage(results, "finetuned", "text", "chance_next_within").max()),
        "ratio": plain(effective_ratio(results, "effective", 2)),
        "counted_ratio": plain(effective_ratio(results, "counted_effective", 2)),
        "rho": plain(of_finetuned(results, "rho_next", 2, "fisher")),
        "rho_within": plain(of_finetuned(results, "rho_next_within", 2, "fisher")),
        "boundary": {s: plain(difference(results, s, "last_equal", "inside_equal", 2)) for s in ("pretrained", "finetuned")},
        "answer": {s: plain(difference(results, s, "answer", "last", 2)) for s in ("pretrained", "finetuned")},
        "rise": plain(estimate(_due(results, "finetuned") - _due(results, "pretrained"))),
        "rows": list(rows.values()),
        "rows_by_place": rows,
    }


def _due(results: Results, stage: str) -> pd.Series:
    """Specificity where the answer is due, by seed."""
    return of_stage(results, stage, "answer", "specificity")


def _share(results: Results, name: str) -> Tree:
    """Share of all that the context fixes of a read, after format finetuning."""
    return plain(estimate(of_stage(results, "finetuned", "text", name) / of_stage(results, "finetuned", "text", "context_bits")))


def _row(results: Results, place: str) -> Tree:
    """A place: a row of the table."""
    before = plain(estimate(of_stage(results, "pretrained", place, "specificity")))
    names = ("any", "alike", "same", "other", "specificity", "written")
    found = {name: plain(estimate(of_stage(results, "finetuned", place, name))) for name in names}
    means = {f"{name}_mean": value["mean"] for name, value in found.items()}
    return {"place": place, "title": TITLES[place], "before": before, **found, **means}
