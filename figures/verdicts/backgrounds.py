"""Rules for whose background protects whom, in one matrix of a pretrained model (C2, P1)."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide, every, judgement

ASKED = ("stream", "related", "text")
HALF = 0.5
LEAST = 1e-3
"""Bits per byte: a rise of text is said no more closely."""


def written(results: Results) -> pd.DataFrame:
    """The rows that were written, with the share kept; a stream that diverged keeps nothing."""
    table = results.table("backgrounds")
    table = table[table["written"].astype(bool)]
    facts = table["T"] * table["D"]
    ways = table["background"].where(table["k"] == 0, table["background"] + "." + table["k"].astype(str))
    shares = {f"share{end}": table[f"kept{end}"] / facts for end in ("", "_kernel", "_injected")}
    return table.assign(way=ways, **shares)


def over_plain(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """log2 of a column over that of plain writes of the same seed: [seeds, ways]. A stream that diverged is left out."""
    wide = np.log2(table.set_index(["seed", "way"])[column].unstack("way"))
    return wide.drop(columns="none").sub(wide["none"], axis=0)


def skill(table: pd.DataFrame, law: str) -> pd.Series:
    """Per seed: 1 - rms error of a law's log2 ratios to plain writes over their rms; all backgrounds and all that is asked."""
    missed, moved = [], []
    for name in ASKED:
        measured = over_plain(table, f"function_{name}")
        missed.append((over_plain(table, f"{law}_{name}") - measured) ** 2)
        moved.append(measured**2)
    rest = [pd.concat(parts, axis=1).mean(axis=1) for parts in (missed, moved)]
    return 1 - np.sqrt(rest[0] / rest[1])


def difference(table: pd.DataFrame, one: str, other: str, column: str) -> pd.Series:
    """A column written one way, less the other way, per seed."""
    wide = table.set_index(["seed", "way"])[column].unstack("way")
    return wide[one] - wide[other]


def more(table: pd.DataFrame, one: str, other: str) -> Estimate:
    """Share of the stream kept one way less the other; what one learned more is granted to the other in full."""
    kept = difference(table, one, other, "share")
    ahead = difference(table, one, other, "learned").fillna(0.0)
    least, most = estimate(kept - ahead.clip(lower=0)), estimate(kept - ahead.clip(upper=0))
    return Estimate(float(kept.mean()), least.low, most.high, len(kept))


def injected_skills(table: pd.DataFrame, columns: tuple[str, ...]) -> dict[str, Estimate]:
    """Skill of the injected change over the best constant for all ways of a seed, by column; simultaneous 95% intervals."""
    found = {}
    for column in columns:
        values = table.set_index(["seed", "way"])[[column, f"{column}_injected"]].dropna()
        by_seed = values[column].groupby("seed")
        least = LEAST if column == "text_rise" else 0.5 / table["capitals"].min()
        error = np.sqrt(((values[f"{column}_injected"] - values[column]) ** 2).groupby("seed").mean()).clip(lower=least)
        constant = np.sqrt(((values[column] - by_seed.transform("mean")) ** 2).groupby("seed").mean()).clip(lower=least)
        found[column] = (-estimate(error / constant, comparisons=len(columns), scale="log")).shifted(1.0)
    return found


def kernel_ahead(table: pd.DataFrame) -> Estimate:
    """Rms error of the kernel's forecast of the share kept, less that of the injected change, over all ways of a seed."""

    def error(end: str) -> pd.Series:
        return np.sqrt(((table[f"share{end}"] - table["share"]) ** 2).groupby(table["seed"]).mean())

    return estimate(error("_kernel") - error("_injected"))


Judge = Callable[[Results], Judgement]


def _over(border: float, found: Callable[[pd.DataFrame], Estimate], most: float = np.inf) -> Judge:
    def judge(results: Results) -> Judgement:
        value = found(written(results))
        return judgement(value, decide(value, border, most))

    return judge


def _known(one: str, other: str) -> Callable[[pd.DataFrame], Estimate]:
    return lambda table: estimate(difference(table, one, other, "known").dropna())


def _injected(results: Results) -> Judgement:
    return every(injected_skills(written(results), ("known", "text_rise")), 0.0, np.inf)


WHERE = (
    "SmolLM2-135M, 40 facts in tasks of 8 into the attention output matrix of block 23, off directions of a background, at "
    "learning rates that the law sets. "
)
DIFFERENCE = (
    "{what}, paired by draw of the facts. 95% t interval over draws. Supported if it lies above 0, refuted if below. A stream "
    "that diverged keeps none of its facts; its capitals are left out."
)
KEPT = DIFFERENCE.format(
    what="Share of the facts said right after the last task, {}; what one learned more than the other, as just written, is "
    "granted to the other in full"
)
KNOWN = DIFFERENCE.format(what="Share of the capitals known before that is still right at the end, {}")
LOG = (
    "log2 of the mean square of what the writes add to the matrix's output, over the same of plain writes of the same draw, at "
    "other prompts of the stream's form, at questions for capitals and at text, for all ways but the plain one. Skill = 1 - rms "
    "error / rms of what is measured, per draw. "
)


