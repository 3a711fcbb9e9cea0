"""The list of all models with their parameter counts, kept on disk: counting builds every model, which takes seconds."""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from simulate.runs.files import atomic


def _key() -> str:
    """Digest of the files that describe models, and the version of the library that counts operations."""
    sources = sorted(Path(__file__).parent.rglob("*.py"))
    digest = hashlib.sha256(version("torch").encode())
    for path in sources:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def listed(sizes: Sequence[str], flops: bool, workspace: Path) -> list[dict[str, Any]]:
    """`architectures.models(sizes, flops)`, of all sizes if none is named: read from the workspace, or counted and kept there.

    What is on disk is used only if no file that describes a model has changed since. Raises UserError for an unknown size.
    """
    path = workspace / "models.json"
    name = f"{_key()} {','.join(sizes)} {'flops' if flops else ''}".strip()
    kept: Any = None
    try:
        kept = json.loads(path.read_text())
        if isinstance(kept[name], list):
            return kept[name]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    from realmodels.model.architectures import SIZES, models

    rows = json.loads(json.dumps(models(tuple(sizes) or tuple(SIZES), flops)))
    fresh = {other: value for other, value in (kept if isinstance(kept, dict) else {}).items() if other.startswith(_key())}
    try:
        with atomic(path) as temporary:
            temporary.write_text(json.dumps({**fresh, name: rows}))
    except OSError:  # a list that cannot be kept is counted again
        pass
    return rows
