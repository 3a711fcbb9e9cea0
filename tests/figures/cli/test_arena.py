"""`cwb arena` as a user types it: a study from new to rank, votes out and in, and one line for what is wrong."""

import json
import re

import pytest

from figures.cli.entry import main
from realmodels.arena.ranking.planning import simulated_votes
from realmodels.arena.story import Chapter, Probe, Story
from realmodels.arena.study import read_study
from realmodels.arena.votes import Votes
from tests.realmodels.arena.story_model import story_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return story_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def made(model, tmp_path_factory):
    """A folder with a study of two systems that `new` made, its story beside it."""
    folder = tmp_path_factory.mktemp("arena")
    chapters = tuple(Chapter("Day", f"Mara has key {n}. It rained. All slept.", "Rain.") for n in range(6))
    probes = tuple(Probe(f"p{n}", "object", 1, n, "Who?", "Mara", (), ("Tom",), "It is") for n in range(1, 7))
    Story("Key", "en", "sea", "Mara.", chapters, probes).save(folder / "story.json")
    words = ["--story", str(folder / "story.json"), "--model", model, "--systems", "frozen", "window:size=9"]
    assert main(["arena", "new", str(folder / "study"), *words]) == 0
    return folder


def run(capsys, *words) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(["arena", *(str(word) for word in words)])
    found = capsys.readouterr()
    return status, found.out, found.err


def people(folder, readers=6):
    """Votes of made-up people: they are entered as a reader's are, and prefer the window."""
    study = read_study(folder)
    table = simulated_votes(study, {"frozen": 0.0, "window_size_9": 2.0}, readers, 6)
    with Votes(folder / "votes.sqlite") as votes:
        for name, part in table.groupby("nickname"):
            token = votes.join(str(name), "en")
            reader = votes.reader(token)
            assert reader is not None
            for row in part.to_dict("records"):
                ballot = votes.ballot(reader.id, row["item"], row["left"], row["right"])
                votes.vote(ballot.id, reader.id, row["choice"])
    return len(table)


def test_from_new_to_rank(made, tmp_path, capsys):
    study = made / "study"
    status, out, _ = run(capsys, "score", study)
    assert (status, "window_size_9" in out) == (0, True)
    assert run(capsys, "rank", study)[0] == 2  # nobody has voted
    count = people(study)
    status, out, _ = run(capsys, "rank", study, "--json", "--plot", tmp_path / "rank.png")
    told = json.loads(out)
    assert (status, told["votes"], told["readers"], told["simulated"]) == (0, count, 6, False)
    assert told["system"][0] == "window_size_9"
    assert (tmp_path / "rank.png").stat().st_size > 5000
    assert run(capsys, "export", study, tmp_path / "votes.jsonl")[0] == 0
    assert len((tmp_path / "votes.jsonl").read_text().splitlines()) == count
    assert run(capsys, "withdraw", study, "simulated 3")[1].startswith("6 votes of simulated 3 deleted")
    status, out, _ = run(capsys, "rank", study, "--json")
    assert json.loads(out)["votes"] == count - 6
    status, out, _ = run(capsys, "close", study)
    assert (status, read_study(study).open) == (0, False)
    assert run(capsys, "close", study, "--reopen")[0] == 0
    assert read_study(study).open
    status, _, err = run(capsys, "import", study, tmp_path / "votes.jsonl")
    assert (status, len(err.splitlines())) == (2, 1)  # they are there already


def test_simulated_votes_are_told_apart(made, tmp_path, capsys):
    status, _, err = run(capsys, "rank", made / "study", "--simulated")
    assert (status, "no votes" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serve", "nowhere"], "no study nowhere: make one"),
        (["score", "nowhere"], "no study nowhere"),
        (["new", "{0}/study", "--story", "{0}/story.json"], "is there already"),
        (["new", "{0}/other", "--story", "{0}/no.json"], "no.json does not exist"),
        (["new", "{0}/other", "--story", "{0}/story.json", "--transcript", "{0}/a.txt"], "give one of them"),
        (["new", "{0}/other", "--probes", "{0}/a.json"], "belongs to --transcript"),
        (["new", "{0}/other", "--genre", "opera"], "opera"),
        (["new", "{0}/other", "--chapters", "2"], "chapters"),
        (["new", "{0}/other", "--story", "{0}/story.json", "--systems", "dream", "frozen"], "'dream' is unknown"),
        (["withdraw", "{0}/study", "nobody"], "no readers 'nobody'"),
        (["plan", "--readers", "0"], "whole numbers of 1"),
        (["import", "{0}/study", "{0}/story.json"], "story.json"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(made, capsys, words, said):
    before = sorted(path.name for path in made.iterdir())
    status, out, err = run(capsys, *(word.format(made) for word in words))
    assert (status, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert sorted(path.name for path in made.iterdir()) == before


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["arena", "--help"])
    out = capsys.readouterr().out
    for name in ("new", "serve", "score", "rank", "plan", "export", "import", "withdraw", "close"):
        assert re.search(rf"\b{name}\b", out)
