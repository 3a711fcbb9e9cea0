"""The two presets: quick (minutes, under build/) and paper (hours, the committed results)."""

from typing import Literal

Preset = Literal["quick", "paper"]
PRESETS: tuple[Preset, ...] = ("quick", "paper")
