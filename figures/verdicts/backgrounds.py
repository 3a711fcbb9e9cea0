"""Rules for whose background protects whom, in one matrix of a pretrained model (C2, P1)."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, every

ASKED = ("stream", "related", "text")
APART = 0.05  # of the facts learned, up to which ways are compared
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


def skill(table: pd.DataFrame, law: str, name: str) -> pd.Series:
    """Per seed: 1 - rms error of a law's log2 ratios to plain writes over their rms, over all ways, at one kind of what is asked.

    law: "crosstalk"; or "energy", the share of the keys' energy off the directions over that of the gradient.
    """
    said = over_plain(table, f"{law}_{name}")
    said = said if law == "crosstalk" else said - over_plain(table, "left")
    measured = over_plain(table, f"function_{name}")
    return 1 - np.sqrt(((said - measured) ** 2).mean(axis=1) / (measured**2).mean(axis=1))


def skills(table: pd.DataFrame, less: str | None = None) -> dict[str, Estimate]:
    """Skill of the crosstalk by kind of what is asked, or how much more it has than another law; simultaneous 95% intervals."""
    found = {}
    for name in ASKED:
        values = skill(table, "crosstalk", name) - (skill(table, less, name) if less else 0.0)
        found[name] = estimate(values.dropna(), comparisons=len(ASKED))
    return found


def difference(table: pd.DataFrame, one: str, other: str, column: str) -> pd.Series:
    """A column written one way, less the other way, per seed."""
    wide = table.set_index(["seed", "way"])[column].unstack("way")
    return wide[one] - wide[other]


def more(table: pd.DataFrame, one: str, other: str, comparisons: int = 1) -> Estimate:
    """Share of the stream kept one way less the other; what one learned more is granted to the other in full."""
    kept = difference(table, one, other, "share")
    ahead = difference(table, one, other, "learned").fillna(0.0)
    least, most = (estimate(kept - part, comparisons=comparisons) for part in (ahead.clip(lower=0), ahead.clip(upper=0)))
    return Estimate(float(kept.mean()), least.low, most.high, len(kept))


def injected_skills(table: pd.DataFrame, columns: tuple[str, ...]) -> dict[str, Estimate]:
    """Skill of the injected change over the best constant for all ways of a seed, by column; simultaneous 95% intervals."""
    found = {}
    for column in columns:
        values = table.set_index(["seed", "way"])[[column, f"{column}_injected"]].dropna(subset=[column])
        by_seed = values[column].groupby("seed")
        least = LEAST if column == "text_rise" else 0.5 / table["capitals"].min()
        error = np.sqrt(((values[f"{column}_injected"] - values[column]) ** 2).groupby("seed").mean()).clip(lower=least)
        constant = np.sqrt(((values[column] - by_seed.transform("mean")) ** 2).groupby("seed").mean()).clip(lower=least)
        found[column] = (-estimate(error / constant, comparisons=len(columns), scale="log")).shifted(1.0)
    return found


def kernel_ahead(table: pd.DataFrame) -> Estimate:
    """Rms error of the injected change on the share kept, less that of the kernel's forecast, over all ways of a seed."""

    def error(end: str) -> pd.Series:
        return np.sqrt(((table[f"share{end}"] - table["share"]) ** 2).groupby(table["seed"]).mean())

    return estimate(error("_injected") - error("_kernel"))


Judge = Callable[[Results], Judgement]


