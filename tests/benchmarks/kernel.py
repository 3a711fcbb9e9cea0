"""The logit kernel of many facts against the gradients of every fact by torch.func (vmap of jacrev): time and peak of memory.

Each runs in a process of its own, on one thread. The Jacobians of all facts do not fit into memory at once: they are made in
blocks, as large as are allowed, and each pair of blocks is multiplied. `--parts` says where our own time goes.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np
import torch

from realmodels.model.architectures import described
from realmodels.model.transformer import Transformer
from realmodels.training.loop import one_thread
from realmodels.writing.kernel import logit_kernel
from realmodels.writing.methods.binding import bind
from realmodels.writing.outputs import Facts, facts_from_ids, fold


def setting(size: str, count: int, length: int, options: int) -> tuple[Transformer, Facts]:
    """(a random model, facts with prompts of this length, of which the first 3 and the last token are common to all)."""
    model = Transformer(described("dense", size), 0)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("output.weight"):
                parameter.normal_(0, parameter.shape[-1] ** -0.5, generator=generator)
    rng = np.random.default_rng(0)
    prompts = [[1, 2, 3, *rng.integers(20, 300, length - 4).tolist(), 5] for _ in range(count)]
    return model, facts_from_ids(
        prompts, rng.integers(0, options, count).tolist(), list(range(count)), list(range(10, 10 + options))
    )


def ours(model: Transformer, facts: Facts) -> torch.Tensor:
    """The kernel [F, O, F, O] by its formulas."""
    return logit_kernel(model, bind("full", model, facts), facts).response


def per_sample(model: Transformer, facts: Facts, limit: int) -> torch.Tensor:
    """The same from Jacobians of every fact, of which at most `limit` bytes are held."""
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    outs = facts.options.shape[1] + 1

    def z(chosen: dict[str, torch.Tensor], tokens: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
        logits = torch.func.functional_call(model, chosen, (tokens[None],))[0].index_select(0, place[None])
        return fold(logits, facts[:1])[0]

    of_all = torch.func.vmap(torch.func.jacrev(z), (None, 0, 0))
    size = max(1, limit // (2 * 4 * outs * sum(p.numel() for p in parameters.values())) // 2)
    blocks = torch.arange(len(facts)).split(size)

    def block(rows: torch.Tensor) -> torch.Tensor:
        found = of_all(parameters, facts.tokens[rows], facts.place[rows])
        return torch.cat([g.flatten(2) for g in found.values()], 2).flatten(0, 1)

    theta = torch.zeros(len(facts) * outs, len(facts) * outs)
    for first, rows in enumerate(blocks):
        mine = block(rows)
        for columns in blocks[first:]:
            other = mine if columns is rows else block(columns)
            a, b = (slice(int(i[0]) * outs, (int(i[-1]) + 1) * outs) for i in (rows, columns))
            theta[a, b] = mine @ other.T
            theta[b, a] = theta[a, b].T.clone()
    return theta.view(len(facts), outs, len(facts), outs)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, or measure one in this process."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks kernel", description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="medium", help="of the dense model: medium has 1.05 million parameters")
    parser.add_argument("--facts", type=int, default=500)
    parser.add_argument("--length", type=int, default=8, help="tokens of a prompt")
    parser.add_argument("--options", type=int, default=10)
    parser.add_argument("--limit", type=float, default=8.0, help="GiB that Jacobians may take")
    parser.add_argument("--parts", action="store_true", help="where our own time goes")
    parser.add_argument("--only", choices=("formulas", "torch.func"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.only or given.parts:
        _measure(given)
        return
    told = {}
    for name in ("formulas", "torch.func"):
        words = [f"--{key}={getattr(given, key)}" for key in ("size", "facts", "length", "options", "limit")]
        run = [sys.executable, "-m", "tests.benchmarks", "kernel", *words, f"--only={name}"]
        told[name] = json.loads(subprocess.run(run, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1])
        row = told[name]
        print(f"{name:<12}{row['seconds']:>10.1f} processor s{row['peak']:>8.2f} GiB above the model", flush=True)
    one, other = told["formulas"], told["torch.func"]
    print(f"{other['seconds'] / one['seconds']:.1f} times as fast, in 1/{other['peak'] / one['peak']:.1f} of the memory;")
    print(f"largest difference {abs(one['check'] - other['check']) / abs(other['check']):.1e} of a sum over all pairs")


def _measure(given: argparse.Namespace) -> None:
    with one_thread():
        model, facts = setting(given.size, given.facts, given.length, given.options)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if given.parts:
            import cProfile
            import pstats

            with cProfile.Profile() as profile:
                ours(model, facts)
            pstats.Stats(profile).sort_stats("tottime").print_stats(12)
            return
        start = time.process_time()
        theta = ours(model, facts) if given.only == "formulas" else per_sample(model, facts, int(given.limit * 2**30))
        seconds = time.process_time() - start
        peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20
        weights = torch.randn(theta.shape[2] * theta.shape[3], generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        check = sum(float((item.flatten(1).double() @ weights).square().sum()) for item in theta)
        print(json.dumps({"seconds": seconds, "peak": peak, "check": check}))
