"""School: a model learns what facts of a form look like, on other subjects, before it is given new ones.

A model that has not met the form answers from the last words alone: what one matrix reads of two prompts is then nearly the same,
and no narrow write can keep the facts apart. So all parameters learn, by AdamW, a few facts of the form at a time, together with
text that the model should keep. Every tenth fact is left out, to see whether the form was learned and not the facts. (The models
of the paper's experiments go through `realmodels.writing.format_finetuning`, whose recipe is fixed.)
"""

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from realmodels.model.reading import logits_at
from realmodels.text.corpora import HELDOUT, SOURCES, place
from realmodels.text.facts import TEMPLATES, Fact
from realmodels.text.user_facts import FactsLike, UserFact, read_facts
from realmodels.training.loop import one_thread
from realmodels.writing.applied import apply
from realmodels.writing.case import Say, silent
from realmodels.writing.damage import bits_per_byte
from realmodels.writing.format_finetuning import example_subjects
from realmodels.writing.learning_rate import checked_learning_rate
from realmodels.writing.methods.off_mode import answer_keys
from realmodels.writing.methods.writer import Diverged
from realmodels.writing.outputs import Facts, answer_loss, asked, outputs
from realmodels.writing.question import Model, Question, Setting
from realmodels.writing.recorder import Recorder
from simulate.runs.answer import Answer, field
from theory.errors import UserError

STEPS, BATCH, TEXTS, RATE = 60, 16, 2, 1e-4
LEFT_OUT = 10  # every so-manieth fact is only asked


@dataclass(frozen=True)
class Schooled(Answer):
    """What school changed."""

    x: ClassVar[str] = "step"
    curves: ClassVar[tuple[str, ...]] = ("loss",)

    model: str = field("", "The model that was schooled.")
    folder: str = field("", "Folder of the schooled model.")
    facts: int = field("facts", "Facts of the form that were learned; none of them should be written later.")
    left_out: int = field("facts", "Further facts of the form, which were only asked.")
    recall_before: float = field("share of facts", "Of those left out: answer preferred to all others of the file, before.")
    recall_after: float = field("share of facts", "The same, after.")
    cosine_before: float = field("cosine", "Mean cosine of what the last feed-forward matrix reads of two prompts, before.")
    cosine_after: float = field("cosine", "The same, after: the lower, the better are prompts told apart.")
    text_rise: float = field("bits per byte", "How much worse protected text is predicted.")
    learning_rate: float = field("", "Of AdamW.")
    step: Sequence[int] = field("steps", "Step of the training.", column=True)
    loss: Sequence[float] = field("nats", "Mean -log p of the answers of a step.", column=True)


def school(
    model: Model,
    out: str | Path,
    facts: FactsLike | None = None,
    form: str | None = None,
    steps: int = STEPS,
    learning_rate: float = RATE,
    seed: int = 0,
    say: Say = silent,
    template: str = "plain",
) -> Schooled:
    """Train a copy of the model on the form of `facts` (or of a packaged `form`: cities, airports); saved as the folder `out`.

    facts: examples of the form, about other subjects than those that will be written. say: receives a line every few steps.
    Raises UserError for anything wrong with model or facts, if `out` exists, and if the training diverges.
    """
    if (facts is None) == (form is None):
        raise UserError("give either facts of the form (--facts) or a packaged form (--form cities or airports)")
    if not str(out).strip():
        raise UserError(f"{str(out)!r} names no folder: name a folder that does not exist yet")
    if Path(out).exists():
        raise UserError(f"{str(out)!r} exists: name a folder that does not exist yet")
    if not 1 <= steps <= 10**6:
        raise UserError(f"{steps} steps: give 1 or more")
    rate = checked_learning_rate(learning_rate)
    plain = read_facts(facts).facts if facts is not None else _packaged(str(form))
    with one_thread():
        question = Question(model, plain, Setting(template=template))
        chosen = torch.arange(len(plain)) % LEFT_OUT == LEFT_OUT - 1
        if not chosen.any():
            raise UserError(f"{len(plain)} facts are too few to learn a form from: give at least {LEFT_OUT}")
        taught, left = question.facts[~chosen], question.facts[chosen]
        network = question.loaded.copy()
        recorder = Recorder(question.loaded, dict(network.named_parameters()))
        before = _state(network, left, question)
        losses = _train(network, taught, _text(question), steps, rate, seed, say)
        after = _state(network, left, question)
        recorder.task_done("school")
        with tempfile.TemporaryDirectory() as folder:
            delta = Path(folder) / "school.safetensors"
            recorder.save(delta, {"method": "school", "facts_count": len(taught), "hashes": question.about["hashes"]})
            apply(question.loaded.path, delta, out)
    return Schooled(
        model=str(question.loaded.path),
        folder=str(out),
        facts=len(taught),
        left_out=len(left),
        recall_before=before[0],
        recall_after=after[0],
        cosine_before=before[1],
        cosine_after=after[1],
        text_rise=after[2] - before[2],
        learning_rate=rate,
        step=list(range(1, steps + 1)),
        loss=losses,
    )


