"""The reference that forgets nothing: every text that it is written is kept, word by word. No network is needed for that.

Its state is the words of all prompts and answers, each one of those that it has met: log2 of their number in bits.
"""

import math
from collections.abc import Sequence


class Table:
    """A table from prompts to answers."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.words: set[str] = set()
        self.count = 0

    @property
    def state_bits(self) -> float:
        """Bits of the words that are kept."""
        return max(1.0, self.count * math.log2(max(2, len(self.words))))

    def write(self, task: Sequence[tuple[str, str]]) -> None:
        """Keep the task."""
        for prompt, answer in task:
            words = [*prompt.split(), *answer.split()]
            self.words |= {*words}
            self.count += len(words)
            self.answers[prompt] = answer

    def answer(self, prompt: str) -> str:
        """What was kept for the prompt."""
        return self.answers.get(prompt, "")
