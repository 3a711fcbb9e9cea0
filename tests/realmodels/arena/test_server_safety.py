"""What the pages keep safe: text is no markup, forms are their own, sessions and systems are secret, and who may ask."""

import itertools
import re
import socket

import pytest

from realmodels.arena.server import app, serve
from realmodels.arena.server.words import word
from realmodels.arena.votes import Votes
from tests.realmodels.arena.client import HOME, Browser
from tests.realmodels.arena.conftest import SYSTEMS
from theory.errors import UserError


def test_nothing_that_was_written_becomes_markup(browser, make_study):
    study = make_study(show_ranking=True)
    ana = browser(study).join('<img src=x onerror="a()">')
    pages = [ana.get(page).text for page in ("/story", "/ballot", "/ranking", "/leave")]
    pages.append(ana.vote("left", left_words='</textarea><script>"').text)
    other = browser(study)
    pages.append(other.submit("/", "/join", nickname='"><script>' + "x" * 50, language="en").text)
    for page in pages:
        scripts = re.findall(r"<script.*?>", page)
        assert scripts in ([], ['<script src="/static/ballot.js" defer>'])
        assert not re.search(r"<(b|i|em|img)[ >]", page)
        assert not re.search(r"\son\w+=|style=|javascript:", re.sub(r"&\w+;.*?&\w+;", "", page))
    assert "&lt;script&gt;steal()&lt;/script&gt;" in pages[1]
    assert "&lt;img src=x" in pages[0]
    assert "&lt;b&gt;Lighthouse&lt;/b&gt;" in pages[0]


def test_a_form_from_elsewhere_is_refused(browser, votes):
    ana, ben = browser().join(), browser().join("Ben")
    form, others = ana.hidden("/ballot"), ben.hidden("/ballot")
    for check in ("", "x" * 64, "ü", others["check"]):
        assert ana.post("/vote", data={**form, "choice": "left", "check": check}).status_code == 403
        assert ana.post("/leave", data={"check": check}).status_code == 403
    del form["check"]
    assert ana.post("/vote", data={**form, "choice": "left"}).status_code == 403
    assert browser().post("/join", data={"nickname": "Cem", "language": "en"}).status_code == 403
    assert votes.table().empty
    stolen = {**ana.hidden("/ballot"), "ballot": others["ballot"], "choice": "left"}
    assert ana.post("/vote", data=stolen).status_code == 404
    assert ana.vote("up").status_code == 400
    assert votes.table().empty
    assert ana.vote("left").status_code == 303


def test_forms_that_are_too_large_or_of_another_kind_are_refused(browser, votes):
    ana = browser().join()
    assert ana.vote("left", left_reason="dull", left_words="x" * 20_000).status_code == 413
    assert ana.vote("left", left_reason="dull", left_words="x" * 301).status_code == 400
    assert ana.post("/vote", data=dict.fromkeys(map(str, range(100)), "x")).status_code == 413
    assert ana.post("/vote", json={"choice": "left"}).status_code == 415
    assert ana.post("/vote", content=(b"x=1&" * 1000 for _ in itertools.count())).status_code == 415
    endless = (b"x" * 1000 for _ in range(100))
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert ana.post("/vote", content=endless, headers=kind).status_code == 413
    for nickname in ("", "  ", "x" * 41):
        answer = browser().submit("/", "/join", nickname=nickname, language="zh")
        assert answer.status_code == 422
        assert 'value="zh" checked' in answer.text
        assert word("en", "nickname_wrong") in answer.text
    assert votes.table().empty


def test_every_answer_has_the_headers_that_browsers_need(browser, study, votes, monkeypatch):
    ana = browser().join()
    ana.vote()
    for page in ("/story", "/ballot", "/thanks", "/leave", "/ranking", "/none", "/left", "/static/style.css", "/static/none"):
        ana.get(page)
    ana.post("/vote")
    ana.put("/vote")
    browser_elsewhere = Browser(ana.app)
    ana.answers.append(browser_elsewhere.get("/", headers={"host": "evil.example"}))
    assert ana.answers[-1].status_code == 400
    monkeypatch.setattr(Votes, "ballots", lambda *_: 1 / 0)
    broken = Browser(ana.app, raise_server_exceptions=False, cookies=ana.cookies)
    ana.answers.append(broken.get("/ballot"))
    assert ana.answers[-1].status_code == 500
    assert "ZeroDivision" not in ana.answers[-1].text
    policy = {"default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self'", "form-action 'self'"}
    for answer in ana.answers:
        assert {part.strip() for part in answer.headers["content-security-policy"].split(";")} == policy | {
            "frame-ancestors 'none'", "base-uri 'none'",
        }  # fmt: skip
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == ("no-cache" if "/static/" in str(answer.url) else "no-store")


def test_the_session_is_a_cookie_out_of_reach_of_scripts_and_new_after_joining(browser):
    ana = browser()
    before = ana.get("/").headers["set-cookie"]
    after = ana.submit("/", "/join", nickname="Ana", language="en").headers["set-cookie"]
    for cookie in (before, after):
        assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
        assert len(re.match(r"arena-\w{12}=([\w-]+);", cookie)[1]) >= 43
    assert before.split(";")[0] != after.split(";")[0]
    assert "set-cookie" not in ana.get("/ballot").headers


