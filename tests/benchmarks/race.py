"""Training a language model here, and as nanoGPT does on a CPU: same text, tokens, layers, width and context.

Speed: tokens a second of processor time in one thread, runs interleaved. Loss: each trains from scratch for as many steps as its
speed grants it in the same processor time, and is asked the same held-out windows, in nats a token. Our schedules end there;
nanoGPT keeps that of its recipe, 2000 steps: after 1361 of them (100 s) it was better than with one that ended there.

"float32" and the like are this project's trainings, plain or compiled. "nanoGPT" is the recipe as it is, batches of 12 in
float32, not compiled; "nanoGPT, fast" has the batch, the precision and the compiler of ours, which tells them from the rest.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from realmodels.model.architectures import described, parameters
from realmodels.text.encoded import Encoded, encoded
from realmodels.training.loop import Run, one_thread, windows
from realmodels.training.recipe import CORPORA, PretrainConfig
from tests.benchmarks import nanogpt
from tests.benchmarks.timing import interleaved

VOCABULARY = 1024


class Recipe:
    """nanoGPT's training on our text; fast: with batches of `batch` windows, compiled in bfloat16."""

    def __init__(self, text: Encoded, shape: PretrainConfig, fast: bool = False):
        self.text, self.shape, self.batch = text, shape, shape.batch
        self.training = nanogpt.Training(VOCABULARY, fast)
        self.model: nn.Module = self.training.model

    def step(self) -> float:
        """One step."""
        return self.training.step(windows(self.text.train, self.shape, self.training.done))


class Ours:
    """This project's training."""

    def __init__(self, text: Encoded, config: PretrainConfig):
        self.run, self.batch = Run(config, text, "cpu"), config.batch
        self.run.evaluated_after = set()
        self.model: nn.Module = self.run.model

    def step(self) -> float:
        """One step."""
        return self.run.advance()


def heldout(model: nn.Module, batches: Sequence[Tensor]) -> float:
    """Mean loss, nats a token."""
    with torch.no_grad():
        losses = [F.cross_entropy(model(b[:, :-1]).flatten(0, 1), b[:, 1:].flatten(), reduction="none") for b in batches]
    return float(torch.cat(losses).mean())


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

    def config(steps: int, batch: int = given.batch, **changes) -> PretrainConfig:
        return PretrainConfig(shape, CORPORA["quick"], 0, steps, batch=batch, **changes)

    makers: dict[str, Callable[[int], Recipe | Ours]] = {
        "nanoGPT": lambda steps: Recipe(text, config(steps, nanogpt.BATCH)),
        "float32": lambda steps: Ours(text, config(steps)),
        "bfloat16": lambda steps: Ours(text, config(steps, precision="bfloat16")),
    }
    if given.compile:
        makers["nanoGPT, fast"] = lambda steps: Recipe(text, config(steps), fast=True)
        makers["float32, compiled"] = lambda steps: Ours(text, config(steps, compiled=True))
        makers["bfloat16, compiled"] = lambda steps: Ours(text, config(steps, precision="bfloat16", compiled=True))
    with one_thread():
        racers = {name: make(10**6) for name, make in makers.items()}
        times = interleaved({name: racer.step for name, racer in racers.items()}, given.repeats, given.calls)
        speeds = {name: racers[name].batch * nanogpt.CONTEXT / seconds for name, seconds in times.items()}
        print(f"{parameters(shape):,} parameters, vocabulary {VOCABULARY}, context {nanogpt.CONTEXT}, one thread")
        for name, speed in speeds.items():
            print(
                f"{name:<20}{racers[name].batch:>4} windows{speed:>10,.0f} tokens/s{speed / speeds['nanoGPT']:>7.2f}", flush=True
            )
        rows = np.concatenate([tokens[: 64 * nanogpt.CONTEXT] for tokens in text.heldout.values()]).astype(np.int64)
        batches = torch.from_numpy(rows[: len(rows) // 65 * 65].reshape(-1, nanogpt.CONTEXT + 1)).split(64)
        for name, seconds in times.items() if given.seconds > 0 else ():
            steps = max(1, round(given.seconds / seconds))
            racer = makers[name](steps)
            for _ in range(steps):
                racer.step()
            tokens = steps * racer.batch * nanogpt.CONTEXT
            told = f"{heldout(racer.model, batches):.3f} nats a token held out, after {tokens:,} tokens"
            print(f"{name:<20}{given.seconds:>6.0f} s of training: {told}", flush=True)
