"""Folders of toy models: what is changed in them, and the line by which one is refused."""

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from realmodels.model.loaded import load
from theory.errors import UserError

INDEX = "model.safetensors.index.json"


def edit(path: Path, **changes) -> None:
    """Change entries of a JSON file; None removes one."""
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def tensors(folder: Path, change) -> None:
    """Apply `change` to the dictionary of tensors of a folder of one file, and write it back."""
    found = load_file(folder / "model.safetensors")
    change(found)
    save_file(found, folder / "model.safetensors", {"format": "pt"})


def refused(folder: Path, match: str) -> str:
    """The line by which a folder is refused."""
    with pytest.raises(UserError, match=match) as raised:
        load(folder)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500
    return str(raised.value)