def _rule(name: str, claim: str, prediction: str, rule: str, judge: Judge, why: str = "", family: str = "") -> Rule:
    return Rule(
        id=name,
        claim=claim,
        prediction=prediction,
        rule=WHERE + rule,
        tables=("backgrounds",),
        judge=judge,
        rests_on="language model",
        rule_set="after",
        why=why,
        family=family,
    )


RULES = (
    _rule(
        "C2-background",
        "C2 on the spectrum that is left says beforehand what each background protects, in a pretrained model.",
        "skill > 0.5",
        LOG + "95% t interval over draws. Supported if it lies above 0.5, refuted if below.",
        _over(HALF, lambda table: estimate(skill(table, "crosstalk").dropna())),
        why="0.5: the law says at least half of what is measured; 0 would be no more than that it has the sign.",
    ),
    _rule(
        "C2-background-energy",
        "The crosstalk of a write says more of what a background protects than the energy that its directions leave of a key.",
        "> 0",
        LOG + "Skill of the crosstalk less that of the share of the keys' energy off the directions. 95% t interval over draws. "
        "Supported if it lies above 0, refuted if below.",
        _over(0.0, lambda table: estimate((skill(table, "crosstalk") - skill(table, "energy")).dropna())),
    ),
    _rule(
        "C2-stream",
        "Off two directions of prompts of its own form, more of a stream is kept than by plain writes.",
        "> 0 of the facts",
        KEPT.format("off two directions of the stream's prompts less plain"),
        _over(0.0, lambda table: more(table, "stream.2", "none")),
    ),
    _rule(
        "C2-second",
        "It is the second direction of the stream's prompts that protects the stream, where the law puts the step.",
        "> 0 of the facts",
        KEPT.format("off two directions of the stream's prompts less off one"),
        _over(0.0, lambda table: more(table, "stream.2", "stream.1")),
    ),
    _rule(
        "C2-flat",
        "64 directions of the stream's prompts keep no more of the stream than two, to a tenth of the facts.",
        "0 of the facts",
        "Share of the facts said right after the last task, off 64 directions of the stream's prompts less off two, paired by "
        "draw of the facts; what one learned more than the other, as just written, is granted to the other in full. 95% t "
        "interval over draws. Supported if it lies between -0.1 and 0.1, refuted if it lies wholly outside.",
        _over(-0.1, lambda table: more(table, "stream.64", "stream.2"), most=0.1),
        why="0.1: four of 40 facts; between plain writes and two directions lie 13 on the tuning draw.",
    ),
    _rule(
        "C2-price",
        "What protects the stream costs related knowledge: fewer capitals are kept off two directions of its prompts.",
        "> 0 of the capitals",
        KNOWN.format("plain less off two directions of the stream's prompts"),
        _over(0.0, _known("none", "stream.2")),
    ),
    _rule(
        "C2-flat-price",
        "Directions beyond those that protect the stream cost related knowledge still more.",
        "> 0 of the capitals",
        KNOWN.format("off two directions of the stream's prompts less off 64"),
        _over(0.0, _known("stream.2", "stream.64")),
    ),
    _rule(
        "C2-text",
        "Directions of running text protect related knowledge.",
        "> 0 of the capitals",
        KNOWN.format("off 64 directions of text less plain"),
        _over(0.0, _known("text.64", "none")),
    ),
    _rule(
        "C2-mixture",
        "A mixture of backgrounds keeps more related knowledge than the stream's prompts alone.",
        "> 0 of the capitals",
        KNOWN.format("off 64 directions of the mixture less off two of the stream's prompts"),
        _over(0.0, _known("mixture.64", "stream.2")),
    ),
    _rule(
        "P1-injected",
        "The predicted change, put into the matrix, says what is left of related knowledge and of text, without a write.",
        "skill > 0",
        "Share of known capitals still right, and rise of the cross-entropy of text, after the last task, for all ways of "
        "writing. Skill = 1 - rms error of the forecast / that of the best constant for all ways of the same draw, fitted to the "
        "outcome, both at least half a capital or 0.001 bits per byte. 95% t interval of the logarithm of the ratio over draws, "
        "simultaneous over the two. Supported if both lie above 0, refuted if one lies below; the lesser is shown. A stream that "
        "diverged is left out.",
        _injected,
        family="capitals and text: Bonferroni",
    ),
    _rule(
        "P1-injected-kept",
        "Of the stream itself the injected change says more than the kernel simulation.",
        "> 0 of the facts",
        "Share of the facts said right after the last task, for all ways: rms error of the kernel's forecast less that of the "
        "injected change, per draw. 95% t interval over draws. Supported if it lies above 0, refuted if below.",
        _over(0.0, kernel_ahead),
    ),
)
