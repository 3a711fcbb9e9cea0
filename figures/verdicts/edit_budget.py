"""Rules for how many sequential edits a pretrained model holds, said before any of them is made (P1)."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.forgetting_scores import crossing
from figures.verdicts.predictors import FACTOR, simultaneous
from figures.verdicts.rule import Judgement, Rule, decide, every, judgement

EDITORS = "two editors: Bonferroni"
LEVELS = (0.75, 0.5)
"""Shares still right at which a budget ends."""
SEEN = 96
"""Facts after which the stream's own beginning is extrapolated: as many as are lent to the law."""
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
    """By seed: most (facts of the stream), and facts until a share falls below a level, inf if beyond.

    measured, law, constant (no shrinking) and extrapolated: of the stream's own facts. known, known_law: of the capitals.
    """
    columns = {
        "measured": "right",
        "law": "right_law",
        "constant": "right_constant",
        "extrapolated": "extrapolated",
        "known": "known",
        "known_law": "known_law",
    }
    rows = []
    for seed, stream in streams(table, editor).items():
        said = stream.assign(extrapolated=extrapolated(stream))
        facts = said["facts"].to_numpy()
        found = {name: crossing(facts, said[column].to_numpy(), level) for name, column in columns.items()}
        rows.append({"seed": seed, "most": float(facts.max()), **found})
    return pd.DataFrame(rows).set_index("seed")


def over(table: pd.DataFrame, editor: str, level: float, one: str, other: str) -> pd.Series:
    """By seed: log2 of a budget over another. Where one of them is beyond the end of the stream, the least that it can be; where
    both are, NaN."""
    found = budgets(table, editor, level)
    cut = {name: np.minimum(found[name], found["most"]) for name in (one, other)}
    told = np.isfinite(found[one]) | np.isfinite(found[other])
    return np.log2(cut[one] / cut[other]).where(told)


def errors(table: pd.DataFrame, editor: str, after: int = 0) -> pd.DataFrame:
    """Rms error of the share right over moments of more than `after` facts [seeds], by forecast.

    law; constant: without shrinking; extrapolated; kept: nothing is forgotten, as the law has it where no task comes after; flat:
    the share of the last moment up to SEEN facts; others: the mean of the other draws; another: one of them, mean over which.
    """
    parts = streams(table, editor)
    right = pd.DataFrame({seed: stream.set_index("facts")["right"] for seed, stream in parts.items()})
    found = {}
    for seed, stream in parts.items():
        facts, measured, rest = stream["facts"].to_numpy(), stream["right"].to_numpy(), right.drop(columns=seed)
        said = {
            "law": stream["right_law"].to_numpy(),
            "constant": stream["right_constant"].to_numpy(),
            "extrapolated": extrapolated(stream),
            "kept": np.full(len(stream), stream["right_law"].iloc[0]),
            "flat": np.full(len(stream), measured[facts <= SEEN][-1]),
            "others": rest.mean(axis=1).to_numpy(),
        }
        late = facts > after
        found[seed] = {name: _rms((values - measured)[late]) for name, values in said.items()}
        found[seed]["another"] = (
            float(np.mean([_rms((rest[one].to_numpy() - measured)[late]) for one in rest])) if len(rest.T) else np.nan
        )
    return pd.DataFrame(found).T


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean()))


def over_ages(stream: pd.DataFrame) -> np.ndarray:
    """Share of the capitals still right, averaged over the tasks so far as the stream's own share is over its ages.

    A fact of age a has seen a tasks, a capital all of them: so the mean is over 0, ..., written - 1 tasks.
    """
    written, known = stream["written"].to_numpy(), stream["known"].to_numpy()
    each = np.interp(np.arange(written.max()), np.concatenate([[0], written]), np.concatenate([[1.0], known]))
    return np.array([each[:count].mean() for count in written])


def passage(stream: pd.DataFrame, column: str, level: float) -> float:
    """Facts written when a share is first below a level, without pooling; between moments by a straight line, inf if never."""
    facts, shares = np.concatenate([[0.0], stream["facts"]]), np.concatenate([[1.0], stream[column]])
    below = np.flatnonzero(shares < level)
    if not len(below):
        return np.inf
    at = below[0]
    return float(facts[at - 1] + (shares[at - 1] - level) / (shares[at - 1] - shares[at]) * (facts[at] - facts[at - 1]))


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


def _within(one: str, other: str, level: float, comparisons: int) -> Callable[[pd.DataFrame], Judgement]:
    """Is the mean size of log2 of one budget of ROME over another below that of FACTOR? Undecided if a draw cannot tell."""

    def judged(table: pd.DataFrame) -> Judgement:
        sizes = over(table, "rome", level, one, other).abs()
        short = int(sizes.isna().sum())
        note = f"{short} draws with both beyond the end of the stream" if short else ""
        if sizes.isna().all():
            return Judgement(0.0, None, "undecided", note=note)
        value = estimate(sizes.dropna(), comparisons=comparisons)
        return judgement(value, "undecided" if short else decide(value, -np.inf, float(np.log2(FACTOR))), note=note)

    return judged


