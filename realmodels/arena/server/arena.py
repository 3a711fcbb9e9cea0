"""A study that is voted on, as all pages share it: how a page is made, and what a reader is asked next."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
from jinja2 import Environment
from starlette.responses import HTMLResponse, Response

from realmodels.arena.pairs import next_pair
from realmodels.arena.records import Ballot, Reader
from realmodels.arena.server.visits import Cookies, Visit
from realmodels.arena.server.words import word
from realmodels.arena.study import Item, Study
from realmodels.arena.votes import Votes

YEAR = 365 * 24 * 3600
READING = 1800.0
"""Seconds for which a ballot that was shown counts as a vote to come. After that its reader is taken to have left."""
Ranking = Callable[[Study, pd.DataFrame], pd.DataFrame]


@dataclass
class Arena:
    """key: what one needs to join; None if anybody may. ranking: rows for the page of that name."""

    study: Study
    votes: Votes
    pages: Environment
    rng: np.random.Generator
    cookies: Cookies
    key: str | None = None
    ranking: Ranking | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def shows_ranking(self) -> bool:
        """Whether readers may see it: while voting goes on only if the study says so."""
        return self.study.show_ranking or not self.study.open

    def render(self, visit: Visit, page: str, status: int = 200, **values: object) -> Response:
        """A page as this visitor sees it."""
        text = self.pages.get_template(f"{page}.html").render(
            t=partial(word, visit.language),
            language=visit.language,
            reader=visit.reader,
            check=visit.check,
            story=self.study.story,
            is_open=self.study.open,
            shows_ranking=self.shows_ranking,
            **values,
        )
        response = HTMLResponse(text, status)
        if visit.fresh:
            keep(response, self.cookies.session, visit.token, visit.secure)
        return response

    def knows(self, ballot: Ballot) -> bool:
        """Whether the study still has what a ballot is about: a study may be made anew over old votes."""
        items = {item.id for item in self.study.items}
        return ballot.item in items and all((ballot.item, one) in self.study.answers for one in (ballot.left, ballot.right))

    def item(self, ballot: Ballot) -> Item:
        """The item of a ballot that the study knows."""
        return next(item for item in self.study.items if item.id == ballot.item)

    def open_ballot(self, reader: Reader) -> Ballot | None:
        """The ballot that a reader was shown and has not voted on, or else a new one; None when the reader has seen all.

        A new one depends on the votes that there are and on those that other readers are about to give. People's ballots depend
        on people alone, those of simulated readers on simulated ones.
        """
        with self._lock:  # one at a time: two tabs get one ballot, and the generator is not shared
            ballots = self.votes.ballots(reader.id)
            for ballot in ballots:
                if not ballot.voted and self.knows(ballot):
                    return ballot
            table = pd.concat([self.votes.table(), self.votes.waiting(READING)])
            own_kind = table.loc[table["simulated"] == reader.simulated]
            chosen = next_pair(self.study, own_kind, ballots, self.rng)
            return self.votes.ballot(reader.id, *chosen) if chosen else None


def keep(response: Response, name: str, value: str, secure: bool) -> None:
    """Let the browser keep a cookie for a year, out of reach of scripts and of forms on other sites."""
    response.set_cookie(name, value, max_age=YEAR, httponly=True, samesite="lax", secure=secure, path="/")
