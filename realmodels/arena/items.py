"""What a study asks, and the automatic score of an answer.

An answer is right if of all answers that the probe knows (the right one, outdated ones, wrong ones) the right one is named first;
outdated if an outdated one is. Letters count alike in capitals and small.
"""

import re

from realmodels.arena.story import Language, Probe, Story
from realmodels.arena.study import Item

SCENES = 6  # chapters from one scene to the next
NEXT = {"en": "What happens next?", "zh": "接下来发生了什么？"}


def items_of(story: Story) -> tuple[Item, ...]:
    """A question for every probe, and the next scene after every SCENES chapters and the last, in the order of the story."""
    questions = [Item(f"q-{p.id}", "question", p.asked, p.age, p.question, p.answer, p.opening) for p in story.probes]
    last = len(story.chapters)
    after = sorted({*range(SCENES, last + 1, SCENES), last})
    scenes = [Item(f"s-{number}", "scene", number, None, NEXT[story.language], None) for number in after]
    return tuple(sorted([*questions, *scenes], key=lambda item: (item.chapter, item.kind == "scene")))


def marks(probe: Probe, text: str, language: Language) -> tuple[bool, bool]:
    """(right, outdated) of an answer; its opening, which all systems share, is not counted."""
    text = text.removeprefix(probe.opening)
    found = {
        named: place for named in (probe.answer, *probe.outdated, *probe.wrong) if (place := _place(named, text, language)) >= 0
    }
    first = min(found, key=lambda named: (found[named], -len(named)), default=None)
    return first == probe.answer, first in probe.outdated


def _place(named: str, text: str, language: Language) -> int:
    """Where a name stands in a text, as a word by itself unless the language puts no spaces between words; -1 if nowhere."""
    edge = "" if language == "zh" else r"\b"
    core = re.sub(r"^(the|a|an) ", "", named, flags=re.IGNORECASE) if language == "en" else named
    match = re.search(f"{edge}{re.escape(core)}{edge}", text, re.IGNORECASE)
    return match.start() if match else -1
