"""Rules for how many sequential edits a pretrained model holds, said before any of them is made (P1)."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.forgetting_scores import crossing
from figures.verdicts.predictors import FACTOR, simultaneous
from figures.verdicts.rule import Judgement, Rule, every

LEVELS = (0.75, 0.5)
"""Shares still right at which a budget ends."""
SEEN = 96
"""Facts after which the stream's own beginning is extrapolated: as many as are lent to the law."""
MARGIN = 0.1  # of the facts
LASTING = np.geomspace(1, 1000, 61)
"""Times, in tasks, over which the retention of the extrapolation may fall to 1/e; and never."""


def streams(table: pd.DataFrame, editor: str) -> dict[int, pd.DataFrame]:
    """The rows of each stream of an editor, by seed."""
    return {int(seed): rows.sort_values("written") for seed, rows in table[table["editor"] == editor].groupby("seed")}


def extrapolated(stream: pd.DataFrame, seen: int = SEEN) -> np.ndarray:
    """Share right at every moment, from the moments up to `seen` facts: retention falls exponentially with a fact's age in tasks.

    Least squares, weighted by facts, over the share taught (0 and more) and the time over which it falls (LASTING, or never).
    """
    written, facts, right = (stream[name].to_numpy(dtype=float) for name in ("written", "facts", "right"))
    weight = np.where(facts <= seen, np.sqrt(facts), 0.0)
    best, found = np.inf, np.ones(len(written))
    for time in (*LASTING, np.inf):
        decay = float(np.exp(-1 / time))
        shape = np.ones(len(written)) if decay == 1 else (1 - decay**written) / (written * (1 - decay))
        taught, miss = nnls((weight * shape)[:, None], weight * right)
        if miss < best:
            best, found = miss, taught[0] * shape
    return found


def budgets(table: pd.DataFrame, editor: str, level: float) -> pd.DataFrame:
    """By seed: most (facts of the stream), and budgets, inf if beyond: measured, law, constant (no shrinking), extrapolated."""
    rows = []
    for seed, stream in streams(table, editor).items():
        said = {"measured": stream["right"], "law": stream["right_law"], "constant": stream["right_constant"]}
        said["extrapolated"] = pd.Series(extrapolated(stream))
        found = {name: crossing(stream["facts"].to_numpy(), shares.to_numpy(), level) for name, shares in said.items()}
        rows.append({"seed": seed, "most": float(stream["facts"].max()), **found})
    return pd.DataFrame(rows).set_index("seed")


def off(table: pd.DataFrame, editor: str, level: float, law: str = "law") -> pd.Series:
    """By seed: size of log2 of a law's budget over the measured one.

    Where one of the two is beyond the end of the stream, the least that it can be; where both are, NaN.
    """
    found = budgets(table, editor, level)
    cut = {name: np.minimum(found[name], found["most"]) for name in (law, "measured")}
    told = np.isfinite(found[law]) | np.isfinite(found["measured"])
    return np.log2(cut[law] / cut["measured"]).abs().where(told)


def errors(table: pd.DataFrame, editor: str, after: int = 0) -> pd.DataFrame:
    """Rms error of the share right over moments of more than `after` facts [seeds]: law, constant, extrapolated, kept (nothing
    is forgotten: as after one task), others (mean of the other draws)."""
    parts = streams(table, editor)
    right = pd.DataFrame({seed: stream.set_index("facts")["right"] for seed, stream in parts.items()})
    found = {}
    for seed, stream in parts.items():
        said = {
            "law": stream["right_law"].to_numpy(),
            "constant": stream["right_constant"].to_numpy(),
            "extrapolated": extrapolated(stream),
            "kept": np.full(len(stream), stream["right"].iloc[0]),
            "others": right.drop(columns=seed).mean(axis=1).to_numpy(),
        }
        late = stream["facts"].to_numpy() > after
        measured = stream["right"].to_numpy()
        found[seed] = {name: float(np.sqrt(((values - measured)[late] ** 2).mean())) for name, values in said.items()}
    return pd.DataFrame(found).T


def at_end(table: pd.DataFrame, editor: str, column: str = "right_law") -> Estimate:
    """Share right after the whole stream as a law says it, less that measured."""
    last = table[(table["editor"] == editor) & (table["facts"] == table["facts"].max())]
    return estimate(last[column] - last["right"])


def ahead(table: pd.DataFrame, editors: Sequence[str], rival: str, after: int = 0) -> dict[str, Estimate]:
    """By editor: rms error of a rival less that of the law."""
    found = {editor: errors(table, editor, after) for editor in editors}
    return simultaneous(pd.DataFrame({editor: each[rival] - each["law"] for editor, each in found.items()}))


