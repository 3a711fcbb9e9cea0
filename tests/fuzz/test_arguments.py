"""Whatever is typed after `cwb`, it answers or refuses in one line: exit status 0 or 2, no traceback, nothing left behind."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from figures.cli.entry import main
from tests.fuzz.commands import arguments, bad_paths, leaves

COMMANDS = leaves()
EXAMPLES = 32
"""Argument lists per command."""


def outcome(capsys, words: list[str]) -> tuple[int, str]:
    """Exit status and complaint of `cwb words`."""
    capsys.readouterr()
    try:
        status = main(words)
    except SystemExit as stop:  # --help
        status = stop.code
    return status, capsys.readouterr().err


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Paths of every bad kind."""
    return bad_paths(tmp_path_factory.mktemp("paths"))


def test_every_command_is_fuzzed():
    assert {words[0] for words in COMMANDS} >= {"reproduce", "theory", "simulate", "models", "train", "write", "figures", "paper"}
    assert ("theory", "value") in COMMANDS
    assert ("simulate", "frontier") in COMMANDS


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_arguments_bring_a_command_down(words, guarded, paths, capsys):
    @settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
    @given(arguments(words, COMMANDS[words], paths))
    def try_it(given):
        status, complaint = outcome(capsys, given)
        lines = complaint.splitlines()
        assert status in (0, 2), (given, complaint)
        assert len(lines) == 1 or status == 0, (given, complaint)
        assert all(line.startswith("cwb: ") for line in lines), (given, complaint)

    try_it()


def test_no_words_at_all_bring_it_down(guarded, capsys):
    @settings(max_examples=40)
    @given(st.lists(st.text(max_size=8) | st.sampled_from([word for words in COMMANDS for word in words]), max_size=4))
    def try_it(words):
        status, complaint = outcome(capsys, words)
        assert status in (0, 2), (words, complaint)
        assert "Traceback" not in complaint

    try_it()
