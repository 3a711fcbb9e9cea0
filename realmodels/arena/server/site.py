"""The application: which address is which page, what every answer says to the browser, and what is refused."""

import math
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from realmodels.arena.server import pages
from realmodels.arena.server.arena import Arena, Ranking
from realmodels.arena.server.visits import Limits, Refused, Visit, cookies_of, language_of, visit_of
from realmodels.arena.study import Study
from realmodels.arena.votes import Votes
from theory.errors import UserError

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
LOOPBACK = ["127.0.0.1", "localhost"]
GET = {
    "/": pages.start, "/story": pages.story, "/ballot": pages.ballot, "/thanks": pages.thanks, "/ranking": pages.ranking,
    "/leave": pages.leave_form, "/left": pages.left,
}  # fmt: skip
POST = {"/join": pages.join, "/vote": pages.vote, "/leave": pages.leave}


def app(
    study: Study,
    votes: Votes,
    *,
    share: bool = False,
    rng: np.random.Generator | None = None,
    ranking: Ranking | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """The pages of a study, which store into `votes`.

    share: for readers elsewhere. One then needs the key (`state.arena.key`) to join, and who asks too often is refused; without
    it only requests to this computer's own address are answered. rng: draws pairs and sides. ranking: a table from the study and
    its votes for the page of the ranking; without it that page has plain counts. clock: seconds, for the limits.
    """
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    key = votes.secret("key of the study") if share else None
    arena = Arena(study, votes, environment, rng or np.random.default_rng(), cookies_of(votes), key, ranking)
    limits = Limits(clock) if share else None
    routes = [Route(path, _endpoint(arena, page, limits), methods=["GET"]) for path, page in GET.items()]
    routes += [Route(path, _endpoint(arena, page, limits), methods=["POST"]) for path, page in POST.items()]
    guards = [Middleware(Headers)]
    if not share:  # a page elsewhere that lets its own name point to this computer is not answered
        guards.append(Middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK))
    site = Starlette(
        routes=[*routes, Mount("/static", StaticFiles(directory=HERE / "static"))],
        middleware=guards,
        exception_handlers={
            Refused: _handler(arena, lambda error: error),
            UserError: _handler(arena, lambda error: Refused(400, "bad_form")),  # as of a reader who has just withdrawn elsewhere
            HTTPException: _handler(arena, lambda error: Refused(error.status_code, "not_found")),
            Exception: _handler(arena, lambda error: Refused(500, "broken")),
        },
    )
    site.state.arena = arena
    return site


class Headers:
    """Sends HEADERS with every answer. Pages are not kept by browsers or by anything between."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, with the headers."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _set_headers(MutableHeaders(scope=message), static=scope["path"].startswith("/static/"))
            await send(message)

        await self.app(scope, receive, with_headers)


def _set_headers(headers: MutableHeaders, static: bool = False) -> None:
    headers.update({**HEADERS, "Cache-Control": "no-cache" if static else "no-store"})


def _endpoint(
    arena: Arena, page: Callable[[Arena, Visit], Response], limits: Limits | None
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        visit = await visit_of(request, arena.votes, arena.cookies, limits)
        return await run_in_threadpool(page, arena, visit)

    return answer


def _handler(arena: Arena, refusal: Callable) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Answers an error with a page that says what to do. The error itself is for the log, not for readers."""

    async def answer(request: Request, error: Exception) -> Response:
        refused: Refused = refusal(error)
        known = refused.status not in (429, 500)  # those who ask too often cost nothing more; what is broken may be the votes
        token = request.cookies.get(arena.cookies.session, "")
        reader = await run_in_threadpool(arena.votes.reader, token) if known else None
        visit = Visit("", False, False, reader, language_of(request, reader), "", {}, {})
        response = arena.render(visit, "notice", refused.status, title="refused_title", text=refused.text)
        _set_headers(response.headers)  # what breaks altogether is answered outside of Headers
        if refused.wait:
            response.headers["Retry-After"] = str(math.ceil(refused.wait))
        return response

    return answer
