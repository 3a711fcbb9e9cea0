"""What each page does: it takes the arena and a visit, and runs in a thread of its own. A vote is stored before it answers."""

import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
from jinja2 import Environment
from starlette.responses import HTMLResponse, RedirectResponse, Response

from realmodels.arena.pairs import next_pair
from realmodels.arena.records import CHOICES, FAULTS, SIDES, Ballot, Reader, Reason, clean_nickname
from realmodels.arena.server.visits import COOKIE, Refused, Visit
from realmodels.arena.server.words import LANGUAGE_NAMES, word
from realmodels.arena.story import LANGUAGES
from realmodels.arena.study import Study
from realmodels.arena.votes import Votes
from theory.errors import UserError

YEAR = 365 * 24 * 3600
Ranking = Callable[[Study, pd.DataFrame], pd.DataFrame]


@dataclass
class Arena:
    """A study that is voted on. key: what one needs to join; None if anybody may. ranking: rows for the page of that name."""

    study: Study
    votes: Votes
    pages: Environment
    rng: np.random.Generator
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
            shows_ranking=self.shows_ranking,
            **values,
        )
        response = HTMLResponse(text, status)
        if visit.fresh:
            set_session(response, visit.token, visit.secure)
        return response

    def knows(self, ballot: Ballot) -> bool:
        """Whether the study still has what a ballot is about: a study may be made anew over old votes."""
        items = {item.id for item in self.study.items}
        return ballot.item in items and all((ballot.item, one) in self.study.answers for one in (ballot.left, ballot.right))

    def open_ballot(self, reader: Reader) -> Ballot | None:
        """The ballot that a reader was shown and has not voted on, or else a new one; None when the reader has seen all.

        People's ballots depend on people's votes alone, those of simulated readers on simulated votes.
        """
        with self._lock:  # one at a time: two tabs get one ballot, and the generator is not shared
            ballots = self.votes.ballots(reader.id)
            for ballot in ballots:
                if not ballot.voted and self.knows(ballot):
                    return ballot
            table = self.votes.table()
            chosen = next_pair(self.study, table[table["simulated"] == reader.simulated], ballots, self.rng)
            return self.votes.ballot(reader.id, *chosen) if chosen else None


def set_session(response: Response, token: str, secure: bool) -> None:
    """Hand out a session."""
    response.set_cookie(COOKIE, token, max_age=YEAR, httponly=True, samesite="lax", secure=secure, path="/")


def start(arena: Arena, visit: Visit) -> Response:
    """The form to join; a reader goes on."""
    if visit.reader:
        return RedirectResponse("/story", 303)
    return _join_form(arena, visit, visit.query.get("key", ""))


def _join_form(arena: Arena, visit: Visit, key: str, nickname: str = "", wrong: bool = False) -> Response:
    _check_key(arena, key)
    status = 422 if wrong else 200
    return arena.render(visit, "join", status, key=key, nickname=nickname, wrong=wrong, languages=LANGUAGE_NAMES)


def _check_key(arena: Arena, key: str) -> None:
    if arena.key is not None and not hmac.compare_digest(key.encode(), arena.key.encode()):
        raise Refused(403, "key_needed")


def join(arena: Arena, visit: Visit) -> Response:
    """Enter a reader, with a session of their own."""
    if visit.reader:
        return RedirectResponse("/story", 303)
    _check_key(arena, visit.first("key"))
    language = visit.first("language") if visit.first("language") in LANGUAGES else visit.language
    try:
        token = arena.votes.join(clean_nickname(visit.first("nickname")), language)
    except UserError:
        return _join_form(arena, visit, visit.first("key"), visit.first("nickname"), wrong=True)
    response = RedirectResponse("/story", 303)
    set_session(response, token, visit.secure)
    return response


def story(arena: Arena, visit: Visit) -> Response:
    """The chapters up to the one after which the reader's next question is asked; all of them when there is none."""
    if not visit.reader:
        return RedirectResponse("/", 303)
    ballot = arena.open_ballot(visit.reader) if arena.study.open else None
    last = _item(arena, ballot).chapter if ballot else len(arena.study.story.chapters)
    return arena.render(visit, "story", last=last, asked=ballot is not None)


def ballot(arena: Arena, visit: Visit) -> Response:
    """Two answers, and the vote."""
    if not visit.reader:
        return RedirectResponse("/", 303)
    if not arena.study.open:
        return arena.render(visit, "notice", title="closed_title", text="closed")
    shown = arena.open_ballot(visit.reader)
    if shown is None:
        return arena.render(visit, "notice", title="all_title", text="all")
    return _ballot_page(arena, visit, shown)


