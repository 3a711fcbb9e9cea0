"""`written.json`: what a folder says of the deltas that were put on it, the last one last.

A model of ours also says it in its config.json, which holds the digest of the weights; the text of that file before the delta is
kept in the log, so that it comes back byte for byte.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from realmodels.model import checkpoint
from realmodels.model.about import CONFIG, MODEL
from realmodels.model.identity import is_ours
from realmodels.writing.delta import Delta
from simulate.runs.files import read_json, write_json
from theory.errors import UserError

WRITTEN, FORMAT = "written.json", "compression-writability written 1"


def written_log(folder: Path) -> dict[str, Any]:
    """What `written.json` of a folder says; nothing if there is none."""
    if not (folder / WRITTEN).exists():
        return {"format": FORMAT, "applied": []}
    log = read_json(folder / WRITTEN, "copy the folder again")
    entries = log.get("applied") if isinstance(log, Mapping) else None
    sound = isinstance(entries, list) and all(
        isinstance(entry, Mapping) and isinstance(entry.get("delta"), str) and isinstance(entry.get("after"), int)
        for entry in entries
    )
    if not sound or log.get("format") != FORMAT:
        raise UserError(f"{folder / WRITTEN} is damaged or of another version: copy the folder again or make it anew")
    return dict(log)


def log_in(delta: Delta, folder: Path, log: Mapping[str, Any], start: int, end: int, left_out: list[str]) -> None:
    """Say in the folder what is written in it; in one of ours also in config.json, which holds the digest of the weights.

    start, end: the state of the delta that the folder was in, and the one that it is in now. Raises UserError if a folder of ours
    has lost the configuration of the base, or its files do not belong together.
    """
    before = [entry for entry in log["applied"] if entry["delta"] != delta.sha256]
    mine = next((entry for entry in log["applied"] if entry["delta"] == delta.sha256), None)
    ours = is_ours(folder)
    told = {"delta": delta.sha256, "base": delta.about["base"], "after": delta.afters[end], "left_out": left_out}
    told |= {"tasks": delta.about["tasks"][: delta.afters[end]], "written": delta.about["written"]}
    if ours:
        if start and mine is None:
            raise UserError(f"{WRITTEN} is missing, which holds the configuration of the base: copy the folder again")
        first = mine.get("config") if mine else (folder / CONFIG).read_text(encoding="utf-8")  # as it was before this delta
        told |= {"config": first}
        text = first if end == 0 else _config(first, folder, told)
        (folder / CONFIG).write_text(str(text), encoding="utf-8", newline="")
    applied = [*before, told] if end else before
    if applied:
        write_json(folder / WRITTEN, {"format": FORMAT, "applied": applied})
    else:
        (folder / WRITTEN).unlink(missing_ok=True)
    if ours:
        checkpoint.read(folder)


def _config(first: Any, folder: Path, told: Mapping[str, Any]) -> str:
    """config.json of a checkpoint of ours with its weights written. first: its text before. UserError if that is none."""
    try:
        config = json.loads(first)
        config["sha256"][MODEL] = hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()
        config["meta"] = dict(config["meta"])
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{WRITTEN} is damaged: it does not hold the configuration of the base: copy the folder again") from None
    written = {"method": told["written"].get("method"), "delta": told["delta"], "after": told["after"]}
    config["meta"] = {**config["meta"], "written": {**told["written"], **written}}
    return json.dumps(config, indent=1, sort_keys=True, allow_nan=False)
