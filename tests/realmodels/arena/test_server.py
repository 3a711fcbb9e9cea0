"""The pages from joining to withdrawing: what is typed is escaped, what is secret is not sent, what is voted is stored."""

import itertools
import re
import socket
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from realmodels.arena.records import Reader
from realmodels.arena.server import app, serve, site
from realmodels.arena.server.words import WORDS, word
from realmodels.arena.study import Answer
from realmodels.arena.votes import Votes
from tests.realmodels.arena.conftest import SYSTEMS
from theory.errors import UserError

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


def test_the_whole_way_from_joining_to_a_vote(browser, votes):
    ana = browser()
    assert ana.get("/").status_code == 200
    for page in ("/story", "/ballot", "/thanks", "/leave"):
        assert ana.get(page).headers["location"] == "/"
    ana.join()
    story = ana.get("/story").text
    assert "Recap 1." in story
    ballot = ana.get("/ballot").text
    assert ana.get("/ballot").text == ballot  # loading it again changes nothing
    answer = ana.vote("left", left_reason=["forgot", "dull"], left_words="the <b>key</b>", right_reason="frame")
    (row,) = votes.table().to_dict("records")  # stored before the answer came
    assert (answer.status_code, answer.headers["location"]) == (303, "/thanks")
    assert (row["choice"], row["nickname"], row["simulated"]) == ("left", "Ana", False)
    assert row["reasons"] == [
        {"side": "left", "reason": "forgot", "words": "the <b>key</b>"},
        {"side": "left", "reason": "dull", "words": "the <b>key</b>"},
        {"side": "right", "reason": "frame", "words": ""},
    ]
    assert row["ballot"] in ballot
    assert "you have given: 1." in ana.get("/thanks").text
    assert browser().join("Ben").get("/thanks").headers["location"] == "/ballot"  # who gave none is not thanked
    assert row["ballot"] not in ana.get("/ballot").text


def test_the_answers_stand_on_the_sides_that_were_stored(browser, make_study, votes):
    marks = {system.id: f"mark{number}" for number, system in enumerate(SYSTEMS)}
    plain = make_study()
    answers = {key: Answer(*key, marks[key[1]], None, None) for key in plain.answers}
    ana = browser(make_study(answers=answers)).join()
    for count in range(1, 19):
        page = ana.get("/ballot").text
        assert ana.vote("right").status_code == 303
        row = votes.table().iloc[-1]
        assert re.findall(r">(mark\d)</p>", page) == [marks[row["left"]], marks[row["right"]]]
        assert len(votes.table()) == count
    assert word("en", "all") in ana.get("/ballot").text
    assert word("en", "all") in ana.get("/story").text
    assert "up to chapter 6" in ana.get("/story").text


def test_the_story_ends_with_the_chapter_after_which_is_asked(browser, study, votes):
    ana = browser().join()
    for _ in range(6):
        page, story = ana.get("/ballot").text, ana.get("/story").text
        last = int(re.search(r"<h1>\w+ after chapter (\d)</h1>", page)[1])
        assert re.findall(r"Recap (\d)\.", story) == re.findall(r"Recap (\d)\.", page) == [str(n) for n in range(1, last + 1)]
        assert re.findall(r"Chapter (\d) has text", story) == [str(n) for n in range(1, last + 1)]
        ana.vote()


def test_a_double_click_is_one_vote_and_the_first(browser, votes):
    ana = browser().join()
    form = ana.hidden("/ballot")
    answers = [ana.post("/vote", data={**form, "choice": choice}) for choice in ("both_bad", "left")]
    assert [(one.status_code, one.headers["location"]) for one in answers] == [(303, "/thanks"), (303, "/thanks?first=1")]
    assert list(votes.table()["choice"]) == ["both_bad"]
    assert ana.post("/vote", data={**form, "choice": "both_bad"}).headers["location"] == "/thanks"
    assert word("en", "first_counts", n=1) in ana.get("/thanks?first=1").text


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


def test_words_without_a_reason_come_back_and_are_not_lost(browser, votes):
    ana = browser().join()
    answer = ana.vote("left", right_words="these words", left_reason="dull")
    assert answer.status_code == 422
    assert ">these words</textarea>" in answer.text
    assert 'name="left_reason" value="dull" checked' in answer.text
    assert word("en", "reason_needed") in answer.text
    assert votes.table().empty


