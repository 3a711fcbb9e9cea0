"""The edge of `cwb`: whatever happens inside, outside there is one line, an exit status, and no traceback."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from figures.cli import entry
from figures.cli.entry import main
from figures.cli.start import MARKS, hidden
from simulate.runs.fingerprint import ROOT
from theory.errors import UserError


class Raising:
    """A command that raises."""

    def __init__(self, error):
        self.error = error

    def run(self):
        raise self.error


def outcome(capsys, monkeypatch, error) -> tuple[int, str]:
    monkeypatch.setattr(entry, "parse", lambda _: Raising(error))
    capsys.readouterr()
    status = main(["some", "words"])
    return status, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "word"),
    [
        (UserError("two\nlines \x85 of\u2028it"), 2, "two lines of it"),
        (UserError("half a character \ud800"), 2, "half a character"),
        (OSError(40, "Too many levels of symbolic links", "/loop"), 2, "at /loop: check the path"),
        (IsADirectoryError(21, "Is a directory", "/x"), 2, "Is a directory at /x"),
        (OSError(28, "No space left on device"), 2, "free some space"),
        (MemoryError(), 2, "not enough memory"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (BrokenPipeError(), 0, ""),
        (RuntimeError("Symlink\nloop"), 70, "holds the traceback"),
        (RecursionError("deep"), 70, "RecursionError"),
        (AssertionError(), 70, "AssertionError"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), 70, "UnicodeDecodeError"),
    ],
)
def test_every_error_becomes_one_line(capsys, monkeypatch, tmp_path, error, status, word):
    monkeypatch.setattr("simulate.runs.fingerprint.ROOT", tmp_path)
    found, complaint = outcome(capsys, monkeypatch, error)
    assert found == status
    assert word in complaint
    assert len(complaint.splitlines()) == (0 if status == 0 else 1)
    assert "Traceback" not in complaint


@pytest.mark.parametrize(
    ("words", "keeps"),
    [
        ("reproduce quick", True),
        ("train dense", True),
        ("simulate sweep quick", True),
        ("simulate systems", False),
        ("figures", True),
        ("figures --list", False),
        ("write m --facts f --out d", True),
        ("write m --facts f", False),
        ("ask m p", False),
    ],
)
def test_an_interrupted_command_says_that_it_goes_on_only_if_it_does(words, keeps):
    said = entry._interrupted(entry.parse(words.split()))
    assert said.startswith("interrupted")
    assert ("run the same command again to go on" in said, "nothing was kept" in said) == (keeps, not keeps)


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--learning-rate", "abc", "--learning-rate 'abc' is not a number: give one, such as 0.01"),
        ("--ruin", "much", "--ruin 'much' is not a number: give one, such as 0.01"),
        ("--steps", "x", "--steps 'x' is not a whole number: give one, such as 20"),
        ("--facts-per-task", "two", "--facts-per-task 'two' is not a whole number: give one, such as 20"),
    ],
)
def test_a_value_that_is_no_number_is_told_without_the_interior_of_the_parser(capsys, option, value, told):
    assert main(["write", "m", "--facts", "f", option, value]) == 2
    assert capsys.readouterr().err == f"cwb: {told}\n"


def test_an_empty_prompt_is_called_so(capsys):
    assert main(["ask", "tiny", ""]) == 2
    assert "the prompt is empty" in capsys.readouterr().err


def test_the_traceback_is_in_the_file_that_the_line_names(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("simulate.runs.fingerprint.ROOT", tmp_path)
    _, complaint = outcome(capsys, monkeypatch, ZeroDivisionError("of \ud800"))
    path = Path(re.search(r"report it with (\S+),", complaint)[1])
    assert path.parent == tmp_path / "build" / "errors"
    text = path.read_text()
    assert "ZeroDivisionError: of \\ud800" in text
    assert "['some', 'words']" in text
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("simulate.runs.fingerprint.ROOT", tmp_path / "file")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    _, complaint = outcome(capsys, monkeypatch, ZeroDivisionError("here"))
    assert Path(re.search(r"report it with (\S+),", complaint)[1]).parent == tmp_path
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file" / "none"))
    status, complaint = outcome(capsys, monkeypatch, ZeroDivisionError("there"))
    assert (status, "no room" in complaint) == (70, True)


@pytest.mark.parametrize("words", ["verdicts --out ", "verdicts --out=", " ", "figures  plane", "reproduce quick --only "])
def test_an_empty_argument_is_refused(capsys, words):
    assert main(words.split(" ")) == 2
    complaint = capsys.readouterr().err
    assert "empty argument" in complaint
    assert len(complaint.splitlines()) == 1


def cwb(words: str, **environment: str) -> subprocess.CompletedProcess:
    """`cwb words` by the shell, which may redirect."""
    settings = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(f"{sys.executable} -m figures.cli {words}", shell=True, capture_output=True, env=settings, check=False)


def test_a_full_disk_and_a_closed_output_are_told_at_the_last_step():
    full = cwb("figures --list > /dev/full")
    assert full.returncode == 2
    assert full.stderr.decode().splitlines() == ["cwb: No space left on device: free some space and run it again"]
    closed = cwb("figures --list >&-")
    assert (closed.returncode, closed.stderr) == (0, b"")
    assert cwb("figures nothing 2> /dev/full").returncode == 2
    assert cwb("figures nothing 2>&-").returncode == 2


@pytest.mark.parametrize(
    "settings", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_a_terminal_without_utf8_is_served(settings):
    for words in ("theory show C4", "figures --list"):
        done = cwb(words, **settings)
        assert (done.returncode, done.stderr) == (0, b"")
        done.stdout.decode("ascii")


@pytest.mark.parametrize("name", MARKS)
@pytest.mark.parametrize("kind", ["module", "package"])
def test_a_file_that_hides_a_package_is_named(tmp_path, monkeypatch, name, kind):
    assert hidden() is None
    mine = tmp_path / f"{name}.py" if kind == "module" else tmp_path / name / "__init__.py"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("")
    code = "import runpy; runpy.run_path('START', run_name='__main__')".replace("START", str(ROOT / "figures/cli/start.py"))
    settings = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=settings, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"cwb: {mine} hides the package {name!r}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("package", "name"), [("simulate", "theory"), ("realmodels", "theory"), ("realmodels", "simulate")])
def test_a_plain_import_names_what_hides_a_package_below(tmp_path, package, name):
    (tmp_path / f"{name}.py").write_text(f"import {package}\n")
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    for words in (["-c", f"import {package}"], [str(tmp_path / f"{name}.py")]):
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, env=settings, cwd=tmp_path, check=False)
        assert done.stderr.splitlines()[-1].startswith(f"ImportError: {tmp_path / name}.py hides the package {name!r}")
    (tmp_path / f"{name}.py").unlink()
    assert not subprocess.run([sys.executable, "-c", f"import {package}"], env=settings, cwd=tmp_path, check=False).returncode
