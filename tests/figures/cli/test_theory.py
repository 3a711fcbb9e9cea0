"""`cwb theory`: what the commands print for a person and for a machine, and what an answer loads."""

import csv
import io
import json
import subprocess
import sys

import pytest

from figures.cli.entry import main
from theory.attacks.attack import Attack, Outcome
from theory.ledger import IDS, LAWS
from theory.proof.notation import TERMS


def run(capsys: pytest.CaptureFixture[str], words: str) -> tuple[int, str, str]:
    """Exit status, output and complaint of `cwb theory WORDS`."""
    capsys.readouterr()
    status = main(["theory", *words.split()])
    return status, *capsys.readouterr()


def printed(capsys, words: str) -> str:
    status, out, complaint = run(capsys, words)
    assert status == 0, complaint
    return out


def test_the_list_has_one_line_per_claim_and_the_long_list_every_statement(capsys):
    lines = printed(capsys, "list").splitlines()
    assert [sum(line.split()[:1] == [id] for line in lines) for id in IDS] == [1] * len(IDS)
    assert len(lines) < len(IDS) + 8
    assert len(printed(capsys, "list --long").splitlines()) > 4 * len(IDS)


@pytest.mark.parametrize(("command", "rows"), [("list", len(IDS)), ("notation", len(TERMS))])
def test_tables_come_in_every_format(capsys, command, rows):
    assert len(json.loads(printed(capsys, f"{command} --json"))) == rows
    assert len(list(csv.DictReader(io.StringIO(printed(capsys, f"{command} --format csv"))))) == rows
    assert printed(capsys, f"{command} --format markdown").count("\n|") >= rows
    assert printed(capsys, f"{command} --format latex").count("\\\\") == rows + 1


def test_the_literature_as_a_table(capsys):
    rows = json.loads(printed(capsys, "literature s2 --json"))
    assert len(list(csv.DictReader(io.StringIO(printed(capsys, "literature S2 --format csv"))))) == len(rows) > 0
    assert set(rows[0]) >= {"claim", "name", "quantity", "ours", "theirs", "tolerance", "agrees", "source", "provenance"}


def test_a_value_has_unit_and_meaning(capsys):
    first, second = printed(capsys, "value c2 quantity=task_ceiling N=1000 T=20").splitlines()
    assert first == "377.354 facts"
    assert second.startswith("task_ceiling of C2 at N = 1000, T = 20: Largest T * D * depth of the oldest of T tasks")


@pytest.mark.parametrize(("words", "law"), [("C4 J=0.1 sigma=1", "tradeoff"), ("C2 N=1000 M=50", "retention")])
def test_a_value_imports_one_law_and_no_library_beside_sympy(words, law):
    code = "import sys\nfrom figures.cli.entry import main\nmain(sys.argv[1:])\nprint(*sys.modules)"
    command = [sys.executable, "-c", code, "theory", "value", *words.split()]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert loaded & set(LAWS) == {f"theory.{law}"}
    heavy = {"scipy.optimize", "scipy.special", "scipy.stats", "pandas", "jax", "torch", "matplotlib", "joblib"}
    assert not heavy & loaded


@pytest.mark.parametrize(
    ("words", "fragments"),
    [
        ("value C2 N=1000000 T=50", ["task_ceiling takes N, T"]),
        ("value C2 N=10 M=5 quantity=task_celing", ["did you mean task_ceiling"]),
        ("show sparse_memry", ["did you mean sparse_memory"]),
        ("value C2 N=10 M=5 self=1", ["C2 ceiling takes N, M, not self"]),
        ("attack C1 --seed -1", ["seed=-1", "0 or more"]),
        ("attack C1 --seconds inf", ["seconds=inf", "finite"]),
        ("check C4 --workers -1", ["workers=-1"]),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_a_remedy(capsys, words, fragments):
    status, _, complaint = run(capsys, words)
    assert status == 2
    assert len(complaint.splitlines()) == 1
    for fragment in fragments:
        assert fragment in complaint


def test_a_hypothesis_is_shown_without_empty_headings(capsys):
    text = printed(capsys, "show h1")
    assert "Truth table" in text
    assert "Quantities" not in text
    lines = text.splitlines()
    headings = [number for number, line in enumerate(lines) if line[:1].isalpha() and not line.startswith("Source")]
    assert all(lines[number + 1].strip() for number in headings[1:])


def test_seconds_are_shared_by_all_attacks(capsys, monkeypatch):
    shares = []

    def recorded(attack, seed, seconds):
        shares.append(seconds)
        return Outcome(attack.claim, attack.name, 0.5, {"x": 1.0}, 1)

    monkeypatch.setattr("theory.attacks.attack.run", recorded)
    answer = json.loads(printed(capsys, "attack C1 --seconds 6 --json"))
    assert len(shares) == len(answer["attacks"]) > 1
    assert shares[0] == pytest.approx(6 / len(shares), abs=0.5)
    assert shares[-1] == pytest.approx(6, abs=0.5)  # none of the attacks took any time: the last one gets all that is left


def test_witnesses_are_shown_in_full(capsys, monkeypatch):
    from theory import evidence

    directions = [[0.5, float(number)] for number in range(40)]
    attack = Attack("C2", "long", "nothing", ((0.0, 1.0),), lambda x: {"directions": directions}, lambda witness: 0.5)
    monkeypatch.setattr(evidence, "attacks", lambda id: [attack])
    text = printed(capsys, "attack C2 --seconds 0.05")
    assert "[0.5, 39]" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("text", ["[" * 100_000, "{}", "[]", "null", '{"attack": "PR", "witness": 3}', "\ud800", "NaN", ""])
def test_a_file_without_a_witness_gets_one_line(capsys, tmp_path, text):
    path = tmp_path / "witness.json"
    path.write_bytes(text.encode(errors="surrogatepass"))
    status, _, complaint = run(capsys, f"attack I1 --replay {path}")
    assert status == 2
    assert len(complaint.splitlines()) == 1


@pytest.mark.parametrize("part", [None, 3, "x", [], [[]], {}, [1e308, 1e308], [["a"]]])
def test_a_witness_that_does_not_fit_gets_one_line(capsys, tmp_path, part):
    answer = json.loads(printed(capsys, "attack I1 --seconds 0.1 --json"))
    path = tmp_path / "witness.json"
    path.write_text(json.dumps(answer | {"witness": dict.fromkeys(answer["witness"], part)}))
    status, _, complaint = run(capsys, f"attack I1 --replay {path}")
    assert status == 2
    assert len(complaint.splitlines()) == 1
    assert "witness" in complaint
