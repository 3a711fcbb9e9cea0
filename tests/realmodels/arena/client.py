"""A client of the pages that is no browser: it keeps what it was sent, and fills in forms."""

import re

from starlette.testclient import TestClient

HOME = "http://127.0.0.1"


class Browser(TestClient):
    """A client that keeps everything it was sent, and fills in the hidden fields of a form."""

    def __init__(self, site, **fields):
        super().__init__(site, base_url=HOME, **{"follow_redirects": False, **fields})
        self.answers = []

    def request(self, *arguments, **fields):
        answer = super().request(*arguments, **fields)
        self.answers.append(answer)
        return answer

    def hidden(self, page: str) -> dict[str, str]:
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self.get(page).text))

    def submit(self, page: str, to: str, **fields):
        return self.post(to, data={**self.hidden(page), **fields})

    def join(self, nickname: str = "Ana", language: str = "en", start: str = "/"):
        answer = self.submit(start, "/join", nickname=nickname, language=language)
        assert (answer.status_code, answer.headers["location"]) == (303, "/story")
        return self

    def vote(self, choice: str = "left", **fields):
        return self.submit("/ballot", "/vote", choice=choice, **fields)
