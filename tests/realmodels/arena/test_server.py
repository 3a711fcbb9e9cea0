"""The pages from joining to withdrawing: what readers see, and what is stored of what they say."""

import re
from collections import Counter

import pandas as pd

from realmodels.arena.records import Reader
from realmodels.arena.server import site
from realmodels.arena.server.words import WORDS, word
from realmodels.arena.study import Answer
from tests.realmodels.arena.conftest import SYSTEMS


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