def _all(
    found: Callable[[pd.DataFrame], dict[str, Estimate]],
    low: float,
    high: float = np.inf,
    ways: tuple[str, ...] = (),
    pairs: tuple[tuple[str, str], ...] = (),
) -> Judge:
    """Do all estimates lie between? Undecided where a stream diverged, or `pairs` that are compared did not learn as much; not
    applicable where one of `ways` was not written, as in small runs."""

    def judge(results: Results) -> Judgement:
        table = written(results)
        missing = [way for way in dict.fromkeys([*ways, *sum(pairs, ())]) if way not in set(table["way"])]
        if missing:
            return Judgement(0.0, None, "not applicable", note=f"not written: {', '.join(missing)}")
        value = every(found(table), low, high)
        apart = [
            f"{one} and {other}" for one, other in pairs if not abs(difference(table, one, other, "learned").mean()) <= APART
        ]
        diverged = sorted(set(table.loc[table["diverged"].astype(bool), "way"]))
        notes = [f"not equally learned: {name}" for name in apart] + [f"diverged: {name}" for name in diverged]
        if not notes:
            return value
        return replace(value, verdict="undecided", note="; ".join([*notes, *([value.note] if value.note else [])]))

    return judge


def _kept(one: str, other: str, low: float = 0.0, high: float = np.inf) -> Judge:
    return _all(lambda table: {"facts kept": more(table, one, other)}, low, high, ways=(one, other))


def known(table: pd.DataFrame, one: str, other: str, comparisons: int = 1) -> Estimate:
    """Share of the known capitals still right, one way less the other, paired by seed."""
    return estimate(difference(table, one, other, "known").dropna(), comparisons=comparisons)


def _known(one: str, other: str) -> Judge:
    return _all(lambda table: {"capitals": known(table, one, other)}, 0.0, pairs=((one, other),))


def mixture(table: pd.DataFrame) -> dict[str, Estimate]:
    """What the mixture's directions keep: of capitals, less the stream's as many; of the stream, less plain. Simultaneous."""
    return {
        "capitals": known(table, "mixture.64", "stream.64", comparisons=2),
        "stream": more(table, "mixture.64", "none", comparisons=2),
    }


