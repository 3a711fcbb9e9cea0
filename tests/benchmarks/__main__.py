"""Speed, as ratios within one run: `python -m tests.benchmarks [NAME ...]`, or `make bench`, in the root of a checkout.

commands    the everyday commands in a fresh process: seconds
delta_rule  the core of the simulations: share of the machine's product rate, ratio to a NumPy loop, growth
race        training a language model against nanoGPT's recipe: tokens a second, and loss after equal time
parts       one pretraining step of every architecture: tokens a second, cost over dense, share of the machine's product rate
tables      a training step of a memory layer by the number of its slots
kernel      the logit kernel of many facts against per-sample gradients of torch.func: time and memory
contexts    attention layers by the length of the text
off_mode    a step of AdamW on smollm2 with its updates kept off-mode, over one without
"""

import importlib
import sys

NAMES = ("commands", "delta_rule", "race", "parts", "tables", "kernel", "contexts", "off_mode")


def main(arguments: list[str]) -> int:
    """Run the benchmarks named (default: all); options after a single name are handed to it."""
    names = [word for word in arguments if word in NAMES] or list(NAMES)
    options = [word for word in arguments if word not in NAMES]
    if options and len(names) > 1:
        print(f"{__doc__}\noptions are taken with one name only: {' '.join(options)}", file=sys.stderr)
        return 2
    for name in names:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"tests.benchmarks.{name}").main(options)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
