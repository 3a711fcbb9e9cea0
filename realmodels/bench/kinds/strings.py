"""Random strings: a key of six letters, and eight letters that belong to it. 32 bits an item, and nothing to infer.

After Morris et al. 2025 (How much do language models memorize?, section 3), who train on uniform strings all at once. Theirs have
no key. Ours have to be found again by their keys, which are given when they are asked and are no part of the bits.
A letter with the space before it is one token of every usual tokenizer. There are 16 letters, so that one is 4 bits.
"""

from collections.abc import Sequence

import numpy as np

from realmodels.bench.item import Item

LETTERS = tuple("abcdefghijklmnop")
KEY, ANSWER = 6, 8  # letters
SIGN = "="  # ends the key


def stream(tasks: int, per_task: int, seed: int) -> list[list[Item]]:
    """Items with different keys, in order; a longer stream begins as a shorter one of the same seed."""
    rng, seen, items = np.random.default_rng([seed, 0]), set(), []
    while len(items) < tasks * per_task:
        letters = [LETTERS[number] for number in rng.integers(0, len(LETTERS), KEY + ANSWER)]
        key, answer = " ".join(letters[:KEY]), "".join(f" {letter}" for letter in letters[KEY:])
        if key not in seen:
            seen.add(key)
            items.append(Item(f"{key} {SIGN}", answer, LETTERS))
    return [items[task * per_task : (task + 1) * per_task] for task in range(tasks)]


def words() -> Sequence[str]:
    """All words of these texts, sorted."""
    return sorted([*LETTERS, SIGN])