def _packaged(form: str) -> list[Fact]:
    """Examples of the form of a packaged stream, in both of its phrasings in turn; none of the stream's own subjects."""
    if form not in TEMPLATES:
        raise UserError(f"unknown form {form!r}: choose one of {', '.join(TEMPLATES)}")
    made = [
        UserFact(TEMPLATES[form][number % 2].format(subject), f" {answer}", 0, subject=subject)
        for answer, subjects in example_subjects(form, 60).items()
        for number, subject in enumerate(subjects)
    ]
    random.Random(form).shuffle(made)
    return list(made)


def _text(question: Question) -> Tensor:
    """Windows of packaged text [W, L] as long as the protected ones, of other documents."""
    length = question.protected.tokens.shape[1]
    texts = [document.text for document in SOURCES["wiki"]() if place(f"wiki/split/{document.group}") >= HELDOUT][::20]
    ids = question.encoder.encode("\n\n".join(texts)[:400_000])
    start = list(question.encoder.start)
    inside = length - len(start)
    rows = [[*start, *ids[at : at + inside]] for at in range(0, len(ids) - inside, inside)]
    return torch.tensor(rows)


def _state(network: Any, left: Facts, question: Question) -> tuple[float, float, float]:
    """(recall of the facts left out, mean cosine of their keys, bits per byte of protected text)."""
    keys = torch.nn.functional.normalize(answer_keys(network, left).double(), dim=1)
    count = len(keys)
    cosine = float((keys.sum(0).square().sum() - count) / max(count * (count - 1), 1))
    return float(asked(network, left).recall.mean()), cosine, bits_per_byte(network, question.protected)


def _train(network: Any, taught: Facts, text: Tensor, steps: int, rate: float, seed: int, say: Say) -> list[float]:
    """Train in place; the loss of the answers at every step. The rate falls to 0 over the second half."""
    rng = np.random.default_rng(seed)
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    rule = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.0)
    losses = []
    for step in range(steps):
        rule.param_groups[0]["lr"] = rate * min(1.0, 2 * (steps - step) / steps)
        facts = taught[torch.from_numpy(rng.choice(len(taught), min(BATCH, len(taught)), replace=False))]
        windows = text[torch.from_numpy(rng.choice(len(text), min(TEXTS, len(text)), replace=False))]
        loss = answer_loss(outputs(network, facts), facts)
        whole = loss + _text_loss(network, windows)
        if not torch.isfinite(whole):
            raise UserError(str(Diverged(f"school diverged at step {step + 1} of {steps}: lower the learning rate {rate:g}")))
        rule.zero_grad()
        whole.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        rule.step()
        losses.append(loss.item())
        if (step + 1) % 10 == 0 or step + 1 == steps:
            say(f"step {step + 1} of {steps}: loss of the answers {loss.item():.2f} nats")
    return losses


def _text_loss(network: Any, windows: Tensor) -> Tensor:
    """Mean cross-entropy of the windows' tokens, each given those before."""
    count, length = windows.shape
    row, at = torch.arange(count).repeat_interleave(length - 1), torch.arange(length - 1).repeat(count)
    return torch.nn.functional.cross_entropy(logits_at(network, windows, row, at), windows[:, 1:].flatten())
