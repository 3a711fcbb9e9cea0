"""Text that writes should leave alone: windows of it, by which it is measured what a write does to the rest of the model.

Methods that protect a text by its statistics are given other windows of the same source. On those from which a method takes its
statistics it would look better than it is: a closed-form editor leaves alone whatever keys it has seen.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from realmodels.model.loaded import Loaded
from realmodels.model.reading import context
from realmodels.text.corpora import HELDOUT, SOURCES, place
from theory.errors import UserError

WINDOWS, LENGTH = 8, 128  # of tokens; a window of text is read by itself, from its beginning
BESIDE = 64  # windows for statistics: 8,192 tokens, five times the inputs of the widest matrix of smollm2


@dataclass(frozen=True)
class Protected:
    """Windows of text: tokens [W, L]; bytes: of UTF-8 that the tokens [:, 1:] stand for; about: what text it is, in words.

    beside [B, L]: windows of the same source for statistics. They share no token with those above, except where the source is
    too short for others: then they are those above (`twice`).
    """

    tokens: Tensor
    bytes: int
    about: str
    beside: Tensor

    @property
    def twice(self) -> bool:
        """Whether statistics come from the very windows by which it is measured what a write does to the text."""
        return torch.equal(self.beside, self.tokens)


@cache
def _packaged() -> tuple[str, str]:
    """Summaries of Wikipedia articles that no model trained here has read: every tenth of those held out, and all others."""
    texts = [document.text for document in SOURCES["wiki"]() if place(f"wiki/split/{document.group}") < HELDOUT]
    others = [text for number, text in enumerate(texts) if number % 10]
    return "\n\n".join(texts[::10]), "\n\n".join(others)


def protected(loaded: Loaded, source: str | Path | None = None) -> Protected:
    """WINDOWS windows of LENGTH tokens of the text file `source` (of packaged text without one), or of less if it is shorter.

    Windows are spread evenly over the text. Raises UserError for a file that cannot be read or has too little text for one
    window of two tokens.
    """
    if source is None:
        (text, other), about = _packaged(), "held-out summaries of Wikipedia articles"
    else:
        text, other, about = readable(source), "", f"text file {source}"
    ids, start = loaded.words.encode(text), list(loaded.words.start)
    inside = min(LENGTH, context(loaded.model), len(start) + len(ids)) - len(start)
    if inside < 1 or len(start) + inside < 2:
        raise UserError(f"{about} has {len(ids)} tokens, too few to measure by: give more text")
    count = min(WINDOWS, len(ids) // inside)
    step = len(ids) // count
    begins = [number * step for number in range(count)]
    rows = [[*start, *ids[begin : begin + inside]] for begin in begins]
    scored = sum(loaded.words.bytes(row[1:]) for row in rows)
    about = f"{about}: {count} windows of {len(start) + inside} tokens"
    if other:
        ids = loaded.words.encode(other)
        free = list(range(0, len(ids) - inside + 1, inside))
    else:
        free = [at for begin in begins for at in range(begin + inside, min(begin + step, len(ids)) - inside + 1, inside)]
    chosen = free[:: -(-len(free) // BESIDE)] if free else []
    beside = [[*start, *ids[begin : begin + inside]] for begin in chosen]
    return Protected(torch.tensor(rows), scored, about, torch.tensor(beside or rows))


def readable(source: str | Path) -> str:
    """The text of a file. Raises UserError for one that cannot be read, or that is not UTF-8."""
    path = Path(source)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    except (OSError, ValueError) as error:  # a null byte in the name
        told = getattr(error, "strerror", None) or error
        raise UserError(f"text file {path} cannot be read ({told}): give the path of a text file") from None
    if "\0" in text:
        raise UserError(f"text file {path} is not text in UTF-8: save it as UTF-8")
    return text
