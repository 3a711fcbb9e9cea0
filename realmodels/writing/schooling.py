"""Schooling: before it is taught new facts, a pretrained model learns what such facts look like, on other subjects.

A small model that has read running text only answers "... is a city in" from the last words alone: the keys of different
prompts at the answering position are nearly parallel (mean cosine 0.99), so that no method can write one fact apart from the
others into a single matrix. A model that people write facts into has met thousands of the kind. So it is trained on a few
thousand facts of the stream's form, in both phrasings, together with its pretraining text, all parameters by the optimisers of
pretraining. No subject of the stream occurs in them, not even as a word. The loss is the answers' plus the text's.
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
from realmodels.text.facts import TEMPLATES, owners, subjects
from realmodels.text.tokenizer import Tokenizer
from realmodels.training.evaluate import bits_per_byte
from realmodels.training.loop import one_thread, windows
from realmodels.training.optimisers import Optimisers, sparse_gradients
from realmodels.training.pretrain import text_of
from realmodels.training.recipe import PretrainConfig
from realmodels.writing.methods.off_mode import answer_keys
from realmodels.writing.outputs import Facts, answer_loss, facts_from_ids, outputs
from simulate.runs.fingerprint import code_fingerprint
from simulate.runs.store import digest
from theory.errors import UserError

HELDOUT_TOKENS = 1000  # of each source of held-out text, in the log


@dataclass(frozen=True)
class SchoolConfig:
    """`stream`: whose form is learned. `each`: subjects per answer. A step sees `batch` facts and `texts` windows of text."""

    stream: str
    steps: int
    each: int = 200
    batch: int = 64
    texts: int = 4
    evaluations: int = 5

    def rate(self, step: int) -> float:
        """Factor on pretraining's rates: 1/2, falling to 0 over the second half (1 costs twice as much held-out text)."""
        return min(0.5, (self.steps - step) / self.steps)


def lessons(name: str, each: int) -> dict[str, list[str]]:
    """Answer -> up to `each` subjects of the stream's kind that share no word with any of the stream's own; always the same."""
    taken = {subject.lower() for answer in CANDIDATES for subject in subjects(name).get(answer, ())}
    free: dict[str, list[str]] = {answer: [] for answer in CANDIDATES}
    for subject, countries in owners(name).items():
        (country, *others) = countries
        if country in free and not others and not taken & set(re.findall(r"\w+", subject.lower())):
            free[country].append(subject)
    draw = random.Random(f"lessons/{name}")
    return {answer: draw.sample(sorted(mine), min(each, len(mine))) for answer, mine in free.items()}


def _lesson_facts(config: SchoolConfig, tokenizer: Tokenizer) -> list[Facts]:
    """The lessons as `Facts`, once for each phrasing, in the same order; candidates as in CANDIDATES, task 0."""
    found = [(subject, target) for target, mine in enumerate(lessons(config.stream, config.each).values()) for subject in mine]
    target, tokens = [t for _, t in found], [tokenizer.answer(f" {answer}") for answer in CANDIDATES]
    return [
        facts_from_ids([tokenizer.prompt(template.format(subject)) for subject, _ in found], target, [0] * len(found), tokens)
        for template in TEMPLATES[config.stream]
    ]


def key_cosine(model: Transformer, facts: Facts) -> float:
    """Mean cosine between different prompts' keys to the last feed-forward output matrix, at the answering position."""
    keys = F.normalize(answer_keys(model, facts).double(), dim=1)
    count = len(keys)
    return float((keys.sum(0).square().sum() - count) / (count * (count - 1)))


def schooled(path: Path, config: SchoolConfig, workspace: Path) -> Path:
    """The checkpoint of the model `path` after schooling, in workspace/models: found, or trained.

    Its meta has what the pretrained one's had, and under "schooling" the configuration and a log of step, recall (exact, in the
    batches since the entry before), loss, text_loss, bits_per_byte and key_cosine. Raises UserError if training diverges.
    """
    folder = workspace / "models" / digest(path.name, asdict(config), code_fingerprint(__name__))
    if not folder.exists():
        with one_thread():
            model, tokenizer, meta = checkpoint.read(path)
            log = _train(model, tokenizer, meta, config, workspace)
        about = {**meta, "schooling": {"config": asdict(config), "log": log}}
        try:
            checkpoint.write(folder, model, tokenizer, about)
        except OSError:
            if not folder.exists():  # else another process finished the same model first
                raise
    return folder


def _train(
    model: Transformer, tokenizer: Tokenizer, meta: dict[str, Any], config: SchoolConfig, workspace: Path
) -> list[dict[str, Any]]:
    parent = PretrainConfig.from_json(meta["pretraining"])
    text = text_of(meta, workspace)
    plain, other = _lesson_facts(config, tokenizer)
    weight = 1 / np.bincount(plain.target)[plain.target]
    rng = np.random.default_rng([parent.seed, 1])
    rates = {name: getattr(parent, f"lr_{name}") for name in ("matrices", "embedding", "values", "indexer")}
    optimisers = Optimisers(model, rates, parent.clip)
    recent: list[tuple[float, float, float]] = []

    def entry(step: int) -> dict[str, Any]:
        recall, loss, text_loss = np.mean(recent, axis=0).tolist() if recent else (float("nan"),) * 3
        recent.clear()
        found = {"bits_per_byte": bits_per_byte(model, text, HELDOUT_TOKENS)["all"], "key_cosine": key_cosine(model, plain[::37])}
        return {"step": step, "recall": recall, "loss": loss, "text_loss": text_loss, **found}

    log = [{**entry(0), "recall": 0.0, "loss": 0.0, "text_loss": 0.0}]
    marks = {round(mark) for mark in np.linspace(0, config.steps, config.evaluations + 1)[1:]}
    for step in range(config.steps):
        rows = torch.from_numpy(rng.choice(len(plain), config.batch, p=weight / weight.sum()))
        half = config.batch // 2
        record: Record = {}
        batch = windows(text.train, parent, parent.total_steps + step)[: config.texts]
        with sparse_gradients(model):
            logits = model(batch[:, :-1], record)
            text_loss = F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
            asked = plain[rows[:half]], other[rows[half:]]
            z = [outputs(model, facts) for facts in asked]
            loss = torch.stack([answer_loss(one, facts.target) for one, facts in zip(z, asked, strict=True)]).mean()
        objective = loss + text_loss + sum(record.get("auxiliary", []))
        if not torch.isfinite(objective):
            raise UserError(f"schooling, step {step + 1}: the loss is {objective.item()}: lower pretraining's learning rates")
        objective.backward()
        optimisers.step(config.rate(step), f"schooling, step {step + 1}")
        right = [(one.argmax(1) == facts.target).double().mean().item() for one, facts in zip(z, asked, strict=True)]
        recent.append((sum(right) / 2, loss.item(), text_loss.item()))
        if step + 1 in marks:
            log.append(entry(step + 1))
    return log
