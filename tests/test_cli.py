"""The commands as a user runs them: what they answer, and the one line that wrong input gets.

Expected values: C2 N/e for many writes; C3 1/(2 ln 2) bits; Gardner's 2 bits per synapse at coding level 1/2 (Gardner 1988);
S1's gain exp(W(r/e)) at r = 10 is 3.18 with W from scipy.special.lambertw.
"""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from scipy.special import lambertw

from figures.cli.entry import main

FACTS = '{"prompt": "The capital of France is", "answer": " France", "task": 0}\n'


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit status, output and complaint of `cwb words`."""
    capsys.readouterr()
    status = main(list(words))
    out, err = capsys.readouterr()
    return status, out, err


def answer(capsys, *words: str):
    status, out, err = run(capsys, *words, "--json")
    assert status == 0, err
    return json.loads(out)


COMMANDS = ("reproduce", "theory", "simulate", "models", "train", "write", "measure", "forecast", "figures", "paper", "explore")


def test_help_names_every_command_and_needs_no_heavy_library():
    help_text = subprocess.run([sys.executable, "-m", "figures.cli", "--help"], capture_output=True, text=True, check=True).stdout
    assert all(command in help_text for command in COMMANDS)
    code = "import sys, figures.cli.entry; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"jax", "torch", "sympy", "matplotlib", "scipy"} & set(loaded)


def test_ledger_has_the_claims(capsys):
    records = answer(capsys, "theory", "list")
    assert {"I1", "I2", "C1", "C2", "C3", "C4", "S1"} <= {record["id"] for record in records}
    for record in records:
        assert {"id", "statement", "assumptions", "status", "source", "evidence"} <= set(record)
        assert all(record[key] for key in ("statement", "assumptions", "status", "source")), record["id"]


@pytest.mark.parametrize(
    ("words", "expected", "tolerance"),
    [
        ("I1 M=300 N=100", 2.0, 1e-12),
        ("I2 N=100 a=0.5 c=0.8", 1 / 100 + (1 - 1 / 100) * 0.16, 1e-12),
        ("C2 N=1000 M=1000000", 1000 / math.e, 1e-3),
        ("C3 d=1", 1 / (2 * math.log(2)), 1e-12),
        ("C4 J=1 sigma=1", 1.0, 1e-12),
        ("C4 J=0.02 sigma=1", 0.04 / 1.02, 1e-12),
        ("S1 N=1e12 b=1 R=10 D_s=1", math.exp(lambertw(10 / math.e).real), 1e-6),
        ("S2 f=0.5", 2.0, 1e-6),
    ],
)
def test_values(capsys, words, expected, tolerance):
    reply = answer(capsys, "theory", "value", *words.split())
    assert reply["value"] == pytest.approx(expected, abs=tolerance)
    assert reply["id"] == words.split()[0]
    assert all(reply[key] for key in ("unit", "quantity", "meaning", "conditions", "version"))
    assert reply["parameters"] == {name: float(text) for name, text in (word.split("=") for word in words.split()[1:])}


def test_show_and_check(capsys):
    status, out, _ = run(capsys, "theory", "show", "C2")
    assert status == 0
    assert len(out.splitlines()) > 5
    checks = answer(capsys, "theory", "check", "C4")
    assert checks
    assert all(check["passed"] for check in checks)


def test_a_claim_as_typst(capsys):
    status, out, _ = run(capsys, "theory", "show", "C4", "--typst")
    assert status == 0
    assert out.startswith("= C4: ")
    assert "#fitted($ " in out


def test_attack_finds_a_witness_that_replays(capsys, tmp_path):
    found = answer(capsys, "theory", "attack", "I1", "--seconds", "0.2")
    assert {"id", "tightest_ratio", "witness", "attack", "seed", "seconds", "attacks", "version"} == set(found)
    assert 0.5 < found["tightest_ratio"] <= 1 + 1e-9
    (tmp_path / "witness.json").write_text(json.dumps(found))
    again = answer(capsys, "theory", "attack", "I1", "--replay", str(tmp_path / "witness.json"))
    assert again["tightest_ratio"] == pytest.approx(found["tightest_ratio"], rel=1e-12)
    (tmp_path / "witness.json").write_text(json.dumps({**found, "attack": "another"}))
    status, _, err = run(capsys, "theory", "attack", "I1", "--replay", str(tmp_path / "witness.json"))
    assert status == 2
    assert "choose among" in err


def test_an_attack_that_breaks_a_bound_is_a_failure(capsys, monkeypatch):
    from theory import evidence
    from theory.attacks.attack import Attack

    # a start at the maximum: the first instance breaks the bound, however little time a busy machine leaves for the search
    decode, ratio = (lambda x: {"x": float(x[0])}), (lambda witness: 1 + witness["x"])
    broken = Attack("C2", "broken", "nothing", ((0.0, 1.0),), decode, ratio, starts=((1.0,),))
    monkeypatch.setattr(evidence, "attacks", lambda id: [broken])
    status, out, _ = run(capsys, "theory", "attack", "C2", "--seconds", "0.1")
    assert status == 1
    assert "tightest ratio 2.0" in out


def test_literature_agrees_and_says_what_is_quoted(capsys):
    rows = answer(capsys, "theory", "literature", "S2")
    assert rows
    assert all(row["claim"] == "S2" for row in rows)
    assert all(row["agrees"] in (True, None) for row in rows)


def test_listings(capsys):
    assert {"delta", "hebbian", "cells"} <= {entry["name"] for entry in answer(capsys, "simulate", "systems")}
    rows = answer(capsys, "models")
    assert {row["architecture"] for row in rows} >= {"dense", "memory", "dsa"}
    small = [row["parameters"] for row in rows if row["size"] == "small"]
    assert max(small) <= 1.03 * min(small)
    status, out, _ = run(capsys, "figures", "--list")
    assert status == 0
    assert len(out.splitlines()) >= 7


@pytest.mark.parametrize(
    "words",
    [
        "",
        "nonsense",
        "reproduce slow",
        "reproduce quick --only nothing",
        "reproduce quick --workers 0",
        "reproduce quick --workers two",
        "reproduce quick --only tradeoff --cluster nowhere --out {tmp}/none",
        "reproduce quick --only tradeoff --out /proc/nowhere",
        "theory",
        "theory show X9",
        "theory attack X9",
        "theory attack H1",
        "theory attack C1 --seconds 0",
        "theory attack C1 --seconds inf",
        "theory attack C1 --seconds nan",
        "theory attack C1 --seed -1",
        "theory notation --format abacus",
        "theory attack C1 --replay {tmp}/none.json",
        "theory literature X9",
        "theory value H1",
        "theory value gpm N=0",
        "theory check X9",
        "theory value",
        "theory value X9 N=1",
        "theory value C2 N=1000",
        "theory value C2 N=1000 M=ten",
        "theory value C2 N=1000 M",
        "theory value C2 N=1000 N=1000 M=10",
        "theory value C2 N=1000 M=0",
        "theory value C2 N=1000 M=10 wrong=1",
        "theory value C2 N=1000 M=10 quantity=nothing",
        "theory value C2 self=1",
        "theory value C2 N=1000 M=10 name=1",
        "theory value C2 N=1000 M=10 quantity=",
        "theory value C4 J=1 sigma=1.7e308",
        "theory value I2 N=100 a=0 c=0.5",
        "theory value I2 N=100 a=0.1 c=1.5",
        "theory value S1 N=100 b=1 R=100 D_s=1",
        "theory value S2 f=1",
        "theory value C4 J=nan sigma=1",
        "simulate frontier nothing N=100",
        "simulate frontier delta N=64 D=8 a=0",
        "simulate frontier delta N=64 D=0 a=0.5",
        "figures nothing",
        "figures --preset quick --out {tmp}/none",
        "verdicts --preset quick --out {tmp}/none",
        "paper --preset quick --out {tmp}/none",
        "train nothing --out {tmp}",
        "train dense --size giant --out {tmp}",
        "train dense --steps 0 --out {tmp}",
        "train dense --device abacus --out {tmp}",
        "train dense --precision int3 --out {tmp}",
        "models --size giant",
        "measure {tmp}/none --facts {tmp}/facts.jsonl",
        "write {tmp}/none --method full --stream {tmp}/facts.jsonl",
        "forecast {tmp}/none --facts {tmp}/facts.jsonl --method full",
    ],
)
def test_wrong_input_gets_one_line_and_status_2(capsys, tmp_path: Path, words: str):
    (tmp_path / "facts.jsonl").write_text(FACTS)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    status, _, complaint = run(capsys, *words.replace("{tmp}", str(tmp_path)).split())
    assert status == 2
    assert len(complaint.strip().splitlines()) == 1, complaint
    assert complaint.startswith("cwb: ")
    assert len(complaint) > 20
    assert "Traceback" not in complaint
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_full_disk_is_told_in_one_line(capsys, monkeypatch, tmp_path):
    import errno

    import simulate.runs.store

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "shard"))

    monkeypatch.setattr(simulate.runs.store.pq, "write_table", full)
    status, _, complaint = run(capsys, "reproduce", "quick", "--only", "tradeoff", "--workers", "1", "--out", str(tmp_path))
    assert status == 2
    assert "No space left" in complaint
    assert "free some space" in complaint
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_closed_pipe_is_not_a_mistake():
    done = subprocess.run(
        f"set -o pipefail; {sys.executable} -m figures.cli theory show C2 | head -n 1", shell=True, executable="/bin/bash",
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stderr == ""
