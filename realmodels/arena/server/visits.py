"""Who is asking, and what for: session, language and form of a request, or the reason why it is refused.

A session is an unguessable token in a cookie that scripts cannot read and other sites cannot send along with a form. Before a
reader has joined it is nobody's; joining makes a new one. Each form carries a second token that is computed from the first.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from realmodels.arena.records import Reader
from realmodels.arena.server.limits import Limit
from realmodels.arena.story import Language
from realmodels.arena.votes import Votes

LARGEST_FORM = 16_384
"""Bytes. The longest honest one has two texts of 300 characters, in Chinese about 3 kB each as a form sends them."""
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Cookies:
    """Names of the cookies of a study: of the session, and of the key that its link brought.

    Browsers send the cookies of one port to all ports, so that studies side by side need names of their own.
    """

    session: str
    key: str


def cookies_of(votes: Votes) -> Cookies:
    """The names for the study of these votes: the same at every start."""
    own = hashlib.sha256(votes.secret("names of the cookies").encode()).hexdigest()[:12]
    return Cookies(f"arena-{own}", f"arena-{own}-key")


class Refused(Exception):
    """A request that is not answered: status, the name of the text that says why, and seconds until it may come again."""

    def __init__(self, status: int, text: str, wait: float = 0.0):
        super().__init__(text)
        self.status, self.text, self.wait = status, text, wait


@dataclass(frozen=True)
class Visit:
    """A request. token: of the session; fresh: whether the answer has to set it. secure: whether it came over HTTPS. key: of
    the link, from the address or, later, from a cookie.
    """

    token: str
    fresh: bool
    secure: bool
    reader: Reader | None
    language: Language
    key: str
    query: Mapping[str, str]
    form: Mapping[str, list[str]]

    @property
    def check(self) -> str:
        """What a form of this session carries, so that no other site can send it."""
        return check_of(self.token)

    def first(self, name: str) -> str:
        """The first value of a field of the form; empty if there is none."""
        return self.form.get(name, [""])[0]


def check_of(token: str) -> str:
    """The token of the forms of a session."""
    return hmac.new(token.encode("utf-8", "replace"), b"form", "sha256").hexdigest()


class Limits:
    """What one session and one address may ask for. Many readers of one house share an address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.session = Limit(burst=30, rate=1.0, clock=clock)
        self.address = Limit(burst=300, rate=20.0, clock=clock)
        self.joining = Limit(burst=60, rate=0.1, clock=clock)

    def check(self, request: Request, token: str) -> None:
        """Count a request of a session. Raises Refused with status 429 if it is one too many."""
        address = request.client.host if request.client else ""
        asked = [(self.address, address)]
        if token:
            asked.append((self.session, check_of(token)))
        if request.method == "POST" and request.url.path == "/join":
            asked.append((self.joining, address))
        for limit, key in asked:  # an address that is held up cannot fill the memory with sessions that it invents
            if wait := limit.wait(key):
                raise Refused(429, "too_often", wait)


async def visit_of(request: Request, votes: Votes, cookies: Cookies, limits: Limits | None) -> Visit:
    """Read a request. Raises Refused if it comes too often, or if its form is too large, of another kind, or not from here."""
    token = request.cookies.get(cookies.session, "")
    if limits:
        limits.check(request, token)
    form: dict[str, list[str]] = {}
    if request.method == "POST":
        form = await _form(request)
        sent = form.get("check", [""])[0].encode("utf-8", "replace")
        if not token or not hmac.compare_digest(sent, check_of(token).encode()):
            raise Refused(403, "form_expired")
    reader = await run_in_threadpool(votes.reader, token) if token else None
    secure, language = request.url.scheme == "https", language_of(request, reader)
    query = dict(request.query_params)
    key = query.get("key") or request.cookies.get(cookies.key, "")
    return Visit(token or secrets.token_urlsafe(32), not token, secure, reader, language, key, query, form)


def language_of(request: Request, reader: Reader | None = None) -> Language:
    """The language of the pages: a reader's own, or else what the address or the browser asks for, or else English."""
    if reader:
        return reader.language
    wish = request.query_params.get("language") or request.headers.get("accept-language", "")
    return "zh" if wish.strip().lower().startswith("zh") else "en"


async def _form(request: Request) -> dict[str, list[str]]:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM:
        raise Refused(415, "bad_form")
    body = bytearray()
    async for part in request.stream():  # a length that a header claims proves nothing
        body += part
        if len(body) > LARGEST_FORM:
            raise Refused(413, "form_too_large")
    try:
        return parse_qs(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=60)
    except ValueError:
        raise Refused(413, "form_too_large") from None
