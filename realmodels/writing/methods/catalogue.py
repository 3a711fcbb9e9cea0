"""The writing methods that are compared, and the runs that are reported.

This file imports no torch, so that figures and tests can read it quickly. It is the only list of names and titles. What a
method does stands in the file of its name in this folder (`realmodels.writing.methods.binding` finds it there).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A method in words and numbers.

    title: its name in figures, tables and text. learning_rates: the grid that the experiment `streams` tries, in ascending
    order, from too small to learn a task to more than enough.
    """

    title: str
    learning_rates: tuple[float, ...]


METHODS: dict[str, Method] = {
    "full": Method("full finetuning", (0.001, 0.003, 0.01, 0.03, 0.1)),
    "last_matrix": Method("last matrix only", (0.03, 0.1, 0.3, 1.0, 3.0)),
    "off_mode": Method("off-mode writing", (0.03, 0.1, 0.3, 1.0, 3.0)),
    "sparse_memory": Method("sparse memory finetuning", (30.0, 100.0, 300.0, 1000.0, 3000.0)),
}

MODELS = ("dense", "memory", "dsa")
"""The architectures that streams of facts are written into."""

Run = tuple[str, str]
"""(architecture, method)"""

RUNS: tuple[Run, ...] = (
    ("dense", "full"),
    ("memory", "full"),
    ("dsa", "full"),
    ("dense", "last_matrix"),
    ("dense", "off_mode"),
    ("memory", "sparse_memory"),
)
"""The combinations that are written, forecast and reported, in the order of the tables."""
