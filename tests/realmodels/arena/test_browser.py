"""The pages as readers meet them: in a real Chromium, before a real server. No page may complain or ask anybody else."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from realmodels.arena.server.words import word
from realmodels.arena.story import Language
from realmodels.arena.votes import Votes
from tests.paper.browser import executable
from tests.realmodels.arena.long_story import SYSTEMS, items, long_study
from tests.realmodels.arena.serving import Server

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
VOTE = {choice: f'.vote button[value="{choice}"]' for choice in ("left", "right", "both_good", "both_bad")}
SMALL = """() => [...document.querySelectorAll("a, button, summary, input:not([type=hidden]), textarea")]
    .filter((one) => one.checkVisibility() && !one.matches(".skip"))
    .map((one) => [one.outerHTML.slice(0, 80), (one.closest("label.tick") ?? one).getBoundingClientRect()])
    .filter(([, box]) => box.width < 44 || box.height < 44).map(([name, box]) => `${name} ${box.width} ${box.height}`)"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def served(tmp_path):
    """Factory (language, changed fields) -> the server of a long study, which ends with the test."""
    servers = []

    def serve(language="en", share=False, **changes) -> Server:
        study = long_study(tmp_path / f"study{len(servers)}", language, **changes)
        servers.append(Server(study.folder, share))
        servers[-1].start()
        return servers[-1]

    yield serve
    for server in servers:
        server.kill()


@pytest.fixture
def visit(chromium):
    """Factory (server, settings of the browser) -> the start page of a new reader's browser. complaints: allowed ones."""
    contexts, wrong = [], []

    def open_page(server: Server, complaints: str = "^$", **settings) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **settings})
        contexts.append(context)
        context.set_default_timeout(20_000)

        def requested(request):
            if request.url.split("/")[:3] != server.url.split("/"):
                wrong.append(f"asked elsewhere: {request.url}")

        def said(message):
            if message.type in ("error", "warning") and not re.search(complaints, message.text):
                wrong.append(f"{message.type}: {message.text}")

        context.on("request", requested)
        context.on("console", said)
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        page = context.new_page()
        page.goto(server.link)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def few(count: int, language: Language = "en") -> dict:
    """Of a long study the first two systems and the first items: a reader has seen all after `count` votes."""
    return {"systems": SYSTEMS[:2], "items": items(language)[:count]}


def press(page: Page, selector: str, act: str = "click") -> None:
    """Click or tap what leads to another page, and wait for that."""
    with page.expect_navigation():
        getattr(page.locator(selector).first, act)()


def join(page: Page, nickname: str = "Ana", act: str = "click") -> Page:
    page.locator("#nickname").fill(nickname)
    press(page, "form button", act)
    assert urlsplit(page.url).path == "/story"
    return page


def table(server: Server):
    with Votes(server.folder / "votes.sqlite") as votes:
        return votes.table()


def ballot(page: Page) -> str:
    return page.locator("input[name=ballot]").input_value()


