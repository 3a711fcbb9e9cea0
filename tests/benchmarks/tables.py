"""A training step of a memory layer by the number of its slots: time should hardly grow, memory by the table alone.

The table's optimiser touches only the rows that were read; it keeps two moments a number, so that the state of a table is three
times the table.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from realmodels.model.architectures import described
from realmodels.model.feedforward.memory import MemoryLayer
from realmodels.model.transformer import Transformer
from realmodels.training.loop import one_thread
from realmodels.training.optimisers import Optimisers, sparse_gradients
from tests.benchmarks.timing import interleaved

RATES = {"matrices": 0.02, "embedding": 0.015, "values": 0.015, "indexer": 0.003}


def memory_step(keys: int, size: str, batch: int, topk: int) -> tuple[Callable[[], None], int]:
    """(a function that makes one training step, bytes of parameters and optimiser state after one)."""
    shape = described("memory", size)
    config = replace(
        shape,
        hyperparameters={**shape.hyperparameters, "memory": {**shape.hyperparameters["memory"], "keys": keys, "topk": topk}},
    )
    model = Transformer(config, 0)
    for block in model.blocks:
        if isinstance(block.feedforward, MemoryLayer):
            torch.nn.init.normal_(block.feedforward.output.weight, 0.0, 0.1)  # at 0 no gradient would reach the table
    optimisers = Optimisers(model, RATES, 1.0)
    tokens = torch.randint(0, config.vocabulary, (batch, config.context), generator=torch.Generator().manual_seed(0))

    def run() -> None:
        with sparse_gradients(model):
            model(tokens).square().mean().backward()
        optimisers.step(0.01, "benchmark")

    run()
    held = [*model.parameters(), *optimisers.state().values()]
    return run, sum(tensor.numel() * tensor.element_size() for tensor in held)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks tables", description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="medium")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--topk", type=int, default=8, help="slots read per head")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--keys", type=int, nargs="+", default=[128, 256, 512, 1024], help="sub-keys per half")
    given = parser.parse_args(arguments)
    with one_thread():
        made = {str(keys): memory_step(keys, given.size, given.batch, given.topk) for keys in given.keys}
        times = interleaved({name: run for name, (run, _) in made.items()}, given.repeats, 3)
    first = next(iter(times))
    print(f"{'slots':>10}{'ms a step':>12}{'ratio':>8}{'MB held':>10}{'bytes a further slot':>22}")
    for name, seconds in times.items():
        slots, extra = int(name) ** 2, int(name) ** 2 - int(first) ** 2
        growth = (made[name][1] - made[first][1]) / extra if extra else float("nan")
        told = f"{1000 * seconds:>12.1f}{seconds / times[first]:>8.2f}{made[name][1] / 1e6:>10.0f}{growth:>22.0f}"
        print(f"{slots:>10,}{told}", flush=True)
