"""Speed of the delta-rule core: `python -m tests.benchmarks delta_rule`.

One run measures, in one thread of this machine: the rate of large square products, in single and in double precision; the rate
of `retained_depths` and its share of the former, operations counted by formula; how many times faster it is than a plain NumPy
loop of rank-one updates with equal numbers, and how far the two differ; and how its time grows with the size, the facts and the
seeds (slopes of straight lines through the logarithms). Times are processor times, the least of several runs.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from simulate.runs.threads import one_thread

one_thread()  # before NumPy is loaded

import numpy as np  # noqa: E402

from simulate.backend import jax, jnp, use  # noqa: E402
from simulate.memories.delta_rule import BLOCK, retained_depths  # noqa: E402

use()


class Speed(NamedTuple):
    """One precision: rate of products [flop/s], rate of the core, its seconds, the loop's, largest difference of a depth."""

    dtype: str
    product_rate: float
    core_rate: float
    core_seconds: float
    loop_seconds: float
    difference: float


def seconds(run: Callable[[], object], repeats: int) -> float:
    """Processor seconds of a call, the least of `repeats` after one that compiles."""
    run()
    found = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


def rank_one_loop(codes: np.ndarray, etas: np.ndarray) -> np.ndarray:
    """Depths [M] by one rank-one update of an N x N matrix a fact, the last fact first: the definition, in NumPy."""
    A = np.eye(codes.shape[1], dtype=codes.dtype)
    depths = np.zeros(len(codes), codes.dtype)
    for i in range(len(codes) - 1, -1, -1):
        u, eta = codes[i], etas[i]
        Au = A @ u
        depths[i] = eta * (u @ Au)
        A -= eta * np.outer(Au, u)
    return depths


def unit_codes(M: int, N: int, dtype: str, seed: int = 0) -> np.ndarray:
    """M unit codes of N normal numbers."""
    codes = np.random.default_rng(seed).normal(size=(M, N))
    return (codes / np.linalg.norm(codes, axis=1, keepdims=True)).astype(dtype)


def operations(N: int, M: int) -> float:
    """Additions and multiplications of `retained_depths`: A U^T and its product with S U, then U U^T, S U and U A U^T."""
    return M * (4.0 * N**2 + 6.0 * BLOCK * N)


def core_seconds(N: int, M: int, seeds: int, dtype: str, repeats: int) -> float:
    """Seconds of the core for so many sequences, one after another."""
    codes = jnp.asarray(np.stack([unit_codes(M, N, dtype, seed) for seed in range(seeds)]))
    etas = jnp.full(M, 0.5, dtype)
    depths = jax.jit(lambda codes, etas: jax.lax.map(lambda one: retained_depths(one, etas), codes))
    return seconds(lambda: jax.block_until_ready(depths(codes, etas)), repeats)


def speed(dtype: str, size: int, N: int, M: int, repeats: int) -> Speed:
    """Measure one precision: products of size x size, the core and the loop at N weights and M facts."""
    square = jnp.asarray(unit_codes(size, size, dtype))
    product = jax.jit(jnp.matmul)
    rate = 2.0 * size**3 / seconds(lambda: jax.block_until_ready(product(square, square)), repeats)
    codes, etas = unit_codes(M, N, dtype), np.full(M, 0.5, dtype)
    fast, slow = np.asarray(jax.jit(retained_depths)(codes, etas)), rank_one_loop(codes, etas)
    core = core_seconds(N, M, 1, dtype, repeats)
    loop = seconds(partial(rank_one_loop, codes, etas), 1)
    return Speed(dtype, rate, operations(N, M) / core, core, loop, float(np.abs(fast - slow).max()))


def exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    """Slope of log time against log size."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def growth(N: int, M: int, dtype: str, repeats: int) -> dict[str, tuple[list[int], list[float], float]]:
    """How time grows with N, M and the number of seeds, the others held: {axis: (sizes, seconds, exponent)}."""
    axes = {
        "N": [(n, M, 1) for n in (N // 4, N // 2, N)],
        "M": [(N // 4, m, 1) for m in (M, 2 * M, 4 * M)],
        "seeds": [(N // 4, M, seeds) for seeds in (1, 2, 4)],
    }
    found = {}
    for place, (axis, points) in enumerate(axes.items()):
        times = [core_seconds(*point, dtype, repeats) for point in points]
        sizes = [point[place] for point in points]
        found[axis] = (sizes, times, exponent(sizes, times))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks delta_rule", description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=2048, help="rows of the square matrices multiplied")
    parser.add_argument("--N", type=int, default=1024, help="weights of the memory")
    parser.add_argument("--M", type=int, default=512, help="facts written")
    parser.add_argument("--repeats", type=int, default=5, help="runs of which the fastest counts")
    given = parser.parse_args(arguments)
    print(f"{'precision':<10}{'product':>12}{'core':>12}{'share':>8}{'core':>10}{'NumPy loop':>12}{'ratio':>8}{'difference':>12}")
    for dtype in ("float32", "float64"):
        found = speed(dtype, given.size, given.N, given.M, given.repeats)
        rates = (
            f"{found.product_rate / 1e9:>7.1f} GF/s{found.core_rate / 1e9:>7.1f} GF/s{found.core_rate / found.product_rate:>8.0%}"
        )
        times = f"{found.core_seconds:>8.3f} s{found.loop_seconds:>10.3f} s{found.loop_seconds / found.core_seconds:>8.1f}"
        print(f"{dtype:<10}{rates}{times}{found.difference:>12.1e}")
    print(f"N = {given.N}, M = {given.M}, blocks of {BLOCK}, products of {given.size} x {given.size}")
    for axis, (sizes, times, slope) in growth(given.N, given.M, "float32", given.repeats).items():
        told = ", ".join(f"{size}: {value:.4f} s" for size, value in zip(sizes, times, strict=True))
        print(f"time ~ {axis}^{slope:.2f}   ({told})")
    return 0