def test_the_enter_key_on_a_tick_does_not_vote(browser, votes):
    """A browser then presses the first button of the form."""
    ana = browser().join()
    name, value = re.search(r'<button name="(\w+)" value="(\w*)"', ana.get("/ballot").text).groups()
    answer = ana.submit("/ballot", "/vote", **{name: value, "left_reason": "dull", "left_words": "kept"})
    assert answer.status_code == 422
    assert word("en", "choice_needed") in answer.text
    assert ">kept</textarea>" in answer.text
    assert votes.table().empty


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


def test_pages_are_in_the_language_that_a_reader_chose(browser):
    ana, ben = browser(headers={"accept-language": "zh-CN,zh;q=0.9"}), browser()
    assert '<html lang="zh-Hans">' in ana.get("/").text
    assert word("zh", "join_title") in ana.get("/").text
    assert '<html lang="en">' in ben.get("/").text
    assert '<html lang="zh-Hans">' in ben.get("/?language=zh").text
    ben.join("本", "zh")
    ballot = ben.get("/ballot").text
    assert '<html lang="zh-Hans">' in ballot
    assert word("zh", "both_good") in ballot
    assert 'id="left-text" lang="en"' in ballot  # the story keeps its own
    assert word("zh", "not_found") in ben.get("/none").text
    ben.vote()
    assert word("zh", "thanks", n=1) in ben.get("/thanks").text


def test_both_languages_have_every_text_with_the_same_gaps():
    for name, texts in WORDS.items():
        english, chinese = (set(re.findall(r"{\w+}", text)) for text in texts)
        assert english == chinese, name
        assert all(texts), name
        assert re.search(r"[\u4e00-\u9fff]", texts[1]), name


def test_the_ranking_is_hidden_while_votes_are_taken(browser, make_study, votes):
    hidden = browser(make_study()).join()
    hidden.vote("left")
    assert hidden.get("/ranking").status_code == 403
    assert 'href="/ranking"' not in hidden.get("/ballot").text
    bot = votes.reader(votes.join("bot", "en", simulated=True)).id
    votes.vote(votes.ballot(bot, "q1", SYSTEMS[0].id, SYSTEMS[1].id).id, bot, "left")
    row = votes.table().iloc[0]
    winner, loser = ({one.id: one.title for one in SYSTEMS}[row[side]] for side in ("left", "right"))
    for shown in (make_study(show_ranking=True), make_study(open=False)):
        reader = browser(shown).join("Ben")
        page = reader.get("/ranking").text
        counts = {
            title: re.findall(r"<td>(\d+)</td>", page.split(f">{title}</th>")[1].split("</tr>")[0])
            for title in (winner, loser)
        }  # fmt: skip
        assert counts == {winner: ["1", "1", "0", "0", "0"], loser: ["1", "0", "1", "0", "0"]}  # the bot's vote is left out
        assert 'href="/ranking"' in reader.get("/story").text


def test_a_ranking_of_ones_own_is_shown(browser, make_study):
    def ranking(study, table):
        return pd.DataFrame({"who": [one.title for one in study.systems], "rate <1>": [len(table)] * 3})

    page = browser(make_study(show_ranking=True), ranking=ranking).join().get("/ranking").text
    assert re.findall(r"<td>(\d)</td>", page) == ["0"] * 3
    assert "rate &lt;1&gt;" in page


def test_a_closed_study_takes_no_votes(browser, make_study, votes):
    open_one = make_study()
    ana = browser(open_one).join()
    form = ana.hidden("/ballot")
    closed = browser(make_study(open=False))
    closed.cookies = ana.cookies
    assert word("en", "closed") in closed.get("/ballot").text
    assert word("en", "closed") in closed.get("/story").text
    assert closed.post("/vote", data={**form, "choice": "left"}).status_code == 403
    assert votes.table().empty


def test_who_withdraws_is_gone_and_may_come_back_as_somebody_new(browser, votes):
    ana, ben = browser().join(), browser().join("Ben")
    ana.vote()
    ben.vote()
    form = ana.hidden("/ballot")
    assert "(1)" in ana.get("/leave").text
    answer = ana.submit("/leave", "/leave")
    assert (answer.status_code, answer.headers["location"]) == (303, "/left")
    assert list(votes.table()["nickname"]) == ["Ben"]
    assert not ana.cookies
    assert ana.get("/left").status_code == 200
    assert ana.post("/vote", data={**form, "choice": "left"}).status_code == 403
    assert ana.get("/ballot").headers["location"] == "/"
    ana.join("Ana again")
    votes.withdraw("Ana again")  # by the owner of the study, while the reader still has the cookie
    assert ana.get("/ballot").headers["location"] == "/"
    ana.join("Third").vote()
    assert list(votes.table()["nickname"]) == ["Ben", "Third"]


