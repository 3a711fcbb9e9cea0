"""Ways to write a task into a model, one file each: `bind(name, model, background, **options)` gives a `Writer`."""

from collections.abc import Callable
from typing import Any

from realmodels.model.transformer import Transformer
from realmodels.writing.methods.full import full
from realmodels.writing.methods.last_matrix import last_matrix
from realmodels.writing.methods.off_mode import off_mode
from realmodels.writing.methods.sparse_memory import sparse_memory
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts
from theory.errors import UserError

METHODS: dict[str, Callable[..., Writer]] = {
    "full": full,
    "last_matrix": last_matrix,
    "off_mode": off_mode,
    "sparse_memory": sparse_memory,
}


def bind(name: str, model: Transformer, background: Facts, **options: Any) -> Writer:
    """The method of this name, bound to a model; UserError if there is none of this name or the model cannot be written so.

    background: stream-like prompts none of which the stream contains. It must be called before anything is written.
    """
    if name not in METHODS:
        raise UserError(f"unknown method {name!r}: choose one of {', '.join(METHODS)}")
    return METHODS[name](model, background, **options)
