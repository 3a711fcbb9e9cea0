"""Streams of facts written into a pretrained model from elsewhere (SmolLM2-135M), by every method, at equal learning."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from realmodels.model.loaded import Loaded, load
from realmodels.text.capitals import capitals
from realmodels.text.facts import Fact, stream
from realmodels.text.user_facts import UserFact
from realmodels.training.loop import one_thread
from realmodels.writing.case import Case
from realmodels.writing.contenders import Contender
from realmodels.writing.lengths import Lengths
from realmodels.writing.methods.binding import code
from realmodels.writing.question import Question, Setting
from realmodels.writing.stream import STEPS
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

MODEL, STREAM = "smollm2", "airports"
WHERE = "23.attention.output"  # by the scan of the tuning stream, where off-mode writing keeps most
EARLY = "3.feedforward.output"  # by the same scan, the feed-forward output where plain writing keeps most
TUNING_SEED = 100
TASKS: dict[Preset, int] = {"quick": 3, "paper": 5}
FACTS = 8  # per task
BACKGROUND = 64  # facts of the same stream that are never written
KNOWN = 50  # capitals
JUDGED: dict[str, dict[str, Any]] = {"last_matrix": {"where": WHERE}, "off_mode": {"where": WHERE}}
"""Writers that the rules compare."""
NARROW: dict[str, dict[str, Any]] = {
    "last_matrix_early": {"where": EARLY},
    "rome": {"where": EARLY},
    "memit": {"where": EARLY},
    "alphaedit": {"where": EARLY},
    "rls": {"where": EARLY},
}
WIDE: dict[str, dict[str, Any]] = {"full": {}, "full_adamw": {"optimizer": "adamw"}, "lora": {}, "replay": {}}
"""Methods that write all layers: a step takes a second, so that they have the fewest seeds."""
METHOD = {"last_matrix_early": "last_matrix", "full_adamw": "full"}


def contenders(preset: Preset) -> dict[str, tuple[Contender, list[int]]]:
    """{name: (method with options, seeds)} of a preset."""
    if preset == "quick":
        return {name: (Contender(name, options), [0]) for name, options in JUDGED.items()}
    seeds = {**dict.fromkeys(JUDGED, 8), **dict.fromkeys(NARROW, 2), **dict.fromkeys(WIDE, 2)}
    found = {**JUDGED, **NARROW, **WIDE}
    return {name: (Contender(METHOD.get(name, name), options), list(range(seeds[name]))) for name, options in found.items()}


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per method, with all of its seeds: they share a learning rate, chosen on `trials` tasks. The longest come first."""
    found = [
        {
            "name": name,
            "method": contender.method,
            "options": dict(contender.options),
            "method_code": code(contender.method),
            "seeds": seeds,
            "trials": 1 if name in WIDE else 3,
            "T": TASKS[preset],
            "D": FACTS,
            "steps": STEPS,
        }
        for name, (contender, seeds) in contenders(preset).items()
    ]
    return sorted(found, key=lambda cell: (cell["name"] not in WIDE, cell["name"]))


