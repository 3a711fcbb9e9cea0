"""Rules for full finetuning by AdamW off the directions of a background (C2, P2)."""

from dataclasses import replace

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.backgrounds import APART, DIFFERENCE, Judge, difference, known, more
from figures.verdicts.rule import Judgement, Rule, every

TWO = "simultaneous over the two (Bonferroni). Supported if both lie above 0, refuted if one lies below; the lesser is shown."


def written(results: Results) -> pd.DataFrame:
    """The rows of the table, with the share kept; a stream that diverged keeps nothing."""
    table = results.table("own_loop")
    return table.assign(share=table["kept"] / (table["T"] * table["D"]))


def less_text(table: pd.DataFrame, one: str, other: str, comparisons: int = 1) -> Estimate:
    """By how many bits per byte text rises less one way than the other, paired by draw."""
    return estimate(-difference(table, one, other, "text_rise").dropna(), comparisons=comparisons)


def rephrased(table: pd.DataFrame, one: str, other: str) -> Estimate:
    """Share of the facts said in a wording that was never written, one way less the other, paired by draw."""
    return estimate(difference(table, one, other, "rephrased").dropna())


def whose(table: pd.DataFrame) -> dict[str, Estimate]:
    """What its own background saves, less what the other one does: of the stream, and of text. Simultaneous."""
    return {
        "stream": more(table, "stream", "text", comparisons=2),
        "text": less_text(table, "text", "stream", comparisons=2),
    }


def mixture(table: pd.DataFrame) -> dict[str, Estimate]:
    """What the mixture saves of the stream and of text, against free writes. Simultaneous."""
    return {
        "stream": more(table, "mixture", "free", comparisons=2),
        "text": less_text(table, "mixture", "free", comparisons=2),
    }


def _all(ways: tuple[str, ...], found, granted: bool = False) -> Judge:
    """Do all estimates lie above 0? Undecided where a stream diverged, where no learning rate taught nine tenths, or where two
    ways did not learn as much, unless that is `granted`; not applicable where a way was not written, as in small runs.

    Free writes at the rate of another way (fast) say nothing if that is their own.
    """

    def judge(results: Results) -> Judgement:
        table = written(results)
        missing = [way for way in ways if way not in set(table["way"])]
        if missing:
            return Judgement(0.0, None, "not applicable", note=f"not written: {', '.join(missing)}")
        rates = table.groupby("way")["learning_rate"].first()
        table = table[table["way"].isin(ways)]
        values = found(table)
        value = every(values, 0.0, np.inf)
        learned = table.groupby("way")["learned"].mean()
        ties = [f"all draws tie: {name}" for name, one in values.items() if one.low == one.high == 0]  # not above 0, nor below
        notes = ties + [f"diverged: {way}" for way in ways if table.loc[table["way"] == way, "diverged"].astype(bool).any()]
        notes += [
            f"learned too little: {way}" for way in ways if not table.loc[table["way"] == way, "reached"].astype(bool).all()
        ]
        if "fast" in ways and rates["fast"] == rates.get("free"):
            notes.append("free writes need the same rate")
        if not granted and not learned.max() - learned.min() <= APART:
            notes.append("not equally learned")
        if not notes:
            return value
        return replace(value, verdict="undecided", note="; ".join([*notes, *([value.note] if value.note else [])]))

    return judge


WHERE = (
    "SmolLM2-135M, 32 facts in tasks of 8 into all parameters by AdamW, steps kept off 24 directions of a background in every "
    "linear layer, or free. Draws differ in their facts and in prompts of their form; capitals, text and what protects them are "
    "the same in all. Undecided if a stream diverged, or no learning rate taught nine tenths of a task on the tuning draw. "
)
EQUAL = "Undecided if what they learned, as just written, differs by more than 0.05 of the facts in the mean. "
KEPT = DIFFERENCE.format(
    what="Share of the facts said right after the last task, {}; what one learned more than the other, as just written, is "
    "granted to the other in full"
)


def _rule(name: str, claim: str, rule: str, judge: Judge, unit: str = "facts", family: str = "") -> Rule:
    return Rule(
        id=f"P2-loop-{name}",
        claim=claim,
        prediction=f"> 0 {unit}".strip(),
        rule=WHERE + rule,
        tables=("own_loop",),
        judge=judge,
        rests_on="language model",
        rule_set="after",
        family=family,
    )


RULES = (
    _rule(
        "stream",
        "By AdamW, off directions of prompts of its own form, more of a stream is kept than freely.",
        KEPT.format("off the stream's directions less free"),
        _all(("stream", "free"), lambda table: {"facts kept": more(table, "stream", "free")}, granted=True),
        "of the facts",
    ),
    _rule(
        "rate",
        "It is the directions that save the stream, and not the higher learning rate that these writes need.",
        KEPT.format("off the stream's directions less free at the same learning rate"),
        _all(("stream", "fast"), lambda table: {"facts kept": more(table, "stream", "fast")}, granted=True),
        "of the facts",
    ),
    _rule(
        "random",
        "It is these directions that save the stream, and not their number.",
        KEPT.format("off the stream's directions less off as many random ones"),
        _all(("stream", "random"), lambda table: {"facts kept": more(table, "stream", "random")}, granted=True),
        "of the facts",
    ),
    _rule(
        "text",
        "Off directions of running text, text rises less than freely.",
        EQUAL + DIFFERENCE.format(what="Rise of the cross-entropy of text, free less off the directions of text"),
        _all(("text", "free"), lambda table: {"text": less_text(table, "text", "free")}),
        "bits per byte",
    ),
    _rule(
        "related",
        "Off directions of related knowledge, more of the known capitals is kept than freely.",
        EQUAL + DIFFERENCE.format(what="Share of the capitals known before that is still right, off those directions less free"),
        _all(("related", "free"), lambda table: {"capitals": known(table, "related", "free")}),
        "of the capitals",
    ),
    _rule(
        "whose",
        "Each background protects its own: the stream's prompts the stream, text the text.",
        EQUAL + "Paired by draw: share of the facts said right after the last task, off the stream's directions less off text's; "
        "rise of the cross-entropy of text, off the stream's less off text's. 95% t intervals over draws, " + TWO,
        _all(("stream", "text"), whose),
        "",
        "stream and text: Bonferroni",
    ),
    _rule(
        "mixture",
        "As many directions of a mixture save both, the stream and text, against free writes.",
        EQUAL + "Paired by draw: share of the facts said right after the last task, off the mixture's directions less free; rise "
        "of the cross-entropy of text, free less off the mixture's. 95% t intervals over draws, " + TWO,
        _all(("mixture", "free"), mixture),
        "",
        "stream and text: Bonferroni",
    ),
    _rule(
        "price",
        "What keeps the stream costs its generality: fewer facts are said in a wording that was never written.",
        EQUAL + DIFFERENCE.format(what="Share of the facts said in another wording, free less off the stream's directions"),
        _all(("stream", "free"), lambda table: {"in other words": rephrased(table, "free", "stream")}),
        "of the facts",
    ),
)
