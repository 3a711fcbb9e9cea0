"""Seconds that the everyday commands take in a fresh process: elapsed, and of processor time, the least of several rounds.

The first round warms the disk's cache and fills what is remembered (`figures.build.remembered`). Targets on two idle cores:
`cwb --help` 1 s, `cwb theory value` 1.5 s, the others 2 s.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence

COMMANDS = {
    "import theory": ["-c", "import theory"],
    "import simulate": ["-c", "import simulate"],
    "import realmodels": ["-c", "import realmodels"],
    "cwb --help": ["-m", "figures.cli", "--help"],
    "cwb theory value C2 N=1000 M=50": ["-m", "figures.cli", "theory", "value", "C2", "N=1000", "M=50"],
    "cwb theory list": ["-m", "figures.cli", "theory", "list"],
    "cwb verdicts": ["-m", "figures.cli", "verdicts"],
    "cwb figures --list": ["-m", "figures.cli", "figures", "--list"],
    "cwb figures capacity": ["-m", "figures.cli", "figures", "capacity"],
    "cwb tables": ["-m", "figures.cli", "tables"],
    "cwb models --json": ["-m", "figures.cli", "models", "--json"],
}


def seconds(words: Sequence[str]) -> tuple[float, float]:
    """(elapsed seconds, processor seconds) of a fresh Python that runs these words. Raises CalledProcessError if it fails."""
    before, start = os.times(), time.perf_counter()
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return time.perf_counter() - start, sum(after[2:4]) - sum(before[2:4])


def main(arguments: list[str]) -> None:
    """Print a line per command."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks commands", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(COMMANDS), default=list(COMMANDS), metavar="COMMAND")
    options = parser.parse_args(arguments)
    print(f"{'command':<36}{'elapsed s':>10}{'processor s':>13}")
    for name in options.only:
        rounds = [seconds(COMMANDS[name]) for _ in range(options.repeats + 1)][1:]
        elapsed, processor = (min(times) for times in zip(*rounds, strict=True))
        print(f"{name:<36}{elapsed:>10.2f}{processor:>13.2f}", flush=True)
