"""One training step of every architecture at one size: tokens a second, and the share of the machine's product rate."""

import argparse
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F

from realmodels.architectures import ARCHITECTURES, config_for, flops_per_token
from realmodels.optimisers import Optimisers, sparse_gradients
from realmodels.training import one_thread
from realmodels.transformer import Transformer
from tests.benchmarks.timing import interleaved, product_rates

RATES = {"matrices": 0.02, "embedding": 0.015, "values": 0.015, "indexer": 0.003}


def step(architecture: str, size: str, batch: int, precision: str) -> Callable[[], None]:
    """A function that makes one training step on random tokens: forward, backward, optimisers."""
    model = Transformer(config_for(architecture, size), 0)
    optimisers = Optimisers(model, RATES, 1.0)
    config = model.config
    tokens = torch.randint(0, config.vocabulary, (batch, config.context + 1), generator=torch.Generator().manual_seed(0))

    def run() -> None:
        record: dict = {}
        with sparse_gradients(model), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            logits = model(tokens[:, :-1], record)
        loss = F.cross_entropy(logits.float().flatten(0, 1), tokens[:, 1:].flatten())
        (loss + sum(record.get("auxiliary", []))).backward()
        optimisers.step(0.01, "benchmark")

    return run


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print; operations are those of matrix products, forward and backward, as `flops_per_token` counts them."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks parts", description=__doc__)
    parser.add_argument("--size", default="medium")
    parser.add_argument("--batch", type=int, default=8, help="windows of a step")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of which the fastest counts")
    parser.add_argument("--product", type=int, default=1024, help="rows of the matrices whose products set the rate")
    given = parser.parse_args(arguments)
    with one_thread():
        rates = product_rates(given.product, given.repeats)
        print("products: " + ", ".join(f"{rate / 1e9:.0f} GFLOP/s {name}" for name, rate in rates.items()))
        print(f"{'architecture':<22}{'MFLOP/token':>12}" + "".join(f"{name + ' tokens/s':>20}{'share':>7}" for name in rates))
        for architecture in ARCHITECTURES:
            work, config = 3 * flops_per_token(config_for(architecture, given.size)), config_for(architecture, given.size)
            steps = {name: step(architecture, given.size, given.batch, name) for name in rates}
            times = interleaved(steps, given.repeats)
            speeds = {name: given.batch * config.context / seconds for name, seconds in times.items()}
            shares = "".join(f"{speeds[name]:>20,.0f}{speeds[name] * work / rates[name]:>7.0%}" for name in rates)
            print(f"{architecture:<22}{work / 1e6:>12.2f}{shares}", flush=True)