def _ballot_page(arena: Arena, visit: Visit, shown: Ballot, wrong: str = "") -> Response:
    texts = {side: arena.study.answers[shown.item, getattr(shown, side)].text.strip() for side in SIDES}
    item = _item(arena, shown)
    return arena.render(
        visit, "ballot", 422 if wrong else 200,
        ballot=shown.id, item=item, texts=texts, choices=CHOICES, faults=FAULTS, wrong=wrong,
        ticked={side: visit.form.get(f"{side}_reason", []) for side in SIDES},
        words={side: visit.first(f"{side}_words") for side in SIDES},
    )  # fmt: skip


def vote(arena: Arena, visit: Visit) -> Response:
    """Store a vote, then say thanks. No choice, or words without a reason, bring the ballot back with all that was filled in."""
    if not visit.reader:
        return RedirectResponse("/", 303)
    if not arena.study.open:
        raise Refused(403, "closed")
    shown = next((one for one in arena.votes.ballots(visit.reader.id) if one.id == visit.first("ballot")), None)
    if shown is None or not arena.knows(shown):
        raise Refused(404, "not_yours")
    if not visit.first("choice") and not shown.voted:
        return _ballot_page(arena, visit, shown, "choice_needed")
    reasons: list[Reason] = []
    for side in SIDES:
        ticked, words = visit.form.get(f"{side}_reason", []), visit.first(f"{side}_words").strip()
        if words and not ticked and not shown.voted:
            return _ballot_page(arena, visit, shown, "reason_needed")
        reasons += [{"side": side, "reason": reason, "words": words} for reason in ticked]  # pyright: ignore[reportArgumentType]
    try:
        arena.votes.vote(shown.id, visit.reader.id, visit.first("choice"), reasons)
    except UserError:
        raise Refused(400, "bad_form") from None
    return RedirectResponse("/thanks", 303)


def thanks(arena: Arena, visit: Visit) -> Response:
    """How many votes this reader gave, and the way on."""
    if not visit.reader:
        return RedirectResponse("/", 303)
    return arena.render(visit, "thanks", count=_count(arena, visit.reader))


def ranking(arena: Arena, visit: Visit) -> Response:
    """The ranking, if readers may see it."""
    if not arena.shows_ranking:
        raise Refused(403, "ranking_hidden")
    table = arena.votes.table()
    rows = arena.ranking(arena.study, table) if arena.ranking else counts(arena.study, table, partial(word, visit.language))
    return arena.render(visit, "ranking", columns=list(rows.columns), rows=rows.to_numpy().tolist(), plain=arena.ranking is None)


def counts(study: Study, votes: pd.DataFrame, t: Callable[[str], str]) -> pd.DataFrame:
    """How often each system was compared, was the better one, the worse one, and one of two good or bad ones, by people."""
    people = votes[~votes["simulated"].astype(bool)]
    rows = []
    for system in study.systems:
        sides = {side: people.loc[people[side] == system.id, "choice"] for side in SIDES}
        count = {choice: sum(int((sides[side] == choice).sum()) for side in SIDES) for choice in ("both_good", "both_bad")}
        won = sum(int((sides[side] == side).sum()) for side in SIDES)
        total = len(sides["left"]) + len(sides["right"])
        rows.append([system.title, total, won, total - won - sum(count.values()), count["both_good"], count["both_bad"]])
    return pd.DataFrame(rows, columns=[t(name) for name in ("system", "count", "won", "lost", "both_good", "both_bad")])


def leave_form(arena: Arena, visit: Visit) -> Response:
    """What would be deleted, and the button."""
    if not visit.reader:
        return RedirectResponse("/", 303)
    return arena.render(visit, "leave", count=_count(arena, visit.reader))


def leave(arena: Arena, visit: Visit) -> Response:
    """Delete all of this reader, and end the session."""
    if visit.reader:
        arena.votes.withdraw(visit.reader.id)
    response = RedirectResponse("/left", 303)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=visit.secure)
    return response


def left(arena: Arena, visit: Visit) -> Response:
    """That all is deleted."""
    return arena.render(visit, "notice", title="left_title", text="left_what")


def _item(arena: Arena, shown: Ballot):
    return next(item for item in arena.study.items if item.id == shown.item)


def _count(arena: Arena, reader: Reader) -> int:
    return sum(one.voted for one in arena.votes.ballots(reader.id))
