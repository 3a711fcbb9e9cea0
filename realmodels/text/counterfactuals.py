"""Counterfactual facts: real subjects, answers drawn at random, so that there are thousands and none could have been read.

Answers are independent of prompts and of each other. So what an answer's own target does to a readout can be told from all else
by one stream: see `realmodels.writing.retained`.
"""

import random
from functools import cache

from realmodels.text.candidates import CANDIDATES
from realmodels.text.facts import TEMPLATES, Fact, owners, pretraining_words
from theory.errors import UserError

CHOICES = CANDIDATES[:16]
"""Answers to draw from: of one token, as those of the streams of real facts."""


@cache
def subjects(name: str) -> tuple[str, ...]:
    """Subjects of the stream `name`, sorted: of one word in ASCII that no pretraining text has."""
    known = pretraining_words()
    return tuple(sorted(s for s in owners(name) if s.isascii() and s.isalpha() and s.lower() not in known))


def counterfactuals(name: str, count: int, per_task: int, seed: int) -> list[Fact]:
    """So many facts about different subjects of the stream `name`, in tasks of `per_task`, in an order drawn with `seed`.

    Raises UserError if there are not that many subjects.
    """
    pool = subjects(name)
    if count > len(pool):
        raise UserError(f"stream {name!r} has {len(pool)} subjects, not {count}: ask for fewer facts")
    draw = random.Random(f"counterfactuals/{name}/{seed}")
    chosen = draw.sample(pool, count)
    wording, heldout = TEMPLATES[name]
    return [
        Fact(wording.format(subject), f" {draw.choice(CHOICES)}", number // per_task, heldout.format(subject))
        for number, subject in enumerate(chosen)
    ]
