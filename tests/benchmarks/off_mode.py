"""A training step of smollm2 with AdamW, free and with its linear layers kept off-mode: time, and state.

The step is one batch through the model, backward, and the optimizer's step; off-mode adds the projection of the weights.
"""

import argparse
from collections.abc import Callable, Sequence

import torch

import realmodels
from realmodels.training.loop import one_thread
from tests.benchmarks.timing import interleaved

BACKGROUND = [
    "The capital of France is",
    "The airport of Tokyo has the code",
    "A river carries rain to the sea, and sand with it.",
]


def step(loaded: realmodels.Loaded, tokens: torch.Tensor, where: str | None, k: int) -> tuple[Callable[[], None], int]:
    """(a function that makes one step, numbers that off-mode keeps); where None: free."""
    model = loaded.copy()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    kept = 0
    if where is not None:
        off = realmodels.OffMode(model, BACKGROUND * 8, where=where, k=k, tokenizer=loaded.tokenizer)
        off.restrict(optimizer)
        kept = off.state_numbers

    def make() -> None:
        model(input_ids=tokens, labels=tokens).loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return make, kept


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks off_mode", description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=512, help="tokens of a batch, in texts of 128")
    parser.add_argument("--k", type=int, default=12, help="directions of each matrix")
    parser.add_argument("--repeats", type=int, default=3, help="rounds of which the fastest counts")
    given = parser.parse_args(arguments)
    loaded = realmodels.load("smollm2")
    size = sum(p.numel() for p in loaded.model.parameters())
    tokens = torch.randint(100, 40_000, (max(1, given.tokens // 128), 128), generator=torch.Generator().manual_seed(0))
    places = {"free": None, "feed-forward output": "feedforward.output", "all linear layers": "all"}
    with one_thread():
        made = {name: step(loaded, tokens, where, given.k) for name, where in places.items()}
        seconds = interleaved({name: run for name, (run, _) in made.items()}, given.repeats)
    print(f"{'AdamW on all weights':<24}{'seconds':>9}{'cost':>8}{'state':>9}  of the model")
    for name, (_, kept) in made.items():
        print(f"{name:<24}{seconds[name]:>9.2f}{seconds[name] / seconds['free']:>8.3f}{kept / size:>9.2%}")


if __name__ == "__main__":
    main()
