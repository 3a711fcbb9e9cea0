"""What `cwb apply` and `cwb revert` answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from simulate.runs.answer import Answer, field, short

LITTLE = 0.5  # of an update: if less of it survives rounding, a warning
LONG = ("folder", "written", "left_out", "lost_in_rounding", "ruined")  # told below the numbers
ROWS, HEX = 12, 12  # tensors, and digits of a digest, that the text shows


@dataclass(frozen=True)
class Applied(Answer):
    """What a delta holds, or what was made of a model with it."""

    folder: str | None = field("", "Folder that was made.")
    applied: int | None = field("tasks", "Tasks that are written in it; 0 is the base.")
    tasks: int = field("tasks", "Tasks that the delta holds.")
    states: str = field("", "Numbers of tasks that --to-task can give.")
    base: str = field("", "Name of the folder that the delta was made from.")
    base_sha256: str = field("", "Digest of that model's configuration and tensors.")
    delta_sha256: str = field("", "Digest of the delta's content.")
    changed: int = field("numbers", "Numbers that differ from the base after the last task.")
    update_norm: float = field("weight", "Norm of the update, after the last task.")
    survives: float = field("share", "What the type of the file left of the update u, by rounding it to r: <r, u> / |u|^2.")
    rounding_error: float = field("share", "What rounding took away or added: |r - u| / |u|.")
    lost_in_rounding: Sequence[str] = field("", "Tensors that were written, and of which the type of the file left nothing.")
    left_out: Sequence[str] = field("", "Files of the model that were not copied: weights in other formats, not written.")
    ruined: str | None = field("", "Why the written model is not worth having.")
    written: Mapping[str, Any] = field("", "Method, settings and facts, as the delta tells them.")
    tensor: Sequence[str] = field("", "Tensor that the delta changes; all others stay as they are.", column=True)
    tensor_changed: Sequence[int] = field("numbers", "Numbers of it that change.", column=True)
    tensor_update: Sequence[float] = field("share", "Norm of its update by its own norm.", column=True)
    tensor_survives: Sequence[float | None] = field("share", "As survives.", column=True)

    @property
    def warnings(self) -> list[str]:
        """Sentences that say why the result may not be worth what it seems."""
        found = [f"The written model is not worth having: {self.ruined}."] if self.ruined and self.applied != 0 else []
        if self.survives < LITTLE:
            found.append(f"Rounding to the type of the file left {self.survives:.0%} of the update: the facts may not be there.")
        return found

    def lines(self) -> list[tuple[str, Any, str, str]]:
        """As every answer, without what is long and empty."""
        return [line for line in super().lines() if line[0] not in LONG or line[1]]

    def to_dict(self) -> dict[str, Any]:
        """As every answer, with `warnings`."""
        return {**super().to_dict(), "warnings": self.warnings}

    def show(self) -> str:
        """The text of the command line; of many tensors those that moved most."""
        order = sorted(range(len(self.tensor)), key=lambda i: -self.tensor_update[i])[:ROWS]
        columns = {name: [getattr(self, name)[i] for i in order] for name in self._fields(column=True)}
        brief = {"base_sha256": self.base_sha256[:HEX], "delta_sha256": self.delta_sha256[:HEX]}
        shown = {name: getattr(self, name) for name in LONG if getattr(self, name)}
        lines = [super(Applied, replace(self, **columns, **brief, **dict.fromkeys(shown))).show(), ""]
        for name, value in shown.items():
            told = [f"{key} {short(entry)}" for key, entry in value.items()] if isinstance(value, Mapping) else [short(value)]
            lines += [f"{name}: {self.meanings()[name]}", *(f"  {line}" for line in told)]
        if len(self.tensor) > ROWS:
            lines.append(f"These are the {ROWS} of {len(self.tensor)} tensors that moved most; --json lists all.")
        return "\n".join([*lines, *(f"Warning: {warning}" for warning in self.warnings)])
