"""`cwb`, the command line: parse, run, and turn every mistake that the caller can mend into one line and exit status 2.

The commands are frozen dataclasses in `figures.cli`, one file per group; each imports what it needs when it runs, so
that `cwb --help` answers at once.
"""

import contextlib
import errno
import io
import os
import re
import signal
import sys
from typing import Annotated

import tyro
from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, OmitSubcommandPrefixes, subcommand

from figures.cli.explore import Explore
from figures.cli.facts import Forecast, Measure, Write
from figures.cli.models import Models, Train
from figures.cli.publish import Figures, Paper, Verdicts
from figures.cli.reproduce import Reproduce
from figures.cli.simulate import Simulate
from figures.cli.theory import Theory
from simulate.runs.threads import one_thread
from theory.errors import UserError

Command = (
    Annotated[Reproduce, subcommand("reproduce")]
    | Annotated[Theory, subcommand("theory")]
    | Annotated[Simulate, subcommand("simulate")]
    | Annotated[Models, subcommand("models")]
    | Annotated[Train, subcommand("train")]
    | Annotated[Write, subcommand("write")]
    | Annotated[Measure, subcommand("measure")]
    | Annotated[Forecast, subcommand("forecast")]
    | Annotated[Figures, subcommand("figures")]
    | Annotated[Verdicts, subcommand("verdicts")]
    | Annotated[Paper, subcommand("paper")]
    | Annotated[Explore, subcommand("explore")]
)


def _one_line(box: str) -> str:
    """The parser's message, framed in lines or in ASCII as the terminal allows, as one line without title, frame and rules."""
    lines = [line.strip("│╭╮╰╯ ") for line in re.sub(r"\x1b\[[0-9;]*m", "", box).splitlines()]
    text = " ".join(line if line.strip("─-") else "\n" for line in lines[1:])
    return "; ".join(part.strip(" .") for part in text.split("\n") if part.strip())


def parse(arguments: list[str]):
    """The command that the arguments ask for. Raises UserError, in one line, if they ask for none."""
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(
                Command,  # pyright: ignore[reportArgumentType]
                prog="cwb",
                args=arguments,
                description="How much can a neural network write before it forgets? Theory, simulation and language models.",
                config=(FlagCreatePairsOff, OmitSubcommandPrefixes, OmitArgPrefixes),
            )
    except SystemExit as stop:
        if stop.code != 2:
            raise
        raise UserError(_one_line(complaint.getvalue())) from None


def main(arguments: list[str] | None = None) -> int:
    """Run `cwb` with the given arguments (default: those of the process) and return its exit status.

    0: done; 1: a check of the theory failed; 2: the input was wrong; 130: interrupted, what was finished is kept.
    """
    one_thread()  # before NumPy is loaded
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill stops the worker processes too
    try:
        status = parse(sys.argv[1:] if arguments is None else arguments).run() or 0
        sys.stdout.flush()
        return status
    except UserError as error:
        print(f"cwb: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output went away (`cwb ... | head`): nothing to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f" at {error.filename}" if error.filename else ""
        mend = "free some space and run it again" if error.errno == errno.ENOSPC else "check the path and its permissions"
        print(f"cwb: {error.strerror or error}{where}: {mend}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("cwb: interrupted; what was finished is kept: run the same command again to go on", file=sys.stderr)
        return 130