def vote(page: Page, choice: str = "left", act: str = "click") -> None:
    press(page, VOTE[choice], act)
    assert urlsplit(page.url).path == "/thanks"


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def enter(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")


def go_on(page: Page) -> None:
    """After a vote the focus is where the next comparison is, without any Tab."""
    assert path(page) == "/thanks"
    page.wait_for_function("document.activeElement.matches('a.button')")
    enter(page)
    assert path(page) == "/ballot"


def path(page: Page) -> str:
    return urlsplit(page.url).path


def test_two_readers_vote_from_joining_to_the_end(served, visit):
    server = served(**few(4))
    ana, ben = join(visit(server), "Ana"), join(visit(server), "Ben")
    for page in (ana, ben):
        page.get_by_text("Chapter 1 · The ferry").click()
        assert page.get_by_text("Mara comes to the island of Orrin").last.is_visible()
    for number in range(4):
        for page, choice in ((ana, "left"), (ben, "both_bad")):
            press(page, "a.button")
            assert path(page) == "/ballot"
            vote(page, choice)
            assert word("en", "thanks", n=number + 1) in page.content()
    for page in (ana, ben):
        press(page, "a.button")
        assert page.get_by_text(word("en", "all")).is_visible()
    votes = table(server)
    assert sorted(zip(votes["nickname"], votes["choice"], strict=True)) == [("Ana", "left")] * 4 + [("Ben", "both_bad")] * 4
    assert votes.groupby("nickname")["item"].nunique().to_list() == [4, 4]
    press(ana, "nav a[href='/leave']")
    press(ana, "button.danger")
    assert set(table(server)["nickname"]) == {"Ben"}
    press(ana, "main a")
    join(ana, "Ana again")


def test_everything_can_be_done_from_the_keyboard_alone(served, visit):
    """No mouse event at all."""
    server = served()
    page = visit(server)
    tab_to(page, "#nickname")
    page.keyboard.type("Ana")
    enter(page)
    assert path(page) == "/story"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"  # by the link that skips the menu
    tab_to(page, "summary")
    page.keyboard.press("Enter")
    assert page.locator("details[open]").count() == 1
    tab_to(page, "a.button")
    enter(page)
    tab_to(page, ".why summary")
    page.keyboard.press("Space")
    tab_to(page, "[name=left_reason][value=dull]")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")  # on a tick it must not send the form
    tab_to(page, "#left-words")
    page.keyboard.type("1 and 2")
    assert page.locator("#left-words").input_value() == "1 and 2"
    page.keyboard.press("Tab")
    page.keyboard.press("2")
    assert page.evaluate("document.activeElement.value") == "right"
    assert table(server).empty  # a number goes to a choice, and gives no vote by itself
    enter(page)
    go_on(page)
    (row,) = table(server).to_dict("records")
    assert (row["choice"], row["reasons"]) == ("right", [{"side": "left", "reason": "dull", "words": "1 and 2"}])
    for key in "1234":
        page.keyboard.press(key)
        enter(page)
        go_on(page)
    assert list(table(server)["choice"]) == ["right", "left", "right", "both_good", "both_bad"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_phone_shows_all_without_scrolling_aside_and_fingers_hit_everything(served, visit, language):
    server = served(language, show_ranking=True)
    page = visit(server, complaints="422", locale="zh-CN" if language == "zh" else "en-GB", **PHONE)
    seen = []

    def check(name: str) -> None:
        seen.append(name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        assert page.evaluate("visualViewport.scale") == 1, name
        assert page.evaluate(SMALL) == [], name

    check("join")
    join(page, act="tap")
    check("story")
    press(page, "a.tap", "tap")
    check("all chapters")
    page.goto(f"{server.url}/ballot")
    page.locator(".recall summary").tap()
    page.locator(".why summary").tap()
    check("ballot")
    use = page.locator("#left-use")
    assert use.is_disabled()
    page.evaluate("document.getSelection().selectAllChildren(document.getElementById('left-text'))")
    use.tap()
    assert page.locator("#left-words").input_value()
    press(page, VOTE["both_bad"], "tap")
    check("reason needed")
    page.locator("[name=left_reason][value=forgot]").tap()
    vote(page, "both_bad", "tap")
    check("thanks")
    (reason,) = table(server)["reasons"].iloc[0]
    assert (reason["side"], reason["reason"]) == ("left", "forgot")
    for name in ("ranking", "leave", "left"):
        page.goto(f"{server.url}/{name}")
        check(name)
    assert len(seen) == 9


def test_words_are_marked_with_the_mouse(served, visit):
    server = served(**few(1))
    page = join(visit(server))
    press(page, "a.button")
    text = page.locator("#right-text")
    text.dblclick(position={"x": 12, "y": 12})
    assert page.locator("#right-words").input_value() == ""  # nobody has asked for it yet
    page.locator(".why summary").click()
    text.dblclick(position={"x": 12, "y": 12})
    page.wait_for_function("document.getElementById('right-words').value")
    marked = page.locator("#right-words").input_value()
    assert marked in text.inner_text()
    page.locator("#right-use").click()
    assert page.locator("#right-words").input_value() == marked  # once is enough
    page.locator("[name=right_reason][value=contradiction]").check()
    vote(page)
    assert table(server)["reasons"].iloc[0] == [{"side": "right", "reason": "contradiction", "words": marked}]


def test_in_chinese_no_word_is_english(served, visit):
    """Beside the names of answers and languages, what the reader calls herself, and what a system said in tags."""
    server = served("zh", **few(2, "zh"))
    page = visit(server, locale="zh-CN")
    texts = [page.inner_text("body")]
    join(page, "小安")
    for _ in range(2):
        texts.append(page.inner_text("body"))
        page.goto(f"{server.url}/ballot")
        page.locator(".why summary").click()
        texts.append(page.inner_text("body"))
        vote(page, "both_good")
        texts.append(page.inner_text("body"))
    page.goto(f"{server.url}/ballot")
    texts.append(page.inner_text("body"))
    page.goto(f"{server.url}/leave")
    texts.append(page.inner_text("body"))
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    found = {one for text in texts for one in re.findall("[A-Za-z]+", text)}
    assert found <= {"English", "A", "B", "b"}
    assert list(table(server)["choice"]) == ["both_good"] * 2


def test_a_server_that_is_killed_and_started_again_loses_and_doubles_nothing(served, visit):
    server = served(**few(3))
    page = join(visit(server, complaints="ERR_CONNECTION"))
    press(page, "a.button")
    vote(page)
    press(page, "a.button")
    shown, texts = ballot(page), page.locator(".answer").all_inner_texts()
    server.kill()
    page.locator(VOTE["right"]).click()
    page.wait_for_url("chrome-error://**")
    server.start()
    page.goto(f"{server.url}/ballot")
    assert (ballot(page), page.locator(".answer").all_inner_texts()) == (shown, texts)
    vote(page, "right")
    server.kill()
    server.start()  # the vote was acknowledged just before
    press(page, "a.button")
    assert ballot(page) != shown
    vote(page, "both_good")
    assert list(table(server)["choice"]) == ["left", "right", "both_good"]
    press(page, "a.button")
    assert page.get_by_text(word("en", "all")).is_visible()


def test_a_double_click_is_one_vote(served, visit):
    server = served(**few(3))
    page = join(visit(server))
    press(page, "a.button")
    first = ballot(page)
    page.locator(VOTE["left"]).dblclick(no_wait_after=True)
    page.wait_for_url("**/thanks*")
    press(page, "a.button")
    assert ballot(page) != first
    page.evaluate("const send = document.querySelector('.vote button'); for (let i = 0; i < 5; i++) send.click()")
    page.wait_for_url("**/thanks*")
    votes = table(server)
    assert list(votes["choice"]) == ["left", "left"]
    assert votes["ballot"].nunique() == 2


def test_who_goes_back_and_votes_otherwise_is_told_that_the_first_vote_counts(served, visit):
    server = served(**few(3))
    page = join(visit(server))
    press(page, "a.button")
    first = ballot(page)
    vote(page)
    page.go_back()
    if ballot(page) != first:  # a browser that keeps no pages shows the next
        page.evaluate("first => { document.querySelector('[name=ballot]').value = first }", first)
    vote(page, "right")
    assert page.get_by_text(word("en", "first_counts", n=1)).is_visible()
    assert list(table(server)["choice"]) == ["left"]


def test_a_shared_study_is_open_to_those_who_came_by_its_link_and_they_find_back(served, visit):
    server = served(share=True, **few(2))
    page = join(visit(server, complaints="ERR_CONNECTION"))  # of the icon, should it come late
    server.kill()
    server.start()  # with the same link, and its readers stay who they are
    press(page, "a.button")
    vote(page)
    press(page, "nav a[href='/leave']")
    press(page, "button.danger")
    press(page, "main a")
    join(page, "Ana again")
    server.link = server.url
    stranger = visit(server, complaints="403")
    assert stranger.get_by_text(word("en", "key_needed")).is_visible()
    assert stranger.locator("form").count() == 0
    assert table(server).empty


def test_nothing_in_what_a_browser_holds_tells_a_system(served, visit):
    server = served(**few(4))
    page = visit(server)
    held = []
    page.context.on("response", lambda answer: held.append(f"{answer.url} {answer.all_headers()}"))
    join(page)
    for _ in range(4):
        page.goto(f"{server.url}/ballot")
        held.append(page.content())
        vote(page)
        held.append(page.url + page.content())
    storage = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert storage == '[{},{},""]'
    for system in SYSTEMS:
        for name in (system.id, system.title, system.id.removeprefix("zq_")):
            assert not [text for text in held if re.search(rf"\b{name}\b", text, re.IGNORECASE)], name
    votes = table(server)
    assert set(votes["left"]) | set(votes["right"]) == {system.id for system in SYSTEMS[:2]}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_no_barrier_on_any_page_by_light_and_by_dark(served, visit, language):
    server, closed = served(language, show_ranking=True, **few(2, language)), served(language, open=False)
    page = visit(server, complaints="4(22|03|04)", locale="zh-CN" if language == "zh" else "en-GB")
    axe, seen = Axe(), []
    rules = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}

    def check(name: str, its_page: Page = page) -> None:
        seen.append(name)
        for scheme in ("light", "dark"):
            its_page.emulate_media(color_scheme=scheme)
            found = axe.run(its_page, options=rules).response["violations"]
            assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], (name, scheme)

    check("join")
    page.locator("#nickname").evaluate("field => { field.required = false }")
    press(page, "form button")
    check("join refused")
    join(page)
    check("story")
    page.goto(f"{server.url}/story?chapters=all")
    check("all chapters")
    page.goto(f"{server.url}/ballot")
    check("ballot")
    page.locator(".recall summary").click()
    page.locator(".why summary").click()
    check("ballot unfolded")
    page.locator("#left-words").fill("x")
    press(page, VOTE["left"])
    check("reason needed")
    page.locator("#left-words").fill("")
    vote(page)
    check("thanks")
    page.goto(f"{server.url}/ballot")
    vote(page)
    for name in ("ballot", "ranking", "none", "leave", "left"):
        page.goto(f"{server.url}/{name}")
        check(name)
    other = join(visit(closed, locale="zh-CN" if language == "zh" else "en-GB"))
    check("closed story", other)
    other.goto(f"{closed.url}/ballot")
    check("closed", other)
    assert len(seen) == 15
