"""The state of a stream of writes on disk, so that one that was killed goes on and ends with the same bytes.

One safetensors file, replaced in one step: whatever the moment of a kill, the last whole state is there. Beside the tensors it
holds what the state belongs to (model, facts, method, settings): a stream of other facts never goes on from it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from realmodels.model.about import reason
from simulate.runs.files import atomic
from theory.errors import UserError

KEY = "state"  # of the metadata; a second entry would lie in the file in no fixed order


def save_state(path: Path, tensors: Mapping[str, Tensor], of: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Write a state: `tensors` (of any type and shape; each is kept bit for bit) and two texts of JSON values.

    of: what the state belongs to, the same at every call of a stream. about: the rest of the state: tasks done, scores, ...
    Numbers must be finite. Raises TypeError or ValueError for what JSON cannot hold.
    """
    held = {name: tensor.detach().to("cpu").contiguous().clone() for name, tensor in sorted(tensors.items())}
    about_text, of_text = (json.dumps(value, sort_keys=True, allow_nan=False) for value in (about, of))
    told = {"about": about_text, "of": of_text, "sha256": _sha(held, about_text, of_text)}
    with atomic(path) as temporary:
        save_file(held, str(temporary), {KEY: json.dumps(told, sort_keys=True)})


def load_state(
    path: Path, of: Mapping[str, Any], note: Callable[[str], None] = lambda sentence: None
) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """(tensors, about) of the state at `path`; None if there is none, or none that is whole: `note` is then told why.

    Raises UserError if it is the state of something else: it names what differs.
    """
    if not path.exists():
        return None
    try:
        with safe_open(str(path), "pt") as file:
            told = json.loads((file.metadata() or {})[KEY])
            held = {name: file.get_tensor(name) for name in sorted(file.keys())}
        if told["sha256"] != _sha(held, told["about"], told["of"]):
            raise ValueError("its content is not what its digest says")
        about, found = json.loads(told["about"]), json.loads(told["of"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        note(f"{path} is damaged ({reason(error)}), so the stream starts anew")
        return None
    wanted = json.loads(json.dumps(of))
    if found != wanted:
        different = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
        raise UserError(
            f"{path} is the state of another stream ({', '.join(different)} differ): give the same command again, or remove it"
        )
    return held, about


def _sha(tensors: Mapping[str, Tensor], *texts: str) -> str:
    """SHA-256 of the texts and of name, type, shape and bytes of every tensor."""
    whole = hashlib.sha256(json.dumps(texts).encode())
    for name, tensor in sorted(tensors.items()):
        whole.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        whole.update(memoryview(tensor.reshape(-1).view(torch.uint8).numpy()))
    return whole.hexdigest()