def test_who_withdraws_twice_at_once_or_while_something_else_is_asked_sees_no_error(browser, votes, monkeypatch):
    ana = browser().join()
    form = ana.hidden("/leave")
    (reader,) = votes._read("SELECT id, nickname, joined, language, simulated FROM readers")
    votes.withdraw(reader[0])
    monkeypatch.setattr(votes, "reader", lambda _: Reader(*reader))  # as it was looked up a moment before
    assert ana.get("/ballot").status_code == 400
    assert ana.post("/leave", data=form).headers["location"] == "/left"


def test_readers_at_the_same_time_are_not_all_asked_the_same(browser, make_study, votes):
    """Six readers of a study of three pairs, none of whom has voted: two for each pair, and of each pair no item twice."""
    for number in range(6):
        browser().join(f"reader {number}").get("/story")
    shown = [(frozenset(sides), item) for item, *sides in votes._read('SELECT item, "left", "right" FROM ballots')]
    assert sorted(Counter(pair for pair, _ in shown).values()) == [2, 2, 2]
    assert len(set(shown)) == 6
    assert len(votes.waiting(60)) == 6
    assert votes.waiting(-60).empty


def test_all_chapters_are_unfolded_at_a_word(browser):
    ana = browser().join()
    folded = ana.get("/story").text
    unfolded = ana.get("/story?chapters=all").text
    assert folded.count("<details>") == unfolded.count("<details open>") > 0
    assert 'href="/story?chapters=all#chapters"' in folded
    assert 'href="/story#chapters"' in unfolded


def test_ballots_depend_on_votes_of_ones_own_kind(browser, votes):
    """Simulated votes on two pairs do not send people to the third."""
    bot = votes.reader(votes.join("bot", "en", simulated=True)).id
    for pair in ((0, 1), (0, 2)):
        for item in ("q1", "q2", "q3"):
            votes.vote(votes.ballot(bot, item, *(SYSTEMS[n].id for n in pair)).id, bot, "left")
    for number in range(12):
        browser().join(f"reader {number}").get("/ballot")
    shown = votes._read('SELECT "left", "right" FROM ballots WHERE reader <> ?', bot)
    assert len({frozenset(pair) for pair in shown}) > 1


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


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_all_text_stands_out_from_its_ground_by_light_and_by_dark():
    css = (site.HERE / "static" / "style.css").read_text()
    schemes = [dict(re.findall(r"--([\w-]+): (#\w{6});", part)) for part in css.split("@media (prefers-color-scheme: dark)")]
    assert len(schemes) == 2
    grounds = [(text, ground) for text in ("text", "quiet", "accent", "danger") for ground in ("ground", "panel")]
    for colours in schemes:
        for text, ground, least in [*((*one, 4.5) for one in grounds), ("on-accent", "accent", 4.5), ("on-danger", "danger", 4.5),
                                    ("line", "panel", 3.0), ("line", "ground", 3.0)]:  # fmt: skip
            light, dark = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= least, (text, ground)


def test_forms_are_labelled_and_pages_have_their_landmarks(browser):
    ana = browser()
    pages = {"join": ana.get("/").text}
    ana.join()
    pages |= {page: ana.get(f"/{page}").text for page in ("story", "ballot", "leave", "none")}
    ana.vote()
    pages["thanks"] = ana.get("/thanks").text
    for name, page in pages.items():
        assert page.count("<main ") == page.count("<h1>") == page.count("<header>") == 1, name
        assert page.index('class="skip" href="#main"') < page.index("<header>"), name
        fields = re.findall(r'<(?:textarea|input)(?![^>]*type="hidden")[^>]*>', page)
        outside = [one for one in fields if not re.search(rf"<label[^>]*>{re.escape(one)}", page)]
        labelled = set(re.findall(r'<label for="([\w-]+)"', page))
        assert all(re.search(r'id="([\w-]+)"', one)[1] in labelled for one in outside), name
        ids = re.findall(r'\sid="([\w-]+)"', page)
        assert len(ids) == len(set(ids)), name
        pointed = " ".join(re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', page)).split()
        assert set(pointed) <= set(ids), name
