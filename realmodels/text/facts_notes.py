"""What is worth a word about a file of facts but is no mistake: each kind once, with its count and its first place."""

from typing import Any

SHOWN = 8  # names that a note lists; it counts the others


class Notes:
    """Collects notes while facts are read; `lines` are sentences to print."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[int, str]] = {}
        self._unused: dict[str, int] = {}

    def add(self, kind: str, place: str) -> None:
        """Count one more case of a kind of note; of the first, the place is kept."""
        count, first = self._kinds.get(kind, (0, place))
        self._kinds[kind] = (count + 1, first)

    def unused(self, name: str) -> None:
        """Count a field that is not read."""
        self._unused[name] = self._unused.get(name, 0) + 1

    @property
    def lines(self) -> tuple[str, ...]:
        """Every kind as one line, in order of first appearance; fields that are not read come last, all in one line."""
        lines = [f"{kind} ({count} in all, the first in {first})" for kind, (count, first) in self._kinds.items()]
        if self._unused:
            shown = ", ".join(brief(name) for name in list(self._unused)[:SHOWN])
            more = f" and {len(self._unused) - SHOWN} more" if len(self._unused) > SHOWN else ""
            lines.append(f"fields that are not used: {shown}{more}")
        return tuple(lines)


def brief(value: Any) -> str:
    """What a value is, in ASCII and short enough for a message."""
    try:
        text = ascii(value[:60] if isinstance(value, str) else value)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
