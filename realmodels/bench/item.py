"""What is asked: a prompt, and an answer whose symbols are drawn from an alphabet, evenly and independently of all else.

So what there is to know is counted, not estimated: log2 A bits for each symbol of an alphabet of A.
"""

import math
from dataclasses import dataclass

SIGNS = ".,;:!?\"'()"


@dataclass(frozen=True)
class Item:
    """prompt: ends where the answer begins. answer: its symbols, each with a space before it. alphabet: the symbols that each
    of them was drawn from, without the space."""

    prompt: str
    answer: str
    alphabet: tuple[str, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols of the answer: its words, or all of it if the whole answer is one symbol."""
        whole = self.answer.removeprefix(" ")
        return (whole,) if whole in self.alphabet else tuple(whole.split(" "))

    @property
    def bits(self) -> float:
        """What there is to know."""
        return len(self.symbols) * math.log2(len(self.alphabet))

    def right(self, said: str) -> list[bool]:
        """Which symbols of what was said are right: the first words of it; what comes behind them does not count.

        A symbol that has several words has to begin what was said, and to end where a word ends.
        """
        if len(self.symbols) == 1:
            told, symbol = said.lstrip(), self.symbols[0]
            return [told.startswith(symbol) and not told[len(symbol) : len(symbol) + 1].isalnum()]
        words = [word.strip(SIGNS) for word in said.split()]
        return [word == symbol for word, symbol in zip([*words, *[""] * len(self.symbols)], self.symbols, strict=False)]
