"""Attention layers by the length of the text: forward and backward of one layer, against dense attention.

Selections are computed as dense products under masks; `nsa gathered` fetches the selected blocks. What a kernel that skips
masked pairs would need is the share of pairs seen, printed beside.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from realmodels.model.architectures import described
from realmodels.model.part import part
from realmodels.training.loop import one_thread
from tests.benchmarks.timing import interleaved

LAYERS = ("dense", "dsa", "nsa", "nsa gathered", "mla", "gated_deltanet", "kda", "lightning")


def layer_pass(name: str, length: int, size: str) -> tuple[Callable[[], None], float]:
    """(a function that runs one layer forward and backward at this length, share of earlier tokens that it sees)."""
    kind = name.split()[0]
    shape = described(kind, size, context=length)
    made = part("attention", kind)(replace(shape, layers=1, attention=(kind,)))
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.05)
    if "gathered" in name:
        made.selected.gathered = True  # pyright: ignore[reportAttributeAccessIssue]
    x = torch.randn(1, length, shape.width, generator=torch.Generator().manual_seed(0))

    def run() -> None:
        made(x).square().mean().backward()

    record: dict = {}
    with torch.no_grad():
        made(x, record)
    seen = float(record["seen"][0].sum() / (length * (length + 1) / 2)) if "seen" in record else 1.0
    return run, seen


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks contexts", description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="medium")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--lengths", type=int, nargs="+", default=[256, 512, 1024, 2048, 4096])
    given = parser.parse_args(arguments)
    print(f"{'length':>7}" + "".join(f"{name:>18}" for name in LAYERS) + "   (ms a layer; over dense; share of pairs seen)")
    with one_thread():
        for length in given.lengths:
            made = {name: layer_pass(name, length, given.size) for name in LAYERS}
            times = interleaved({name: run for name, (run, _) in made.items()}, given.repeats)
            told = (f"{1000 * times[n]:.0f} {times[n] / times['dense']:.2f} {made[n][1]:.0%}" for n in LAYERS)
            print(f"{length:>7}" + "".join(f"{text:>18}" for text in told), flush=True)
