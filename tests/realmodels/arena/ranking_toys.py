"""Small studies and votes for the tests of ranking. Votes are drawn here by the formula as Davidson printed it, not by ours."""

from pathlib import Path

import numpy as np
import pandas as pd

from realmodels.arena.story import Chapter, Story
from realmodels.arena.study import Answer, Item, Study, System

SYSTEMS = ("ant", "bee", "cat")


def toy_study(systems=SYSTEMS, items: int = 60, right=None, lengths=None) -> Study:
    """Questions of ages 0, 1, 2, ... and one scene. right {system: set of items it gets right}; lengths {(item, system): n}."""
    asked = [Item(f"q{n}", "question", 90, n, f"question {n}?", "yes") for n in range(items)]
    scene = Item("scene", "scene", 90, None, "What next?", None)
    answers = {}
    for item in [*asked, scene]:
        for system in systems:
            mark = None if item.kind == "scene" or right is None else item.id in right[system]
            text = "x" * (lengths or {}).get((item.id, system), 10)
            answers[item.id, system] = Answer(item.id, system, text, mark, None if mark is None else not mark)
    story = Story("t", "en", "g", "f", (Chapter("c", "text", "r"),), ())
    made = tuple(System(one, one.title(), {}) for one in systems)
    return Study(Path("none"), "toy", True, False, {}, story, made, (*asked, scene), answers)


def table(rows, simulated: bool = False) -> pd.DataFrame:
    """Votes from rows (item, left, right, choice, reader)."""
    frame = pd.DataFrame(rows, columns=["item", "left", "right", "choice", "reader"])
    return frame.assign(reasons=[[] for _ in rows], nickname=frame["reader"], simulated=simulated, at="")


def davidson(s: float, r: float, nu: float) -> list[float]:
    """Chances of left, right and tie, as in Davidson (1970)."""
    tie = nu * np.sqrt(s * r)
    return [s / (s + r + tie), r / (s + r + tie), tie / (s + r + tie)]


def drawn(study, strengths, nu, rng, votes=600, readers=20, position=0.0, length=0.0, taste=0.0) -> pd.DataFrame:
    """Votes by the formula. strengths {system: s > 0}. position: log odds for the left; length: per log ratio of lengths."""
    rows = []
    names = list(strengths)
    own = {(n, name): rng.normal(0, taste) for n in range(readers) for name in names}
    for n in range(votes):
        left, right = rng.permutation(names)[:2].tolist()
        item = study.items[rng.integers(len(study.items) - 1)].id
        longer = len(study.answers[item, left].text) / len(study.answers[item, right].text)
        s = strengths[left] * np.exp(own[n % readers, left] + position) * longer**length
        r = strengths[right] * np.exp(own[n % readers, right])
        which = rng.choice(3, p=davidson(s, r, nu))
        choice = ("left", "right", ("both_good", "both_bad")[rng.integers(2)])[which]
        rows.append((item, left, right, choice, f"reader {n % readers}"))
    return table(rows)
