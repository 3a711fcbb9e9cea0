"""Votes are neither lost nor doubled, whatever happens at once or breaks off; what is handed on holds no token."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier

import pytest

from realmodels.arena.votes import Votes
from simulate.runs.fingerprint import ROOT
from theory.errors import UserError

REASON = {"side": "right", "reason": "forgot", "words": "the key"}
VOTER = """
import sys
from realmodels.arena.votes import Votes

votes = Votes(sys.argv[1])
reader = votes.reader(votes.join(sys.argv[2], "en")).id
for number in range(int(sys.argv[3])):
    ballot = votes.ballot(reader, f"item {number}", "a", "b")
    votes.vote(ballot.id, reader, "left")
    print(ballot.id, flush=True)
"""


def joined(votes: Votes, nickname: str = "Ana", **fields) -> str:
    reader = votes.reader(votes.join(nickname, "en", **fields))
    assert reader is not None
    return reader.id


def voted(votes: Votes, reader: str, item: str = "q1", choice: str = "left", **fields):
    return votes.vote(votes.ballot(reader, item, "a", "b").id, reader, choice, **fields)


def voter(path, name: str, count: int) -> subprocess.Popen:
    command = [sys.executable, "-c", VOTER, str(path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def test_a_reader_comes_back_with_a_token_that_is_not_kept(votes):
    token = votes.join("  Ana\u202e  B ", "zh", simulated=True)
    reader = votes.reader(token)
    assert (reader.nickname, reader.language, reader.simulated) == ("Ana B", "zh", True)
    assert votes.reader(token + "x") is None
    assert votes.reader("") is None
    votes.close()
    kept = b"".join(path.read_bytes() for path in votes.path.parent.iterdir())
    assert token.encode() not in kept
    assert b"Ana B" in kept


@pytest.mark.parametrize(("nickname", "language"), [("", "en"), (" \n", "en"), ("x" * 41, "en"), ("Ana", "de")])
def test_who_cannot_join(votes, nickname, language):
    with pytest.raises(UserError):
        votes.join(nickname, language)


def test_the_first_of_two_votes_counts_and_comes_back(votes):
    reader = joined(votes)
    ballot = votes.ballot(reader, "q1", "a", "b")
    first = votes.vote(ballot.id, reader, "left", [REASON])
    assert votes.vote(ballot.id, reader, "right", []) == first
    (row,) = votes.table().to_dict("records")
    assert (row["ballot"], row["choice"], row["reasons"], row["reader"]) == (ballot.id, "left", [REASON], reader)
    assert (row["left"], row["right"], row["nickname"], row["simulated"]) == ("a", "b", "Ana", False)
    assert row["joined"] <= row["shown"] <= row["at"]


def test_a_pair_is_shown_once_per_reader_and_item_with_the_sides_that_it_had(votes):
    ana, ben = joined(votes), joined(votes, "Ben")
    ballot = votes.ballot(ana, "q1", "a", "b")
    assert votes.ballot(ana, "q1", "b", "a") == ballot
    others = [votes.ballot(ana, "q2", "a", "b"), votes.ballot(ana, "q1", "a", "c"), votes.ballot(ben, "q1", "b", "a")]
    assert len({ballot.id, *(one.id for one in others)}) == 4
    assert votes.ballots(ana) == [ballot, *others[:2]]
    votes.vote(ballot.id, ana, "both_bad")
    assert [one.voted for one in votes.ballots(ana)] == [True, False, False]


def test_marked_words_are_kept_on_one_line_without_what_is_not_printed(votes):
    vote = voted(votes, joined(votes), reasons=[{**REASON, "words": " the\n\tkey \u202e \x00of\ud800 Mara"}])
    assert vote.reasons[0]["words"] == "the key of Mara"


@pytest.mark.parametrize(
    ("choice", "reasons"),
    [
        ("up", []),
        ("left", [{**REASON, "side": "up"}]),
        ("left", [{**REASON, "reason": "ugly"}]),
        ("left", [{**REASON, "words": "x" * 301}]),
        ("left", [{**REASON, "words": 3}]),
        ("left", [REASON, REASON]),
        ("left", [{**REASON, "more": 1}]),
        ("left", ["forgot"]),
        ("left", "forgot"),
    ],
)
def test_what_is_no_vote(votes, choice, reasons):
    with pytest.raises(UserError):
        voted(votes, joined(votes), choice=choice, reasons=reasons)
    assert votes.table().empty


def test_nobody_votes_on_what_was_not_shown_to_them(votes):
    ana, ben = joined(votes), joined(votes, "Ben")
    ballot = votes.ballot(ana, "q1", "a", "b").id
    for wrong in [(ballot, ben), ("x" * 32, ana)]:
        with pytest.raises(UserError):
            votes.vote(*wrong, "left")
    for reader, left in [("nobody", "a"), (ana, "b")]:
        with pytest.raises(UserError):
            votes.ballot(reader, "q2", left, "b")
    assert votes.table().empty


@pytest.mark.parametrize("own_connection", [False, True])
def test_twenty_threads_at_once_lose_nothing_and_double_nothing(votes, own_connection):
    """Each thread votes on 5 ballots of its own, twice each, and all vote on one ballot that they share."""
    barrier = Barrier(20)
    shared_reader = joined(votes, "shared")
    shared = votes.ballot(shared_reader, "q0", "a", "b").id

    def vote(number: int):
        mine = Votes(votes.path) if own_connection else votes
        barrier.wait()
        reader = joined(mine, f"reader {number}")
        own = [voted(mine, reader, f"item {i % 5}", choice).ballot for i, choice in enumerate(["left"] * 5 + ["right"] * 5)]
        return own, mine.vote(shared, shared_reader, ("left", "right")[number % 2]).choice

    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(vote, range(20)))
    table = votes.table()
    acknowledged = {ballot for own, _ in outcomes for ballot in own} | {shared}
    assert len(acknowledged) == len(table) == 101
    assert set(table["ballot"]) == acknowledged
    assert set(table.loc[table["ballot"] != shared, "choice"]) == {"left"}
    assert {choice for _, choice in outcomes} == set(table.loc[table["ballot"] == shared, "choice"])


def test_processes_vote_into_one_file_and_a_kill_loses_no_acknowledged_vote(tmp_path):
    path = tmp_path / "votes.sqlite"
    processes = [voter(path, "kept", 30), voter(path, "killed", 10**6)]
    kept, killed = processes
    lines = []
    for line in killed.stdout:
        lines.append(line)
        if len(lines) == 25:
            os.kill(killed.pid, signal.SIGKILL)
    whole = [line.strip() for line in lines if line.endswith("\n")]
    assert killed.wait() == -signal.SIGKILL
    finished = kept.communicate()[0].split()
    with Votes(path) as votes:
        table = votes.table()
        assert len(finished) == 30
        assert set(finished) == set(table.loc[table["nickname"] == "kept", "ballot"])
        stored = list(table.loc[table["nickname"] == "killed", "ballot"])
        assert stored[: len(whole)] == whole
        assert len(stored) - len(whole) in (0, 1)  # one may have been stored and not yet said
        assert votes._read("PRAGMA integrity_check") == [("ok",)]


def test_votes_are_on_the_disk_before_they_are_acknowledged(votes):
    """What a kill cannot show: that a loss of power would do no harm either."""
    assert votes._read("PRAGMA synchronous") == [(2,)]
    assert votes._read("PRAGMA journal_mode") == [("wal",)]
    voted(votes, joined(votes))
    assert not votes._db.in_transaction
    other = sqlite3.connect(votes.path)
    assert other.execute("SELECT count(*) FROM votes").fetchone() == (1,)
    other.close()


def test_a_writer_that_fails_leaves_nothing_behind(votes):
    reader = joined(votes)

    def fail():
        with votes._writing() as database:
            database.execute("DELETE FROM readers")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    voted(votes, reader)
    assert len(votes.table()) == 1


def test_export_and_import_keep_all_but_the_tokens(votes, tmp_path):
    token = votes.join("Ana <b>", "zh")
    ana, bot = votes.reader(token).id, joined(votes, "bot", simulated=True)
    voted(votes, ana, reasons=[REASON])
    voted(votes, bot, choice="both_good")
    votes.ballot(ana, "q2", "a", "b")  # shown only: not handed on
    secret = votes.secret("key")
    file = tmp_path / "votes.jsonl"
    assert votes.export(file) == 2
    assert not any(text in file.read_text() for text in (token, secret, "token"))
    with Votes(tmp_path / "other.sqlite") as other:
        assert other.import_(file) == 2
        assert other.table().to_dict("records") == votes.table().to_dict("records")
        assert list(other.table()["simulated"]) == [False, True]
        assert other.reader(token) is None
        joined(other, "Cem")
        with pytest.raises(UserError, match="already"):
            other.import_(file)
        assert len(other.table()) == 2
    with pytest.raises(UserError, match="already"):
        votes.import_(file)


def test_what_cannot_be_imported_leaves_all_as_it_was(votes, tmp_path):
    voted(votes, joined(votes))
    file = tmp_path / "votes.jsonl"
    votes.export(file)
    good = json.loads(file.read_text())
    changes = [
        {"ballot": 3}, {"choice": "up"}, {"at": "yesterday"}, {"simulated": 1}, {"right": "a"}, {"token": "x"}, {"nickname": ""},
        {"reasons": [{}]}, {"reader": "\ud800"}, {"item": "a\x00"},
    ]  # fmt: skip
    with Votes(tmp_path / "other.sqlite") as other:
        for change in changes:
            file.write_text(json.dumps({**good, "ballot": "first", "item": "q0"}) + "\n" + json.dumps({**good, **change}) + "\n")
            with pytest.raises(UserError, match="line 2"):
                other.import_(file)
        file.write_text(f"{json.dumps(good)}\n{json.dumps(good)}\n")
        with pytest.raises(UserError, match=r"line 2.*twice"):
            other.import_(file)
        turned = {**good, "ballot": "second", "item": "q2", "simulated": True}
        file.write_text(f"{json.dumps(good)}\n{json.dumps(turned)}\n")
        with pytest.raises(UserError, match="simulated"):
            other.import_(file)
        assert other.table().empty
        file.write_text(json.dumps(good) + "\n")
        assert other.import_(file) == 1


def test_withdrawal_deletes_all_of_one_reader_even_from_the_bytes_of_the_file(votes):
    gone, stays = joined(votes, "Vanishing Vera"), joined(votes, "Staying Sam")
    for reader in (gone, stays):
        voted(votes, reader, reasons=[{**REASON, "words": f"words of {reader}"}])
        votes.ballot(reader, "q2", "a", "b")
    assert votes.withdraw("Vanishing Vera") == 1
    assert list(votes.table()["reader"]) == [stays]
    assert votes.ballots(gone) == []
    assert len(votes.ballots(stays)) == 2
    bytes_left = b"".join(path.read_bytes() for path in votes.path.parent.iterdir())
    assert b"Vanishing Vera" not in bytes_left
    assert gone.encode() not in bytes_left
    assert b"Staying Sam" in bytes_left
    with pytest.raises(UserError, match="no reader"):
        votes.withdraw("Vanishing Vera")
    with pytest.raises(UserError, match="join first"):
        votes.ballot(gone, "q1", "a", "b")


def test_of_two_readers_with_one_nickname_none_is_withdrawn_by_mistake(votes):
    ids = [joined(votes, "Ana"), joined(votes, "Ana")]
    for reader in ids:
        voted(votes, reader)
    with pytest.raises(UserError, match=ids[0]):
        votes.withdraw("Ana")
    assert votes.withdraw(ids[0]) == 1
    assert list(votes.table()["reader"]) == ids[1:]


def test_the_table_is_in_order_and_an_empty_one_has_its_columns(votes):
    empty = votes.table()
    reader = joined(votes)
    for number in range(20):
        voted(votes, reader, f"item {number}")
    table = votes.table()
    assert list(empty.columns) == list(table.columns)
    assert list(table["item"]) == [f"item {number}" for number in range(20)]
    assert all(earlier <= later for earlier, later in pairwise(table["at"]))


def test_secrets_stay_the_same_and_files_that_are_none_are_refused(votes, tmp_path):
    assert votes.secret("key") == votes.secret("key") != votes.secret("other")
    with Votes(votes.path) as again:
        assert again.secret("key") == votes.secret("key")
    (tmp_path / "text").write_text("no database, but a text that is long enough to be read as one" * 20)
    with pytest.raises(UserError, match="cannot be opened"):
        Votes(tmp_path / "text")