def _judge(editors: Sequence[str], judge: Callable[[pd.DataFrame], Judgement]) -> Callable[[Results], Judgement]:
    """Not applicable if not all editors wrote, or their streams end before what the law borrows, as in small runs."""

    def judged(results: Results) -> Judgement:
        table = results.table("edit_budget")
        missing = [editor for editor in editors if editor not in set(table["editor"])]
        if missing:
            return Judgement(0.0, None, "not applicable", note=f"not written: {', '.join(missing)}")
        if table["facts"].max() <= SEEN:
            return Judgement(0.0, None, "not applicable", note=f"no stream is longer than {SEEN} facts")
        return judge(table)

    return judged


def _budget(table: pd.DataFrame) -> Judgement:
    """Do the factors of ROME's two budgets lie within FACTOR? Undecided where a stream is too short to tell."""
    wide = pd.DataFrame({str(level): off(table, "rome", level) for level in LEVELS})
    short = int(wide.isna().sum().sum())
    note = f"{short} budgets beyond the end of the stream, said and measured" if short else ""
    if wide.isna().all().any():
        return Judgement(0.0, None, "undecided", note=note)
    found = every(simultaneous(wide.fillna(wide.mean())), -np.inf, float(np.log2(FACTOR)))
    return replace(found, verdict="undecided", note=note) if short else found


WHERE = (
    "Sequential edits of the feed-forward output of block 3 of SmolLM2-135M, 48 tasks of 8 facts. The law is that of "
    "realmodels.writing.edit_budget, from 96 lent facts. Share: of all facts written so far, said right, at 20 moments. "
)
OVER = "over draws of the facts{0}. Supported if {1} above 0, refuted if {2} below."
BOTH = "ROME and MEMIT"


def _rule(
    name: str, claim: str, prediction: str, rule: str, judge: Callable[[Results], Judgement], why: str = "", family: str = ""
):
    return Rule(
        id=name,
        claim=claim,
        prediction=prediction,
        rule=WHERE + rule,
        tables=("edit_budget",),
        judge=judge,
        rests_on="language model",
        rule_set="after",
        why=why,
        family=family,
    )


RULES = (
    _rule(
        "P1-edits-rome",
        "How many edits ROME holds until earlier ones are gone is known before any is made, to a factor of 1.5.",
        f"< {np.log2(FACTOR):.3f}",
        "Budgets of ROME: facts until the share falls below three quarters, and below a half; between moments by straight lines, "
        "shares made to fall by isotonic regression, from 1 at no fact. Size of log2 of the law's budget over the measured one; "
        "where one is beyond the end of the stream, the least that it can be. 95% t intervals over draws, simultaneous "
        "over the two. Supported if both lie below log2 of 1.5, refuted if one lies above; undecided if both budgets of a draw "
        "are beyond the end. The greater is shown.",
        _judge(("rome",), _budget),
        why="The factor is the aim that was set for such forecasts before any was made.",
        family="two levels: Bonferroni",
    ),
    _rule(
        "P1-edits-memit",
        "What MEMIT keeps of all 384 facts is known before any is written, to a tenth of them.",
        f"within {MARGIN} of the facts",
        "MEMIT: share after the last task by the law, less that measured. 95% t interval over draws. Supported if it lies within "
        f"{MARGIN} of 0, refuted if wholly outside.",
        _judge(("memit",), lambda table: every({"memit": at_end(table, "memit")}, -MARGIN, MARGIN)),
        why="A tenth is half of what MEMIT loses in the pilot: a law that says that nothing is lost fails.",
    ),
    _rule(
        "P1-edits-shrinking",
        "Later edits are smaller, and the law of ROME's edits is wrong without it.",
        "> 0 of the facts",
        "ROME: rms error of the share over all moments by the law if later edits were as large as the first, less that by the "
        "law. 95% t interval " + OVER.format("", "it lies", "it lies"),
        _judge(("rome",), lambda table: every(ahead(table, ("rome",), "constant"), 0.0, np.inf)),
    ),
    _rule(
        "P1-edits-extrapolated",
        "The law, from edits of other facts, beats as many first edits of the stream itself, extrapolated.",
        "> 0 of the facts",
        f"{BOTH}: rms error of the share over moments after the first {SEEN} facts, by the best retention that falls "
        f"exponentially with age, fitted to the stream's moments up to there, less that by the law. 95% t intervals "
        + OVER.format(", simultaneous over the two editors", "both lie", "one lies")
        + " The least is shown.",
        _judge(("rome", "memit"), lambda table: every(ahead(table, ("rome", "memit"), "extrapolated", SEEN), 0.0, np.inf)),
        family="two editors: Bonferroni",
    ),
)
