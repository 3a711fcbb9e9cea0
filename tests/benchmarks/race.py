"""Training a language model here, and as nanoGPT does on a CPU: same text, tokens, layers, width and context.

Speed: tokens a second of processor time in one thread, runs interleaved. Loss: both train from scratch for as much processor time
and are asked the same held-out windows, in nats a token. `ours` are this project's trainings in their precisions, plain or
compiled; batches are what each recipe takes.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from realmodels.architectures import described, parameters
from realmodels.encoded import Encoded, encoded
from realmodels.recipe import CORPORA, PretrainConfig
from realmodels.training import Run, one_thread, windows
from tests.benchmarks import nanogpt
from tests.benchmarks.timing import interleaved

VOCABULARY = 1024


class Recipe:
    """nanoGPT's training on our text."""

    batch = nanogpt.BATCH

    def __init__(self, text: Encoded, shape: PretrainConfig):
        self.text, self.shape, self.training = text, shape, nanogpt.Training(VOCABULARY)
        self.model: nn.Module = self.training.model

    def step(self) -> float:
        """One step."""
        return self.training.step(windows(self.text.train, self.shape, self.training.done))


class Ours:
    """This project's training, whose rates fall as the processor time granted runs out."""

    def __init__(self, text: Encoded, config: PretrainConfig):
        self.run, self.batch = Run(config, text, "cpu"), config.batch
        self.run.marks = set()
        self.model: nn.Module = self.run.model

    def step(self) -> float:
        """One step."""
        return self.run.advance()


def heldout(model: nn.Module, batches: Sequence[Tensor]) -> float:
    """Mean loss, nats a token."""
    with torch.no_grad():
        return float(np.mean([F.cross_entropy(model(b[:, :-1]).flatten(0, 1), b[:, 1:].flatten()).item() for b in batches]))


def train(make: Callable[[], "Recipe | Ours"], seconds: float, batches: Sequence[Tensor]) -> tuple[float, int]:
    """(held-out loss, tokens read) after so much processor time of training."""
    racer, spent = make(), 0.0
    tokens = 0
    while spent < seconds and (not isinstance(racer, Ours) or racer.run.step < racer.run.config.steps):
        start = time.process_time()
        racer.step()
        spent += time.process_time() - start
        tokens += racer.batch * nanogpt.CONTEXT
    return heldout(racer.model, batches), tokens


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks race", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120, help="processor time of each training; 0: speed only")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of which the fastest counts")
    parser.add_argument("--calls", type=int, default=10, help="steps a round")
    parser.add_argument("--batch", type=int, default=32, help="windows of a step of ours")
    parser.add_argument("--compile", action="store_true", help="race compiled trainings as well")
    parser.add_argument("--workspace", type=Path, default=Path("build"), help="where the encoded text is kept")
    given = parser.parse_args(arguments)
    text = encoded(CORPORA["quick"], VOCABULARY, given.workspace)
    sizes = {"layers": nanogpt.LAYERS, "heads": nanogpt.HEADS, "width": nanogpt.WIDTH, "hidden": 4 * nanogpt.WIDTH}
    shape = described("dense", "medium", vocabulary=VOCABULARY, context=nanogpt.CONTEXT, **sizes)

    def ours(steps: int, **changes) -> Callable[[], Ours]:
        return lambda: Ours(text, PretrainConfig(shape, CORPORA["quick"], 0, steps, batch=given.batch, **changes))

    plain = PretrainConfig(shape, CORPORA["quick"], 0, 10**6, batch=nanogpt.BATCH)
    kinds = {"float32": {}, "bfloat16": {"precision": "bfloat16"}}
    if given.compile:
        kinds |= {f"{name}, compiled": {**changes, "compiled": True} for name, changes in kinds.items()}
    with one_thread():
        racers = {"nanoGPT": Recipe(text, plain)} | {name: ours(10**6, **changes)() for name, changes in kinds.items()}
        times = interleaved({name: racer.step for name, racer in racers.items()}, given.repeats, given.calls)
        speeds = {name: racers[name].batch * nanogpt.CONTEXT / seconds for name, seconds in times.items()}
        print(f"{parameters(shape):,} parameters, vocabulary {VOCABULARY}, context {nanogpt.CONTEXT}, one thread")
        for name, speed in speeds.items():
            print(f"{name:<20}{racers[name].batch:>4} windows{speed:>10,.0f} tokens/s{speed / speeds['nanoGPT']:>7.2f}")
        if given.seconds <= 0:
            return
        rows = np.concatenate([tokens[: 64 * nanogpt.CONTEXT] for tokens in text.heldout.values()]).astype(np.int64)
        batches = torch.from_numpy(rows[: len(rows) // 65 * 65].reshape(-1, nanogpt.CONTEXT + 1)).split(64)
        for name in racers:
            steps = max(1, int(given.seconds * speeds[name] / (racers[name].batch * nanogpt.CONTEXT)))
            make = (lambda: Recipe(text, plain)) if name == "nanoGPT" else ours(steps, **kinds[name])
            loss, tokens = train(make, given.seconds, batches)
            print(f"{name:<20}{given.seconds:>6.0f} s of training: {loss:.3f} nats a token held out, after {tokens:,} tokens")
