"""A study of three systems and six items, with names that nothing else could hold, and votes on it."""

from pathlib import Path

import numpy as np
import pytest

from realmodels.arena.server import app
from realmodels.arena.story import Chapter, Probe, Story
from realmodels.arena.study import Answer, Item, Study, System
from realmodels.arena.votes import Votes
from tests.realmodels.arena.client import Browser

SYSTEMS = tuple(System(f"zq_{name}", f"Zorq {name} writer", {}) for name in ("alpha", "beta", "gamma"))
AGES = {"q1": 1, "q2": 1, "q3": 5, "q4": 5, "s1": None, "s2": None}


def made(folder: Path, **changes) -> Study:
    chapters = tuple(
        Chapter(f"Title {n}", f"Chapter {n} has text.\n<script>alert({n})</script>", f"Recap {n}.") for n in range(1, 7)
    )
    probes = (Probe("p1", "object", 1, 2, "Who has the key?", "Mara"),)
    story = Story("The <b>Lighthouse</b>", "en", "sea", "An island & <i>a light</i>.", chapters, probes)
    items = tuple(
        Item(name, "scene" if age is None else "question", number + 1, age, f"What about <em>{name}</em>?", None)
        for number, (name, age) in enumerate(AGES.items())
    )
    answers = {
        (item.id, system.id): Answer(item.id, system.id, f"<script>steal()</script> words {number}", None, None)
        for item in items
        for number, system in enumerate(SYSTEMS)
    }
    fields = {"name": "n", "open": True, "show_ranking": False, "made": {}, "story": story, "systems": SYSTEMS, "items": items}
    return Study(folder, **{**fields, "answers": answers, **changes})


@pytest.fixture
def make_study(tmp_path):
    """Factory (changed fields) -> the study; its folder is written."""

    def make(**changes) -> Study:
        study = made(tmp_path / "study", **changes)
        study.save()
        return study

    return make


@pytest.fixture
def study(make_study) -> Study:
    return make_study()


@pytest.fixture
def votes(tmp_path):
    with Votes(tmp_path / "votes.sqlite") as database:
        yield database


@pytest.fixture
def browser(study, votes):
    """Factory (study, arguments of app) -> a new browser on one and the same site."""
    sites = {}

    def make(its_study=study, client=("1.2.3.4", 5), headers=None, **fields) -> Browser:
        key = id(its_study)
        if key not in sites:
            sites[key] = app(its_study, votes, rng=np.random.default_rng(0), **fields)
        return Browser(sites[key], client=client, headers=headers)

    return make
