"""From the name of a writing method to a `Writer`: which methods there are, and how one is bound to a model.

A method is a file of this folder that binds `METHOD`: a function (model, background, **options) -> Writer. It is known by the
name of its file. A new method is a new file; nothing else has to be edited.
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

from realmodels.model.transformer import Transformer
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts
from simulate.runs.fingerprint import code_fingerprint
from theory.errors import UserError


def names() -> list[str]:
    """Names of all methods, sorted."""
    package = importlib.import_module(__package__)
    return sorted(info.name for info in pkgutil.iter_modules(package.__path__) if _method(info.name) is not None)


def _method(name: str) -> Callable[..., Writer] | None:
    """The function of the method of this name; None if no file of this folder has the name and binds `METHOD`."""
    module = f"{__package__}.{name}"
    if not name.isidentifier():
        return None
    try:
        return getattr(importlib.import_module(module), "METHOD", None)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None


def bind(name: str, model: Transformer, background: Facts, **options: Any) -> Writer:
    """The method of this name, bound to a model that nothing has been written into yet.

    background: prompts of the form of the stream, none of which the stream contains. options: arguments of the method's own
    function; its defaults are the configuration of the paper. Raises UserError if there is no method of this name or the
    model cannot be written so.
    """
    method = _method(name)
    if method is None:
        raise UserError(f"unknown method {name!r}: choose one of {', '.join(names())}")
    return method(model, background, **options)


def code(name: str) -> str:
    """Fingerprint of the code of a method. A method is imported by its name, which a fingerprint of imports does not see."""
    return code_fingerprint(f"{__package__}.{name}")
