"""Format finetuning: before a model is taught new facts, it learns what such facts look like, on other subjects.

A small model that has read running text only answers "... is a city in" from the last words alone. The keys of different prompts
at the answering position are then nearly parallel (mean cosine 0.99), so no method can write one fact apart from the others into
a single matrix. A model that people write facts into has met thousands of the kind. So this model is finetuned on a few thousand
facts of the stream's form, in both phrasings, together with its pretraining text. All parameters learn, by the optimisers of
pretraining. No subject of the stream occurs in these facts, not even as a word. The loss is the answers' plus the text's.
"""

import random
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from realmodels.model import checkpoint
from realmodels.model.record import Record
from realmodels.model.transformer import Transformer
from realmodels.text.candidates import CANDIDATES
from realmodels.text.encoded import Encoded
from realmodels.text.facts import TEMPLATES, owners, subjects
from realmodels.text.tokenizer import Tokenizer
from realmodels.training.evaluate import HELDOUT_TOKENS, bits_per_byte
from realmodels.training.loop import Objective, gradient_step, one_thread, windows
from realmodels.training.optimisers import Optimisers
from realmodels.training.pretrain import text_of
from realmodels.training.recipe import PretrainConfig, evaluation_steps
from realmodels.writing.methods.off_mode import answer_keys
from realmodels.writing.outputs import Facts, answer_loss, facts_from_ids, outputs
from simulate.runs.fingerprint import code_fingerprint
from simulate.runs.store import digest

KEY_SAMPLE = 37  # the log measures key_cosine on every 37th example, which is about five prompts per answer


@dataclass(frozen=True)
class FormatFinetuning:
    """Everything that fixes a format finetuning, except the model that it starts from.

    stream: the stream whose form is learned. steps: of training. each: most subjects per answer. batch: facts per step, half
    of them in each phrasing. texts: windows of pretraining text per step. evaluations: entries of the log after the first.
    """

    stream: str
    steps: int
    each: int = 200
    batch: int = 64
    texts: int = 4
    evaluations: int = 5

    def rate(self, step: int) -> float:
        """Factor on pretraining's learning rates: 1/2, then falling to 0 over the second half.

        A factor of 1 costs twice as much held-out text.
        """
        return min(0.5, (self.steps - step) / self.steps)


def example_subjects(name: str, each: int) -> dict[str, list[str]]:
    """Answer -> up to `each` subjects of the kind of stream `name`, always the same ones.

    None of them shares a word with a subject of the stream itself.
    """
    streamed = {subject.lower() for answer in CANDIDATES for subject in subjects(name).get(answer, ())}
    free: dict[str, list[str]] = {answer: [] for answer in CANDIDATES}
    for subject, countries in owners(name).items():
        (country, *others) = countries
        if country in free and not others and not streamed & set(re.findall(r"\w+", subject.lower())):
            free[country].append(subject)
    draw = random.Random(f"lessons/{name}")
    return {answer: draw.sample(sorted(pool), min(each, len(pool))) for answer, pool in free.items()}


def _examples(config: FormatFinetuning, tokenizer: Tokenizer) -> list[Facts]:
    """The facts to train on as `Facts`, once per phrasing, in the same order; candidates as in CANDIDATES, task 0."""
    by_answer = example_subjects(config.stream, config.each).values()
    pairs = [(subject, target) for target, subjects_of in enumerate(by_answer) for subject in subjects_of]
    target, tokens = [t for _, t in pairs], [tokenizer.answer(f" {answer}") for answer in CANDIDATES]
    return [
        facts_from_ids([tokenizer.prompt(template.format(subject)) for subject, _ in pairs], target, [0] * len(pairs), tokens)
        for template in TEMPLATES[config.stream]
    ]


def key_cosine(model: Transformer, facts: Facts) -> float:
    """Mean cosine between different prompts' keys to the last feed-forward output matrix, at the answering position."""
    keys = F.normalize(answer_keys(model, facts).double(), dim=1)
    count = len(keys)
    return float((keys.sum(0).square().sum() - count) / (count * (count - 1)))


def finetuned(path: Path, config: FormatFinetuning, workspace: Path) -> Path:
    """The checkpoint in workspace/models of the model `path` after format finetuning: the one that is there, or trained now.

    Its meta is that of the pretrained model and, under "format_finetuning", the configuration and a log. An entry of the log
    has step, recall (share of right answers in the batches since the entry before), loss and text_loss (nats, means over the
    same batches), bits_per_byte (held-out text) and key_cosine. Raises UserError if the training diverges.
    """
    folder = workspace / "models" / digest(path.name, asdict(config), code_fingerprint(__name__))
    if not folder.exists():
        with one_thread():
            model, tokenizer, meta = checkpoint.read(path)
            pretraining = PretrainConfig.from_json(meta["pretraining"])
            log = _train(model, _examples(config, tokenizer), text_of(meta, workspace), pretraining, config)
        about = {**meta, "format_finetuning": {"config": asdict(config), "log": log}}
        try:
            checkpoint.write(folder, model, tokenizer, about)
        except OSError:
            if not folder.exists():  # else another process finished the same model first
                raise
    return folder


def _train(
    model: Transformer, examples: list[Facts], text: Encoded, pretraining: PretrainConfig, config: FormatFinetuning
) -> list[dict[str, Any]]:
    """Finetune the model in place; the log of evaluations."""
    plain, other = examples
    weight = 1 / np.bincount(plain.target)[plain.target]
    rng = np.random.default_rng([pretraining.seed, 1])
    optimisers = Optimisers(model, pretraining.learning_rates, pretraining.clip)
    recent: list[tuple[float, float, float]] = []  # recall, loss, text_loss of the steps since the last entry

    def entry(step: int) -> dict[str, Any]:
        recall, loss, text_loss = np.mean(recent, axis=0).tolist() if recent else (0.0, 0.0, 0.0)
        recent.clear()
        heldout, cosine = bits_per_byte(model, text, HELDOUT_TOKENS)["all"], key_cosine(model, plain[::KEY_SAMPLE])
        means = {"step": step, "recall": recall, "loss": loss, "text_loss": text_loss}
        return {**means, "bits_per_byte": heldout, "key_cosine": cosine}

    def objective() -> Objective:
        rows = torch.from_numpy(rng.choice(len(plain), config.batch, p=weight / weight.sum()))
        half = config.batch // 2
        record: Record = {}
        batch = windows(text.train, pretraining, pretraining.total_steps + step)[: config.texts]
        logits = model(batch[:, :-1], record)
        text_loss = F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        questions = plain[rows[:half]], other[rows[half:]]
        z = [outputs(model, facts) for facts in questions]
        loss = torch.stack([answer_loss(one, facts) for one, facts in zip(z, questions, strict=True)]).mean()
        right = [(one.argmax(1) == facts.target).double().mean().item() for one, facts in zip(z, questions, strict=True)]
        recent.append((sum(right) / 2, loss.item(), text_loss.item()))
        total = loss + text_loss + sum(record.get("auxiliary", []))
        return Objective(total, total)

    log, evaluated_after = [entry(0)], evaluation_steps(config.steps, config.evaluations)
    for step in range(config.steps):
        gradient_step(model, optimisers, objective, config.rate(step), f"format finetuning, step {step + 1}")
        if step + 1 in evaluated_after:
            log.append(entry(step + 1))
    return log
