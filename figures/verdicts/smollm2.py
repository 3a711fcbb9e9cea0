"""Rules for facts written into a pretrained model from elsewhere: off-mode writing (P2), the forecast from its kernel (P1)."""

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate, jackknife
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide, judgement, together

WRITERS = ("last_matrix", "off_mode")


def ends(table: pd.DataFrame) -> pd.DataFrame:
    """The last row of every stream, with the share of the facts that is kept."""
    last = table[table["written"] == table.groupby(["method", "seed"])["written"].transform("max")]
    return last.assign(share=last["kept"] / last["written"])


def advantage(table: pd.DataFrame) -> Estimate:
    """Share of the facts kept off-mode less that kept by plain writes, paired by seed; the interval covers equal learning.

    What one writer learned more than the other is granted to the other in full.
    """
    rows = ends(table).set_index(["seed", "method"])
    kept, learned = (rows[name].unstack("method") for name in ("share", "learned"))
    difference = kept["off_mode"] - kept["last_matrix"]
    ahead = learned["off_mode"] - learned["last_matrix"]
    least, most = estimate(difference - ahead.clip(lower=0)), estimate(difference - ahead.clip(upper=0))
    return Estimate(float(difference.mean()), least.low, most.high, len(difference))


def skills(table: pd.DataFrame) -> dict[str, Estimate]:
    """Skill of the kernel's forecast of the share kept, over all draws and lengths, by writer; simultaneous 95% intervals.

    1 less the rms error of the forecast over that of the best constant share of each stream, which is fitted to the outcome.
    """
    share, said = table["kept"] / table["written"], table["forecast"] / table["written"]
    constant = share.groupby([table["method"], table["seed"]]).transform("mean")
    errors = table.assign(error=(said - share) ** 2, constant=(share - constant) ** 2)
    found = {}
    for method in WRITERS:
        rows = errors[errors["method"] == method]
        ratio = jackknife(_ratio, rows, comparisons=len(WRITERS), scale="log")
        found[method] = (-ratio).shifted(1.0)
    return found


def _ratio(rows: pd.DataFrame) -> float:
    """Rms error of the forecast over that of the constant shares; both are whole facts, and count as half a fact at least."""
    least = ((0.5 / rows["written"]) ** 2).mean()
    return float(np.sqrt(max(rows["error"].mean(), least) / max(rows["constant"].mean(), least)))


def _off_mode(results: Results) -> Judgement:
    value = advantage(results.table("smollm2", "method", "seed", "written", "kept", "learned"))
    return judgement(value, decide(value, 0.0, np.inf))


def _forecast(results: Results) -> Judgement:
    found = skills(results.table("smollm2", "method", "seed", "written", "kept", "forecast"))
    verdicts = {method: decide(value, 0.0, np.inf) for method, value in found.items()}
    words = [
        f"{verdict} for {method} ({found[method].mean:.2f})" for method, verdict in verdicts.items() if verdict != "supported"
    ]
    return judgement(min(found.values(), key=lambda value: value.mean), together(list(verdicts.values())), note="; ".join(words))


RULES = (
    Rule(
        id="P2-smollm2",
        claim="In a pretrained model from elsewhere, off-mode writing retains more than the same matrix written plainly.",
        prediction="> 0 of the facts",
        rule="SmolLM2-135M, off-mode minus plain writes of one matrix: share of all facts said right word for word after the "
        "last task, paired by draw of the facts; what one writer learned more than the other, as just written, is granted to the "
        "other in full. 95% t interval over draws. Supported if it lies above 0, refuted if below.",
        tables=("smollm2",),
        judge=_off_mode,
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        id="P1-smollm2",
        claim="In a pretrained model from elsewhere, the kernel forecasts what a stream keeps better than a constant share.",
        prediction="skill > 0",
        rule="SmolLM2-135M, one matrix, plain and off-mode. Share of the facts written so far that is said right, at every "
        "length of the stream; the forecast is made before any write. Skill = 1 - rms error of the forecast / that of the best "
        "constant share of the same stream, fitted to the outcome, over all draws together, both at least half a fact. "
        "95% jackknife interval of the logarithm of the ratio, simultaneous over the two writers; the lesser skill is shown. "
        "Supported if both lie above 0, refuted if one lies below. (It was declared as the mean over draws of each one's ratio, "
        "which cannot be had: one stream was forecast without an error.)",
        tables=("smollm2",),
        judge=_forecast,
        rests_on="language model",
        rule_set="after",
        family="the two writers: Bonferroni",
    ),
)