def question(loaded: Loaded, seed: int, T: int) -> Question:
    """The model, T tasks of facts drawn by `seed`, and further facts of the same kind as background."""
    facts = [_with_subject(fact) for fact in stream(STREAM, T + BACKGROUND // FACTS, FACTS, seed)]
    return Question(loaded, facts[: T * FACTS], Setting(background=facts[T * FACTS :], known=_known()))


def _with_subject(fact: Fact) -> UserFact:
    """The fact with its subject, the code that its prompt begins with: editors write where it ends."""
    return UserFact(fact.prompt, fact.answer, fact.task, fact.heldout_prompt, subject=fact.prompt.split()[0])


def _known() -> list[Fact]:
    return [Fact(prompt, answer, 0) for prompt, answer in capitals(KNOWN)]


def run(cell: Cell, workspace: Path) -> Rows:
    """All streams of one method: a row for every length, with what the whole stream did in every row."""
    rows: list[dict[str, Any]] = []
    with one_thread():
        loaded = load(MODEL)
        rate, at_end = Case(question(loaded, TUNING_SEED, cell["trials"]), cell["method"], cell["options"]).rate(
            None, cell["steps"]
        )
        for seed in cell["seeds"]:
            lengths = Lengths(question(loaded, seed, cell["T"]), 1, cell["steps"], seed)
            case = Case(lengths.question, cell["method"], cell["options"])
            written = lengths.written(case, 0, rate)
            expected = lengths.forecast(case, rate)[1][0].kept if cell["name"] in JUDGED else None
            for index, (count, kept) in enumerate(zip(written.written, written.kept, strict=True)):
                rows.append(
                    {
                        "method": cell["name"],
                        "where": cell["options"].get("where", "all"),
                        "seed": seed,
                        "learning_rate": rate,
                        "at_range_end": at_end,
                        "T": cell["T"],
                        "D": cell["D"],
                        "steps": cell["steps"],
                        "written": count,
                        "kept": kept,
                        "forecast": np.nan if expected is None else expected[index],
                        "before": written.before,
                        "learned": written.learned,
                        "rephrased": written.rephrased,
                        "known": written.related,
                        "text_before": lengths.before,
                        "text_rise": written.text,
                        "function_change": np.nan if written.function is None else written.function,
                        "weight_change": written.weight,
                        "state_bits": case.writer.state_bits,
                        "diverged": written.stopped is not None and written.stopped.startswith("diverged"),
                    }
                )
    return rows


EXPERIMENT = Experiment(
    name="smollm2",
    question="What do writes leave of facts, of other knowledge and of text in a pretrained model from elsewhere, by method?",
    prediction="In the attention output matrix of block 23 of SmolLM2-135M, written plainly or off the keys' common direction at "
    "equal learning, more facts are said right after the stream off-mode (P2-smollm2; in a pilot of 24 facts on the tuning draw "
    "21 against 15). The kernel of the untouched model forecasts how many are kept at "
    "every length better than the best constant share does (P1-smollm2).",
    falsifier="The 95% interval over draws of the facts of the difference, or of the skill, lies wholly below 0.",
    controls="Same facts, tasks, steps and order for all methods; learning rates by one rule, on a draw that is not reported; "
    "background prompts about other subjects; capitals that the model knew; text that no task touches; wordings that are never "
    "written. Other methods have two draws and enter no rule; the rate of those that write all layers is chosen on one task.",
    columns={
        "method": Column("Method of writing, as `cwb methods` names it; full_adamw: full finetuning by AdamW.", str),
        "where": Column("Matrix that is written, or all.", str),
        "seed": Column("Seed of the facts.", int),
        "learning_rate": Column("Learning rate, chosen on another draw: the smallest that teaches nine tenths."),
        "at_range_end": Column("Whether it is at an end of the range that was tried.", bool),
        "T": Column("Tasks of the stream.", int, unit="tasks"),
        "D": Column("Facts per task.", int, unit="facts"),
        "steps": Column("Gradient steps per task.", int, unit="steps"),
        "written": Column("Facts written so far.", int, unit="facts"),
        "kept": Column("Of these, said right word for word by greedy decoding.", unit="facts"),
        "forecast": Column("The same, from the kernel before any write.", unit="facts", optional="only for one matrix"),
        "before": Column("Share of all facts that was said right before any write."),
        "learned": Column("Share of the facts said right just after their own write.", optional="the model diverged"),
        "rephrased": Column("Share said right at the end in a wording that was never written.", optional="the model diverged"),
        "known": Column("Share of the capitals known before that is still right at the end.", optional="the model diverged"),
        "text_before": Column("Cross-entropy on protected text before any write.", unit="bits per byte"),
        "text_rise": Column("Its rise at the end.", unit="bits per byte", optional="the model diverged"),
        "function_change": Column(
            "F_Delta: size of the update on protected text in function space.", optional="the model diverged"
        ),
        "weight_change": Column("Norm of the update over that of the written parameters.", optional="the model diverged"),
        "state_bits": Column("State that the method keeps beside the model.", int, unit="bits"),
        "diverged": Column("Whether a write made the model's numbers infinite.", bool),
    },
    cells=cells,
    run=run,
)
