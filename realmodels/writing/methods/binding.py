"""From the name of a writing method to a `Writer`: which methods there are, and how one is bound to a model.

A method is a file of this folder that binds `METHOD`: a function (model, background, **options) -> Writer. It is known by the
name of its file. A new method is a new file; nothing else has to be edited.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from realmodels.writing.methods.writer import Background, Writer
from realmodels.writing.outputs import Facts
from simulate.runs.fingerprint import code_fingerprint
from theory.errors import UserError


def names() -> list[str]:
    """Names of all methods, sorted."""
    package = importlib.import_module(__package__)
    return sorted(info.name for info in pkgutil.iter_modules(package.__path__) if _method(info.name) is not None)


def methods() -> dict[str, dict[str, Any]]:
    """{method: {"about": what it does, in a sentence, "options": {option: default}}}, from its file."""
    found = {}
    for name in names():
        module = importlib.import_module(f"{__package__}.{name}")
        about = " ".join((module.__doc__ or "").split("\n\n")[0].split())
        options = list(inspect.signature(_known(name)).parameters.values())[2:]
        found[name] = {"about": about, "options": {option.name: option.default for option in options}}
    return found


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


def _known(name: str) -> Callable[..., Writer]:
    """The function of the method of this name. Raises UserError if there is none."""
    method = _method(name)
    if method is None:
        raise UserError(f"unknown method {name!r}: choose one of {', '.join(names())}")
    return method


def bind(name: str, model: nn.Module, background: Background | Facts, **options: Any) -> Writer:
    """The method of this name, bound to a model that nothing has been written into yet.

    background: what a method may look at besides the tasks; `Facts` are prompts without text. options: arguments of the
    method's own function; its defaults are the configuration of the paper. Raises UserError if there is no method of this name,
    if it has no such option, or if the model cannot be written so.
    """
    method = _known(name)
    known = list(inspect.signature(method).parameters)[2:]
    if unknown := [option for option in options if option not in known]:
        raise UserError(f"method {name!r} has no option {unknown[0]!r}: it has {', '.join(known) or 'none'}")
    return method(model, Background(background) if isinstance(background, Facts) else background, **options)


def code(name: str) -> str:
    """Fingerprint of the code of a method. A method is imported by its name, which a fingerprint of imports does not see."""
    return code_fingerprint(f"{__package__}.{name}")


def typed(name: str, words: Sequence[str]) -> dict[str, Any]:
    """Options of a method from words "name=value", in the types that its function declares.

    Raises UserError for a word of another form, an unknown option, one that is given twice, or a value of another type.
    """
    known = inspect.signature(_known(name)).parameters
    found: dict[str, Any] = {}
    for word in words:
        option, equals, text = word.partition("=")
        if not equals or not option:
            raise UserError(f"option {word!r} is not of the form name=value: write for instance where=24")
        if option in found:
            raise UserError(f"option {option!r} is given twice: give it once")
        if option not in list(known)[2:]:
            raise UserError(f"method {name!r} has no option {option!r}: it has {', '.join(list(known)[2:]) or 'none'}")
        kind = type(known[option].default)
        try:
            found[option] = {"true": True, "false": False}[text.lower()] if kind is bool else kind(text)
        except (KeyError, ValueError):
            raise UserError(
                f"option {word!r}: {text!r} is no {kind.__name__}: the default is {known[option].default!r}"
            ) from None
    return found
