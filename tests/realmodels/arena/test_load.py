"""Twenty readers at once over real HTTP, and a server that is killed meanwhile: no vote is lost, none is doubled."""

import random
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pandas as pd
import pytest

from realmodels.arena.records import CHOICES
from realmodels.arena.votes import Votes
from tests.realmodels.arena.long_story import long_study
from tests.realmodels.arena.serving import Server

READERS, EACH = 20, 6


class Voter:
    """A reader who votes EACH times. Whatever breaks off is tried again, as a person would; every vote is sent twice."""

    def __init__(self, url: str, number: int, acknowledged):
        self.client = httpx2.Client(base_url=url, timeout=60, follow_redirects=False)
        self.number, self.acknowledged, self.tries = number, acknowledged, 0

    def ask(self, method: str, page: str, **fields):
        end = time.monotonic() + 60
        while True:
            try:
                self.tries += 1
                return self.client.request(method, page, **fields)
            except httpx2.TransportError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def form(self, page: str) -> dict[str, str]:
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self.ask("GET", page).text))

    def run(self) -> dict[str, str]:
        """{ballot: choice} as the server acknowledged them."""
        draw = random.Random(self.number)
        self.ask("POST", "/join", data={**self.form("/"), "nickname": f"reader {self.number}", "language": "en"})
        said = {}
        for _ in range(EACH):
            form, choice = self.form("/ballot"), draw.choice(CHOICES)
            for again in (choice, draw.choice(CHOICES)):
                answer = self.ask("POST", "/vote", data={**form, "choice": again})
                assert answer.status_code == 303, answer.text
                assert answer.headers["location"] in ("/thanks", "/thanks?first=1")
            said[form["ballot"]] = choice
            self.acknowledged()
        return said


def voted(server: Server, acknowledged=lambda: None) -> tuple[dict[str, str], pd.DataFrame]:
    """(what was acknowledged, what is in the file) after READERS readers at once."""
    barrier = threading.Barrier(READERS)

    def run(number: int) -> dict[str, str]:
        voter = Voter(server.url, number, acknowledged)
        barrier.wait()
        return voter.run()

    with ThreadPoolExecutor(READERS) as pool:
        said = {ballot: choice for one in pool.map(run, range(READERS)) for ballot, choice in one.items()}
    with Votes(server.folder / "votes.sqlite") as votes:
        assert votes._read("PRAGMA integrity_check") == [("ok",)]
        return said, votes.table()


@pytest.mark.timeout(120)
def test_twenty_readers_at_once_lose_no_vote_and_double_none(tmp_path):
    study = long_study(tmp_path / "study")
    with Server(study.folder) as server:
        said, table = voted(server)
    assert len(said) == len(table) == READERS * EACH
    assert dict(zip(table["ballot"], table["choice"], strict=True)) == said
    assert (table.groupby("reader").size() == EACH).all()
    pairs = table.apply(lambda row: tuple(sorted((row["left"], row["right"]))), axis=1).value_counts()
    assert pairs.max() - pairs.min() <= READERS  # each of the three had its share, though all came at once
    assert server.log.read_text() == ""


@pytest.mark.timeout(180)
def test_every_acknowledged_vote_is_there_when_the_server_is_killed_while_twenty_vote(tmp_path):
    study = long_study(tmp_path / "study")
    count, lock, stop = [0], threading.Lock(), threading.Event()

    def acknowledged():
        with lock:
            count[0] += 1

    with Server(study.folder) as server:

        def kill_and_start():
            for after in (15, 45, 80):
                while count[0] < after and not stop.is_set():
                    time.sleep(0.001)
                server.kill()
                server.start()

        killer = threading.Thread(target=kill_and_start)
        killer.start()
        try:
            said, table = voted(server, acknowledged)
        finally:
            stop.set()
            killer.join()
    assert len(said) == len(table) == READERS * EACH
    assert dict(zip(table["ballot"], table["choice"], strict=True)) == said
    readers = table.groupby("nickname")["reader"].nunique()
    assert list(readers) == [1] * READERS
