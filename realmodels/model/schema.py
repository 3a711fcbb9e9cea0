"""What a checkpoint may say of itself: every field of its config.json against its type and range, and against the tensors.

The configuration of a model is small and fully typed, so that it is checked field by field here. Whatever the parts of a model
make of sizes that are each in range is found by building the model without numbers (PyTorch's "meta" device) and comparing the
shapes of its tensors with those in the file, before any memory is taken.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, get_args

import torch
from torch import Tensor

from realmodels.model.config import ModelConfig
from realmodels.model.part import Kind, names
from realmodels.model.transformer import Transformer
from theory.errors import UserError

LARGEST = {  # of each whole number; the smallest is 1
    "vocabulary": 2**24,
    "context": 2**24,
    "width": 2**20,
    "layers": 2**12,
    "heads": 2**12,
    "hidden": 2**24,
}
SHOWN = 3  # names that a message lists; it counts the others


def config_digest(config: Mapping[str, Any]) -> str:
    """SHA-256 of a model's configuration as canonical JSON: it stands beside the weights, so that neither changes alone."""
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()


def checked_config(values: Any, where: str) -> ModelConfig:
    """The configuration in a dictionary of JSON values. Raises UserError naming the field that is missing, unknown or wrong."""
    if not isinstance(values, Mapping):
        raise UserError(f'{where}: "model" is no object: copy the checkpoint again or train the model anew')
    fields = {field.name for field in dataclasses.fields(ModelConfig)}
    for name in sorted(fields - set(values)):
        _refuse(where, name, "missing")
    for name in sorted(set(values) - fields):
        _refuse(where, name, "no field of this version's")
    for name in ("architecture", "size"):
        if not isinstance(values[name], str) or not values[name]:
            _refuse(where, name, f"{values[name]!r} and has to be a text")
    for name, most in LARGEST.items():
        value = values[name]
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            _refuse(where, name, f"{str(value)[:40]!r} and has to be a whole number from 1 to {most}")
    if values["width"] % values["heads"]:
        _refuse(where, "heads", f"{values['heads']}, which does not divide the width {values['width']}")
    for kind in get_args(Kind):
        _check_parts(values, kind, where)
    _check_hyperparameters(values["hyperparameters"], where)
    return ModelConfig.from_json(dict(values))


def _refuse(where: str, name: str, wrong: str) -> None:
    raise UserError(f"{where}: {name} is {wrong}: copy the checkpoint again or train the model anew")


def _check_parts(values: Mapping[str, Any], kind: Kind, where: str) -> None:
    parts = values[kind]
    if not isinstance(parts, list) or len(parts) != values["layers"]:
        count = len(parts) if isinstance(parts, list) else "no list of"
        _refuse(where, kind, f"{count} parts and has to name one for each of {values['layers']} layers")
    known = names(kind)
    for part in parts:
        if part not in known:
            _refuse(where, kind, f"{str(part)[:40]!r}, which is none of {', '.join(known)}")


def _check_hyperparameters(values: Any, where: str) -> None:
    if not isinstance(values, Mapping):
        _refuse(where, "hyperparameters", "no object")
    for part, own in values.items():
        if not isinstance(own, Mapping):
            _refuse(where, f"hyperparameters.{part}", "no object")
        for name, value in own.items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not math.isfinite(value) or not 0 <= value <= 2**24:
                _refuse(where, f"hyperparameters.{part}.{name}", f"{str(value)[:40]!r} and has to be a number from 0 to {2**24}")


def shapes(config: ModelConfig, where: str) -> dict[str, tuple[int, ...]]:
    """Shapes of all tensors of the model, by name. Raises UserError if its parts cannot be built with these sizes."""
    try:
        with torch.device("meta"):
            return {name: tuple(tensor.shape) for name, tensor in Transformer(config).state_dict().items()}
    except Exception as error:  # whatever a part makes of sizes that do not go together, the cure is the same
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        raise UserError(f"{where}: no model can be built with these sizes ({reason}): train the model anew") from None


def check_tensors(tensors: Mapping[str, Tensor], config: ModelConfig, where: str, weights: str) -> None:
    """Raises UserError if the tensors are not those of this configuration, or one holds a number that is not finite."""
    expected = shapes(config, where)
    missing, extra = sorted(set(expected) - set(tensors)), sorted(set(tensors) - set(expected))
    if missing or extra:
        told = [f"{word} {_some(wrong)}" for word, wrong in (("lacks", missing), ("has the unknown", extra)) if wrong]
        raise UserError(f"{weights} {' and '.join(told)}: it is not of the model that {where} describes")
    for name, shape in expected.items():
        if tuple(tensors[name].shape) != shape:
            has = tuple(tensors[name].shape)
            raise UserError(f"{weights}: {name} has shape {has} and not {shape}: it is not of the model that {where} describes")
    check_finite(tensors, weights)


def check_finite(tensors: Mapping[str, Tensor], weights: str) -> None:
    """Raises UserError naming the tensors that hold a number that is not finite."""
    broken = [name for name, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())]
    if broken:
        raise UserError(f"{weights}: {_some(broken)} holds NaN or infinity: the training or writing diverged; train anew")


def _some(wrong: list[str]) -> str:
    more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return f"{', '.join(wrong[:SHOWN])}{more}"
