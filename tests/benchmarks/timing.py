"""Times of PyTorch code on one thread: processor seconds, the least of several interleaved runs."""

import time
from collections.abc import Callable, Mapping

import torch


def interleaved(runs: Mapping[str, Callable[[], object]], repeats: int, calls: int = 1) -> dict[str, float]:
    """Processor seconds of one call of each, the least of `repeats` rounds in which all take turns; one call before warms up."""
    for run in runs.values():
        run()
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.process_time()
            for _ in range(calls):
                run()
            least[name] = min(least[name], (time.process_time() - start) / calls)
    return least


def product_rates(size: int, repeats: int) -> dict[str, float]:
    """Operations a second of products of size x size matrices, by precision."""
    squares = {str(dtype).split(".")[1]: torch.randn(size, size, dtype=dtype) for dtype in (torch.float32, torch.bfloat16)}
    times = interleaved({name: (lambda a=a: a @ a) for name, a in squares.items()}, repeats)
    return {name: 2.0 * size**3 / seconds for name, seconds in times.items()}