def _first(table: pd.DataFrame) -> Judgement:
    """Are the capitals lost before the stream's own facts? A draw in which neither is counts as 0."""
    value = estimate(over(table, "rome", 0.5, "known", "measured").fillna(0.0))
    return judgement(value, decide(value, -np.inf, 0.0))


WHERE = (
    "Sequential edits of the feed-forward output of block 3 of SmolLM2-135M, 36 tasks of 8 facts. The law is that of "
    "realmodels.writing.edit_budget, from 96 lent facts. Share: of all facts written so far, said right, at 16 moments. "
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


BUDGET = (
    "between moments by straight lines, shares made to fall by isotonic regression, from 1 at no fact. Size of log2 of the law's "
    "over the measured one; where one is beyond the end of the stream, the least that it can be. 95% t interval over draws{0}. "
    "Supported if it lies below log2 of 1.5, refuted if above; undecided if both are beyond the end in a draw."
)
WHY = "The factor is the aim that was set for such forecasts before any was made."
LEVEL = "two levels: Bonferroni"

RULES = (
    _rule(
        "P1-edits-half",
        "How many edits ROME holds until half of the earlier ones are gone is known before any is made, to a factor of 1.5.",
        f"< {np.log2(FACTOR):.3f}",
        "Budget of ROME: facts until the share falls below a half; " + BUDGET.format(", simultaneous with P1-edits-quarters"),
        _judge(("rome",), _within("law", "measured", 0.5, 2)),
        why=WHY,
        family=LEVEL,
    ),
    _rule(
        "P1-edits-quarters",
        "So it is until a quarter of them is gone.",
        f"< {np.log2(FACTOR):.3f}",
        "Budget of ROME: facts until the share falls below three quarters; " + BUDGET.format(", simultaneous with P1-edits-half"),
        _judge(("rome",), _within("law", "measured", 0.75, 2)),
        why=WHY,
        family=LEVEL,
    ),
    _rule(
        "P1-edits-memit",
        "What MEMIT forgets along the stream is known before any of it is written.",
        "> 0 of the facts",
        f"MEMIT: rms error of the share over moments after the first {SEEN} facts, by the law's own share after one task, as if "
        "nothing were forgotten, less that by the law. 95% t interval " + OVER.format("", "it lies", "it lies"),
        _judge(("memit",), lambda table: every(ahead(table, ("memit",), "kept", SEEN), 0.0, np.inf)),
    ),
    _rule(
        "P1-edits-shrinking",
        "Later edits are smaller, and the law is wrong without it.",
        "> 0 of the facts",
        f"{BOTH}: rms error of the share over all moments by the law if later edits were as large as the first, less that by the "
        "law. 95% t intervals "
        + OVER.format(", simultaneous over the two editors", "both lie", "one lies")
        + " The least is shown.",
        _judge(("rome", "memit"), lambda table: every(ahead(table, ("rome", "memit"), "constant"), 0.0, np.inf)),
        family=EDITORS,
    ),
    _rule(
        "P1-edits-extrapolated",
        "The law, from edits of other facts, beats as many first edits of the stream itself, extrapolated.",
        "> 0 of the facts",
        f"{BOTH}: rms error of the share over moments after the first {SEEN} facts, by the best retention that falls "
        "exponentially with age, fitted to the stream's moments up to there, less that by the law. 95% t intervals "
        + OVER.format(", simultaneous over the two editors", "both lie", "one lies")
        + " The least is shown.",
        _judge(("rome", "memit"), lambda table: every(ahead(table, ("rome", "memit"), "extrapolated", SEEN), 0.0, np.inf)),
        family=EDITORS,
    ),
    _rule(
        "P1-edits-first",
        "What the model knew is gone before what is written into it is.",
        "< 0",
        "ROME: log2 of the facts written until half of the known capitals are lost, over those until half of the facts are; "
        "between moments by straight lines, shares made to fall by isotonic regression; what is beyond the end of the stream "
        "counts with its length. 95% t interval over draws. Supported if it lies below 0, refuted if above.",
        _judge(("rome",), _first),
    ),
    _rule(
        "P1-edits-known",
        "How many edits ROME makes until half of the known capitals are lost is known before, to a factor of 1.5.",
        f"< {np.log2(FACTOR):.3f}",
        "Facts written by ROME until half of the known capitals are lost; " + BUDGET.format(""),
        _judge(("rome",), _within("known_law", "known", 0.5, 1)),
        why=WHY,
    ),
)