WHERE = (
    "SmolLM2-135M, 40 facts in tasks of 8 into the attention output matrix of block 23, off directions of a background, at "
    "learning rates that the law sets. Draws differ in their facts and in prompts of their form; capitals, text and what "
    "protects them are the same in all. Undecided if a stream diverged. "
)
DIFFERENCE = "{what}, paired by draw of the facts. 95% t interval over draws. Supported if it lies above 0, refuted if below."
KEPT = DIFFERENCE.format(
    what="Share of the facts said right after the last task, {}; what one learned more than the other, as just written, is "
    "granted to the other in full"
)
KNOWN = DIFFERENCE.format(
    what="Share of the capitals known before that is still right at the end, {}; undecided if what the two learned differs by "
    "more than 0.05 of the facts in the mean"
)
SAME = (
    "Share of the facts said right after the last task, {}, paired by draw of the facts; what one learned more than the other, "
    "as just written, is granted to the other in full. 95% t interval over draws. Supported if it lies between -0.1 and 0.1, "
    "refuted if it lies wholly outside."
)
TENTH = 0.1
FOUR = "0.1: four of 40 facts; between plain writes and two directions lie 13 on the tuning draw."
KINDS = "the stream's prompts, capitals, text: Bonferroni"
ABOVE = (
    "95% t intervals over draws, simultaneous over the three. Supported if all lie above {0}, refuted if one lies below; the "
    "least is shown."
)
LOG = (
    "log2 of the mean square of what the writes add to the matrix's output, over the same of plain writes of the same draw, at "
    "other prompts of the stream's form and at questions for capitals, where the answer begins, and at text, for all ways but "
    "the plain one. Skill = 1 - rms error / rms of what is measured, per draw, at each of the three. "
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
        LOG + ABOVE.format(0.5),
        _all(skills, 0.5),
        why="0.5: the law says at least half of what is measured; 0 would be no more than that it has the sign.",
        family=KINDS,
    ),
    _rule(
        "C2-background-energy",
        "The crosstalk of a write says more of what a background protects than the energy that its directions leave of a key.",
        "> 0",
        LOG + "Skill of the crosstalk less that of the share of the keys' energy off the directions over that of the gradient. "
        "This is what the crosstalk would be if keys had nothing to do with tasks. " + ABOVE.format(0),
        _all(lambda table: skills(table, "energy"), 0.0),
        family=KINDS,
    ),
    _rule(
        "C2-stream",
        "Off two directions of prompts of its own form, more of a stream is kept than by plain writes.",
        "> 0 of the facts",
        KEPT.format("off two directions of the stream's prompts less plain"),
        _kept("stream.2", "none"),
    ),
    _rule(
        "C2-second",
        "It is the second direction of the stream's prompts that protects the stream, where the law puts the step.",
        "> 0 of the facts",
        KEPT.format("off two directions of the stream's prompts less off one"),
        _kept("stream.2", "stream.1"),
    ),
    _rule(
        "C2-flat",
        "64 directions of the stream's prompts keep as much of the stream as two, to a tenth of the facts.",
        "0 of the facts",
        SAME.format("off 64 directions of the stream's prompts less off two"),
        _kept("stream.64", "stream.2", -TENTH, TENTH),
        why=FOUR,
    ),
    _rule(
        "C2-price",
        "What protects the stream costs related knowledge: fewer capitals are kept off two directions of its prompts.",
        "> 0 of the capitals",
        KNOWN.format("plain less off two directions of the stream's prompts"),
        _known("none", "stream.2"),
    ),
    _rule(
        "C2-flat-price",
        "Directions beyond those that protect the stream cost related knowledge still more.",
        "> 0 of the capitals",
        KNOWN.format("off two directions of the stream's prompts less off 64"),
        _known("stream.2", "stream.64"),
    ),
    _rule(
        "C2-text",
        "Directions of running text protect related knowledge.",
        "> 0 of the capitals",
        KNOWN.format("off 64 directions of text less plain"),
        _known("text.64", "none"),
    ),
    _rule(
        "C2-text-stream",
        "Directions of running text protect nothing of the stream, to a tenth of the facts.",
        "0 of the facts",
        SAME.format("off 64 directions of text less plain"),
        _kept("text.64", "none", -TENTH, TENTH),
        why=FOUR,
    ),
    _rule(
        "C2-mixture",
        "Directions of a mixture keep more of the stream than plain writes, and more capitals than as many of the stream alone.",
        "> 0",
        "Off 64 directions of the mixture, paired by draw: share of the capitals known before that is still right, less off 64 "
        "directions of the stream's prompts; share of the facts said right after the last task, less plain, where what one "
        "learned more is granted to the other. Undecided if what the mixture and the stream's directions learned differs by "
        "more than 0.05 of the facts. 95% t intervals over draws, simultaneous over the two. Supported if both lie above 0, "
        "refuted if one lies below; the lesser is shown.",
        _all(mixture, 0.0, ways=("none",), pairs=(("mixture.64", "stream.64"),)),
        family="capitals and stream: Bonferroni",
    ),
    _rule(
        "P1-injected",
        "The predicted change, put into the matrix, says what is left of related knowledge and of text, without a write.",
        "skill > 0",
        "Share of known capitals still right, and rise of the cross-entropy of text, after the last task, for all ways of "
        "writing. Skill = 1 - rms error of the forecast / that of the best constant for all ways of the same draw, fitted to the "
        "outcome, both at least half a capital or 0.001 bits per byte. 95% t interval of the logarithm of the ratio over draws, "
        "simultaneous over the two. Supported if both lie above 0, refuted if one lies below; the lesser is shown.",
        _all(lambda table: injected_skills(table, ("known", "text_rise")), 0.0),
        family="capitals and text: Bonferroni",
    ),
    _rule(
        "P1-injected-kept",
        "Of the stream itself the kernel simulation says more than the injected change.",
        "> 0 of the facts",
        "Share of the facts said right after the last task, for all ways: rms error of the injected change less that of the "
        "kernel's forecast, per draw. 95% t interval over draws. Supported if it lies above 0, refuted if below.",
        _all(lambda table: {"rms error": kernel_ahead(table)}, 0.0),
    ),
)
