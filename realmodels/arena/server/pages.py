"""What each page does: it takes the arena and a visit, and runs in a thread of its own. A vote is stored before it answers."""

import hmac
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pandas as pd
from starlette.responses import RedirectResponse, Response

from realmodels.arena.records import CHOICES, FAULTS, SIDES, Ballot, Reader, clean_nickname
from realmodels.arena.server.arena import Arena, keep
from realmodels.arena.server.visits import Refused, Visit
from realmodels.arena.server.words import LANGUAGE_NAMES, word
from realmodels.arena.story import LANGUAGES
from realmodels.arena.study import Study
from theory.errors import UserError


def start(arena: Arena, visit: Visit) -> Response:
    """The form to join; a reader goes on. The browser keeps the key, so that the way back here needs no link."""
    if visit.reader:
        return RedirectResponse("/story", 303)
    _check_key(arena, visit)
    response = _join_form(arena, visit)
    if arena.key is not None:
        keep(response, arena.cookies.key, arena.key, visit.secure)
    return response


def _join_form(arena: Arena, visit: Visit, nickname: str = "", wrong: bool = False) -> Response:
    chosen = visit.first("language") or visit.language
    values = {"nickname": nickname, "wrong": wrong, "chosen": chosen, "languages": LANGUAGE_NAMES}
    return arena.render(visit, "join", 422 if wrong else 200, **values)


def _check_key(arena: Arena, visit: Visit) -> None:
    if arena.key is not None and not hmac.compare_digest(visit.key.encode("utf-8", "replace"), arena.key.encode()):
        raise Refused(403, "key_needed")


def join(arena: Arena, visit: Visit) -> Response:
    """Enter a reader, with a session of their own."""
    if visit.reader:
        return RedirectResponse("/story", 303)
    _check_key(arena, visit)
    language = visit.first("language") if visit.first("language") in LANGUAGES else visit.language
    try:
        token = arena.votes.join(clean_nickname(visit.first("nickname")), language)
    except UserError:
        return _join_form(arena, visit, visit.first("nickname"), wrong=True)
    response = RedirectResponse("/story", 303)
    keep(response, arena.cookies.session, token, visit.secure)
    return response


def story(arena: Arena, visit: Visit) -> Response:
    """The chapters up to the one after which the reader's next question is asked; all of them when there is none."""
    if not visit.reader:
        return RedirectResponse("/", 303)
    ballot = arena.open_ballot(visit.reader) if arena.study.open else None
    last = arena.item(ballot).chapter if ballot else len(arena.study.story.chapters)
    return arena.render(visit, "story", last=last, asked=ballot is not None, unfolded=visit.query.get("chapters") == "all")


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
    return arena.render(
        visit, "ballot", 422 if wrong else 200,
        ballot=shown.id, item=arena.item(shown), texts=texts, choices=CHOICES, faults=FAULTS, wrong=wrong,
        ticked={side: visit.form.get(f"{side}_reason", []) for side in SIDES},
        words={side: visit.first(f"{side}_words") for side in SIDES},
    )  # fmt: skip


def vote(arena: Arena, visit: Visit) -> Response:
    """Store a vote, then say thanks. No choice, or words without a reason, bring the ballot back with all that was filled in.

    The first vote on a ballot counts: who chooses otherwise later, as on a page that the browser had kept, is told so.
    """
    if not visit.reader:
        return RedirectResponse("/", 303)
    if not arena.study.open:
        raise Refused(403, "closed")
    shown = next((one for one in arena.votes.ballots(visit.reader.id) if one.id == visit.first("ballot")), None)
    if shown is None or not arena.knows(shown):
        raise Refused(404, "not_yours")
    if not visit.first("choice") and not shown.voted:
        return _ballot_page(arena, visit, shown, "choice_needed")
    reasons: list[dict[str, str]] = []
    for side in SIDES:
        ticked, words = visit.form.get(f"{side}_reason", []), visit.first(f"{side}_words").strip()
        if words and not ticked and not shown.voted:
            return _ballot_page(arena, visit, shown, "reason_needed")
        reasons += [{"side": side, "reason": reason, "words": words} for reason in ticked]
    try:
        stored = arena.votes.vote(shown.id, visit.reader.id, visit.first("choice"), reasons)
    except UserError:
        raise Refused(400, "bad_form") from None
    return RedirectResponse("/thanks" if stored.choice == visit.first("choice") else "/thanks?first=1", 303)


def thanks(arena: Arena, visit: Visit) -> Response:
    """How many votes this reader gave, and the way on."""
    if not visit.reader:
        return RedirectResponse("/", 303)
    count = _count(arena, visit.reader)
    if not count:
        return RedirectResponse("/ballot", 303)
    return arena.render(visit, "thanks", count=count, text="first_counts" if visit.query.get("first") else "thanks")


def ranking(arena: Arena, visit: Visit) -> Response:
    """The ranking, if readers may see it."""
    if not visit.reader:
        _check_key(arena, visit)
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
        with suppress(UserError):  # a second click came first
            arena.votes.withdraw(visit.reader.id)
    response = RedirectResponse("/left", 303)
    response.delete_cookie(arena.cookies.session, path="/", httponly=True, samesite="lax", secure=visit.secure)
    return response


def left(arena: Arena, visit: Visit) -> Response:
    """That all is deleted."""
    return arena.render(visit, "notice", title="left_title", text="left_what")


def _count(arena: Arena, reader: Reader) -> int:
    return sum(one.voted for one in arena.votes.ballots(reader.id))
