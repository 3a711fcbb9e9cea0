"""The verdicts: every declared rule applied to the stored results."""

from functools import cache
from typing import Any

from figures.results import Results
from figures.verdicts import (
    activity,
    architectures,
    attention_flows,
    backgrounds,
    checks,
    coding_level,
    continual_bits,
    deeper_ceiling,
    diagnosis,
    dissociation,
    edit_budget,
    evidence,
    forecast,
    frontiers,
    hebbian,
    in_context,
    interference,
    knowledge,
    ladder,
    long_streams,
    matrix_ceiling,
    own_loop,
    pareto,
    predictors,
    regimes,
    regressions,
    rehearsal,
    retention,
    separation,
    sequences,
    slots,
    smollm2,
    sparse_ceiling,
    superposition,
    synapses,
    tradeoff,
    transfer,
    two_rates,
    two_regimes,
    writing,
)
from figures.verdicts.rule import Rule

GROUPS = (
    evidence,
    interference,
    retention,
    hebbian,
    tradeoff,
    two_rates,
    separation,
    frontiers,
    sequences,
    synapses,
    regressions,
    coding_level,
    dissociation,
    superposition,
    regimes,
    diagnosis,
    rehearsal,
    transfer,
    ladder,
    knowledge,
    architectures,
    forecast,
    writing,
    activity,
    matrix_ceiling,
    deeper_ceiling,
    sparse_ceiling,
    long_streams,
    pareto,
    attention_flows,
    in_context,
    slots,
    two_regimes,
    smollm2,
    backgrounds,
    predictors,
    edit_budget,
    own_loop,
    continual_bits,
    checks,
)
"""The files of rules, in the order of the theory."""

RULES: dict[str, Rule] = {rule.id: rule for group in GROUPS for rule in group.RULES}


@cache
def verdict(results: Results, id: str) -> dict[str, Any]:
    """The verdict on one claim (see `Rule.record`). Raises UserError if a table that the rule reads is missing."""
    return RULES[id].record(results)


def verdicts(results: Results) -> list[dict[str, Any]]:
    """All verdicts, in the order of the theory: [{id, claim, prediction, measured, interval, verdict, rule}]."""
    return [verdict(results, id) for id in RULES]
