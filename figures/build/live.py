"""The live view of one training: how far it is, how fast, and the shape of its loss so far."""

import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from simulate.runs.progress import clear, report

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 16  # bars shown
EVERY = 10  # steps between reports


def sparkline(values: list[float], width: int = WIDTH) -> str:
    """At most `width` bars, each the mean of as many neighbouring values, between the least (low) and the largest (high)."""
    if not values:
        return ""
    count = min(width, len(values))
    edges = [len(values) * i // count for i in range(count + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
    low, high = min(means), max(means)
    return "".join(BARS[round((len(BARS) - 1) * (mean - low) / (high - low))] if high > low else BARS[0] for mean in means)


@dataclass
class Live:
    """A callback (step, steps, loss) that reports a training under way as `label`; `tokens` are those of one step.

    Used in a `with` block, it withdraws its report at the end, whatever the end is, and those of dead trainings at the start.
    """

    workspace: Path
    label: str
    tokens: int
    losses: list[float] = field(default_factory=list)
    start: tuple[float, int] | None = None

    def __call__(self, step: int, steps: int, loss: float) -> None:
        """Take note of one step; every EVERY steps, report."""
        if self.start is None:
            self.start = (time.monotonic(), step)
        self.losses.append(loss)
        if step % EVERY == 0 or step == steps:
            seconds = time.monotonic() - self.start[0]
            speed = self.tokens * (step - self.start[1]) / seconds if seconds > 0 else 0.0
            report(self.workspace, self.label, step, steps, f"{sparkline(self.losses)} loss {loss:.2f} {speed:,.0f} tokens/s")

    def __enter__(self) -> "Live":
        clear(self.workspace)
        return self

    def __exit__(self, *_: object) -> None:
        clear(self.workspace, self.label)
