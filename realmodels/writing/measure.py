"""What can be asked of a checkpoint and of facts in a file: how they will interfere, what will be kept, and to write them.

Behind `cwb measure`, `cwb forecast` and `cwb write`. A facts file has one {"prompt", "answer", "task"} a line; its candidates
are its distinct answers, each known by its first token. Methods that ask for a background of prompts, none of which is taught,
take those of a second facts file (its answers are not read); without one, the prompts of the facts themselves.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from realmodels.model import checkpoint
from realmodels.model.transformer import Transformer
from realmodels.text.facts import TEMPLATES, Fact, load_facts, stream
from realmodels.text.tokenizer import Tokenizer
from realmodels.training.evaluate import bits_per_byte
from realmodels.training.loop import one_thread
from realmodels.training.pretrain import text_of
from realmodels.writing.forecast import Setup, forecasts, isolated
from realmodels.writing.kernel import activation_fraction, logit_kernel, statistics, write_fraction
from realmodels.writing.methods import Writer, bind
from realmodels.writing.outputs import Facts, encode, facts_from_ids, outputs, scores
from realmodels.writing.stream import LEARNED, write_stream
from theory.errors import UserError

STEPS = 20  # gradient steps a task
DIALS = 2.0 ** np.arange(-14, 9)  # among which a dial is chosen when none is given
TASKS, FACTS = 10, 8  # of a stream asked for by name
HELDOUT_TOKENS = 1000  # per source of held-out text


def _background(facts: list[Fact], path: Path | None, tokenizer: Tokenizer) -> Facts:
    """The prompts of a second facts file, or those of the facts themselves, as facts without answers."""
    prompts = [tokenizer.prompt(fact.prompt) for fact in (facts if path is None else load_facts(path))]
    nothing = [0] * len(prompts)
    return facts_from_ids(prompts, nothing, nothing, [0])


def _examiner(model_path: Path, meta: dict[str, Any]) -> Callable[[Transformer], float] | None:
    """Bits per byte of a model on text held out from this checkpoint's training; None unless it lies where it was trained."""
    workspace = Path(model_path).resolve().parent.parent
    if "pretraining" not in meta or not (workspace / "text").is_dir():
        return None
    text = text_of(meta, workspace)
    return lambda model: bits_per_byte(model, text, HELDOUT_TOKENS)["all"]


def _open(model_path: Path, facts: list[Fact], method: str, background: Path | None) -> tuple[Transformer, Facts, Writer]:
    model, tokenizer, _ = checkpoint.read(Path(model_path))
    return model, encode(facts, tokenizer), bind(method, model, _background(facts, background, tokenizer))


def measure(model_path: Path, facts_path: Path, method: str = "full", background: Path | None = None) -> dict[str, Any]:
    """Geometry of writing these facts by `method`, the model being as it is (`realmodels.writing.kernel` defines every number).

    Keys: participation_ratio, common_mode, mean_overlap, rms_overlap, spectrum (descending, sum 1), activation_fraction,
    write_fraction; method, facts, tasks, candidates. Raises UserError for anything wrong with the files or the method.
    """
    with one_thread():
        model, facts, writer = _open(model_path, load_facts(Path(facts_path)), method, background)
        return {
            **{"method": method, "facts": len(facts), "tasks": len(facts.task.unique()), "candidates": len(facts.candidates)},
            **statistics(logit_kernel(model, writer, facts).writes),
            "activation_fraction": activation_fraction(model, writer, facts),
            "write_fraction": write_fraction(model, writer, facts),
        }


def sufficient_dial(response: Tensor, z: Tensor, facts: Facts, steps: int) -> float:
    """The smallest learning rate of `DIALS` at which isolated writes reach 90% of log2 C bits in the kernel simulation.

    If none does, the one that reaches most.
    """
    reached = []
    for dial in DIALS:
        bits = scores(isolated(Setup(response, z, facts, float(dial), steps)), facts.target).bits.mean().item()
        if bits >= LEARNED * math.log2(len(facts.candidates)):
            return float(dial)
        reached.append(bits)
    return float(DIALS[int(np.argmax(reached))])


def _curve(rows: pd.DataFrame, column: str) -> list[dict[str, float]]:
    """By age: mean over (task, written) and the interval that holds the middle 90% of them."""
    curve = []
    for age in sorted(set(rows.age.tolist())):
        bits = rows[rows.age == age][column].to_numpy()
        low, high = np.quantile(bits, [0.05, 0.95])
        curve.append({"age": age, "bits": float(bits.mean()), "low": float(low), "high": float(high)})
    return curve


