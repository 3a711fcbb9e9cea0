"""One pretraining step of every architecture at one size: tokens a second, cost over dense, share of the product rate.

All take turns in one run. A model that trains in stages counts each as often as the recipe does.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from realmodels.model.architectures import ARCHITECTURES, flops_per_token
from realmodels.text.encoded import Encoded, encoded
from realmodels.training.loop import Run, one_thread
from realmodels.training.recipe import PretrainConfig, config
from tests.benchmarks.timing import interleaved, product_rates


def stages(config: PretrainConfig) -> dict[int, float]:
    """{a step of each stage: steps of that stage for each step in which the language model learns}."""
    dense = config.steps - config.sparse_steps
    counts = {0: dense, dense: config.warmup_steps, dense + config.warmup_steps: config.sparse_steps}
    return {step: count / config.steps for step, count in counts.items() if count}


def step(config: PretrainConfig, text: Encoded, at: int) -> Callable[[], None]:
    """A function that makes the training step `at`, again and again."""
    run = Run(config, text, "cpu")
    run.evaluated_after = set()

    def make() -> None:
        run.step = at
        run.advance()

    return make


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print; operations are those of matrix products, forward and backward, as `flops_per_token` counts them."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks parts", description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="medium")
    parser.add_argument("--batch", type=int, default=8, help="windows of a step")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of which the fastest counts")
    parser.add_argument("--product", type=int, default=1024, help="rows of the matrices whose products set the rate")
    parser.add_argument("--workspace", type=Path, default=Path("build"), help="where the encoded text is kept")
    given = parser.parse_args(arguments)
    kinds = ("float32", "bfloat16")
    configs = {
        (name, kind): config(name, given.size, 0, "quick", batch=given.batch, precision=kind)
        for name in ARCHITECTURES
        for kind in kinds
    }
    one = configs["dense", "float32"]
    text = encoded(one.corpus, one.model.vocabulary, given.workspace)
    with one_thread():
        rates = product_rates(given.product, given.repeats)
        runs = {(*key, at): step(made, text, at) for key, made in configs.items() for at in stages(made)}
        times = interleaved(runs, given.repeats)
    print("products: " + ", ".join(f"{rate / 1e9:.0f} GFLOP/s {name}" for name, rate in rates.items()))
    head = "".join(f"{kind + ' tokens/s':>20}{'cost':>7}{'share':>7}" for kind in kinds)
    print(f"{'architecture':<22}{'MFLOP/token':>12}{head}")
    seconds = {key: sum(share * times[(*key, at)] for at, share in stages(made).items()) for key, made in configs.items()}
    for name in ARCHITECTURES:
        work, line = 3 * flops_per_token(configs[name, "float32"].model), ""
        for kind in kinds:
            speed = given.batch * one.model.context / seconds[name, kind]
            line += f"{speed:>20,.0f}{seconds[name, kind] / seconds['dense', kind]:>7.2f}{speed * work / rates[kind]:>7.0%}"
        print(f"{name:<22}{work / 1e6:>12.2f}{line}", flush=True)