def test_the_cookies_of_studies_side_by_side_have_names_of_their_own(browser, make_study, votes, tmp_path):
    """Browsers send them to every port of a computer."""
    ana = browser().join()
    with Votes(tmp_path / "other.sqlite") as others:
        other = Browser(app(make_study(), others), cookies=ana.cookies)
        other.join("Ana there")
        ana.cookies = other.cookies
        assert len(ana.cookies) == 2
        assert "Ana there" in other.get("/story").text
        assert "Ana there" not in ana.get("/story").text
        assert ana.get("/story").status_code == 200
    with Votes(votes.path) as again:
        assert app(make_study(), again).state.arena.cookies == ana.app.state.arena.cookies


def test_nothing_says_which_system_is_which(browser, votes):
    """No id and no title in a body, a header or an address; no answer that the form or the page would tell from another."""
    ana = browser().join()
    ballots = set()
    for _ in range(18):
        ballots.add(ana.hidden("/ballot")["ballot"])
        ana.get("/story")
        ana.vote("left")
    for page in ("/ballot", "/thanks", "/ranking", "/leave", "/none", "/static/style.css", "/static/ballot.js"):
        ana.get(page)
    seen = [f"{one.url} {one.status_code} {one.headers} {one.text}".lower() for one in ana.answers]
    for system in SYSTEMS:
        for secret in (system.id, system.title, system.id.removeprefix("zq_")):
            assert not [text for text in seen if secret.lower() in text]
    assert len(ballots) == len(votes.table()) == 18
    assert all(len(ballot) >= 32 for ballot in ballots)
    assert any(system.id in votes.table().to_json() for system in SYSTEMS)


def test_a_study_that_is_shared_needs_its_key_and_slows_down_the_hasty(browser, make_study, votes):
    now = [0.0]
    study = make_study()
    ana = browser(study, share=True, clock=lambda: now[0])
    key = ana.app.state.arena.key
    assert key == votes.secret("key of the study")  # the link stays the same at the next start
    for wrong in ("/", "/?key=", f"/?key={key}x", f"/?key={key[:-1]}"):
        assert ana.get(wrong).status_code == 403
    visitor = browser(study)
    form = {**visitor.hidden(f"/?key={key}"), "nickname": "Ben", "language": "en"}
    assert key not in visitor.get("/?language=zh").text  # the browser has it now
    assert visitor.get("/ranking").text.count(word("en", "ranking_hidden")) == 1
    del visitor.cookies[ana.app.state.arena.cookies.key]
    assert visitor.post("/join", data=form).status_code == 403
    assert word("en", "key_needed") in visitor.get("/ranking").text
    ana.join(start=f"/?key={key}")
    statuses = [ana.get("/story").status_code for _ in range(40)]
    assert statuses == sorted(statuses)
    assert 20 <= statuses.count(200) <= 30
    late = ana.get("/story")
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) >= 1
    assert visitor.get(f"/?key={key}").status_code == 200  # another session is not held up by this one
    now[0] += 5
    assert [ana.get("/story").status_code for _ in range(6)] == [200] * 5 + [429]
    flood = [browser(study, client=("6.6.6.6", 1)).get("/none") for _ in range(3)]
    assert {one.status_code for one in flood} == {404}  # no page asks for the limits of a session that it does not have
    floods = [browser(study, client=("6.6.6.6", 1)).get("/").status_code for _ in range(310)]
    assert floods.count(429) == 10
    assert browser(study, client=("7.7.7.7", 1)).get(f"/?key={key}").status_code == 200


def test_of_a_study_for_oneself_nothing_is_limited(browser):
    ana = browser().join()
    assert {ana.get("/story").status_code for _ in range(100)} == {200}


@pytest.mark.parametrize("share", [False, True])
def test_serving_listens_where_it_says(study, share, monkeypatch, capsys):
    bound = []

    def run(server, sockets):
        bound.append((sockets[0].getsockname(), server.config))

    monkeypatch.setattr(serve.uvicorn.Server, "run", run)
    serve.serve(study.folder, 0, share)
    ((host, port), config) = bound[0]
    line = capsys.readouterr().out.strip()
    assert host == ("0.0.0.0" if share else "127.0.0.1")
    assert f":{port}/" in line
    assert (("?key=" in line) and not line.startswith(HOME)) if share else line == f"{HOME}:{port}/"
    assert not config.access_log
    assert not config.server_header


def test_a_port_in_use_and_a_folder_without_a_study_are_explained(study, tmp_path):
    with serve._listening("127.0.0.1", 0) as taken:
        assert taken.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)  # before the address is printed
        with pytest.raises(UserError, match="give another one"):
            serve.serve(study.folder, taken.getsockname()[1])
    with pytest.raises(UserError, match="no study"):
        serve.serve(tmp_path / "none")
