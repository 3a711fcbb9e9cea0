"""The benchmarks run, at a size that takes no time; nothing is asked of the times."""

from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import commands


def test_the_delta_rule_s_prints_its_table(capsys):
    assert benchmarks.main(["delta_rule", "--size", "32", "--N", "32", "--M", "40", "--repeats", "1"]) == 0
    told = capsys.readouterr().out
    assert all(word in told for word in ("float32", "float64", "GF/s", "time ~ N^", "time ~ M^", "time ~ seeds^"))


def test_that_of_commands_has_a_line_for_each(capsys):
    commands.main(["--repeats", "1", "--only", "cwb figures --list", "import theory"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["command", "cwb figures --list", "import theory"]