def forecast(
    model_path: Path,
    facts_path: Path,
    method: str = "full",
    dial: float | None = None,
    steps: int = STEPS,
    background: Path | None = None,
) -> dict[str, Any]:
    """What a stream of these facts, task after task, will leave of a task by its age; nothing is written.

    Keys: kernel, spectral: [{age, bits (mean retained bits per fact), low, high (middle 90% of the tasks)}]; method, dial,
    steps, facts, tasks, candidates, full_bits (log2 C). Without a dial, the one that `sufficient_dial` names. Errors as
    `measure`.
    """
    with one_thread():
        model, facts, writer = _open(model_path, load_facts(Path(facts_path)), method, background)
        response = logit_kernel(model, writer, facts).response
        with torch.no_grad():
            z = outputs(model, facts)
        dial = sufficient_dial(response, z, facts, steps) if dial is None else dial
        rows = pd.DataFrame(forecasts(Setup(response, z, facts, dial, steps)))
    return {
        **{"method": method, "dial": dial, "steps": steps, "facts": len(facts), "tasks": len(facts.task.unique())},
        **{"candidates": len(facts.candidates), "full_bits": math.log2(len(facts.candidates))},
        **{kind: _curve(rows[rows.kind == kind], "bits_predicted") for kind in ("kernel", "spectral")},
    }


def write(
    model_path: Path,
    method: str,
    facts_path: Path | str,
    dial: float | None = None,
    steps: int = STEPS,
    background: Path | None = None,
    out: Path | None = None,
) -> dict[str, Any]:
    """Write a stream into a copy of the model; the copy is saved as the checkpoint `out` if that is given.

    facts_path: a facts file, or the name of a stream of real facts ("cities", "airports": 10 tasks of 8 facts).
    Keys: retained: [{age, bits, low, high}]; learned (bits per fact just after writing), kept, recall, recall_heldout_phrasing
    (after the last task), bits_before (before the first); heldout_rise (bits per byte, None where that text is not at hand);
    diverged; state_numbers, state_bits (claim C5); and the keys of `forecast` that are not curves. Errors as `measure`.
    """
    named = str(facts_path) in TEMPLATES and not Path(facts_path).exists()
    taught = stream(str(facts_path), TASKS, FACTS, 0) if named else load_facts(Path(facts_path))
    if out is not None and Path(out).exists():
        raise UserError(f"{out} exists: name a folder that does not")
    with one_thread():
        model, facts, writer = _open(model_path, taught, method, background)
        _, tokenizer, meta = checkpoint.read(Path(model_path))
        examine = _examiner(model_path, meta)
        if dial is None:
            with torch.no_grad():
                z = outputs(model, facts)
            dial = sufficient_dial(logit_kernel(model, writer, facts).response, z, facts, steps)
        rephrased = encode(taught, tokenizer, heldout_phrasing=True)
        rows = pd.DataFrame(write_stream(model, writer, facts, rephrased, dial, steps, examine or (lambda model: math.nan)))
    first, final, written = rows[rows.written == 0], rows[rows.written == rows.written.max()], rows[rows.age >= 0]
    rise = float(final.heldout_bits_per_byte.mean() - first.heldout_bits_per_byte.mean())
    if out is not None:
        about = {"written": {"method": method, "dial": dial, "steps": steps, "facts": len(facts), "into": str(model_path)}}
        checkpoint.write(Path(out), model, tokenizer, {**meta, **about})
    return {
        **{"method": method, "dial": dial, "steps": steps, "facts": len(facts), "tasks": int(rows.task.nunique())},
        **{"candidates": len(facts.candidates), "full_bits": math.log2(len(facts.candidates))},
        "retained": _curve(written, "bits"),
        "bits_before": float(first.bits.mean()),
        "learned": float(rows[rows.age == 0].bits.mean()),
        **{name: float(final[column].mean()) for name, column in (("kept", "bits"), ("recall", "recall"))},
        "recall_heldout_phrasing": float(final.recall_heldout_phrasing.mean()),
        "heldout_rise": rise if examine else None,
        "diverged": bool(rows.diverged.any()),
        **{"state_numbers": writer.state_numbers, "state_bits": writer.state_bits},
    }
