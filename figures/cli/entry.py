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
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, OmitSubcommandPrefixes, subcommand

from figures.cli.advise import Advise
from figures.cli.arena import Arena
from figures.cli.ask import Ask, Methods, School
from figures.cli.bench import Bench
from figures.cli.capacity import Capacity
from figures.cli.delta import Apply, Revert
from figures.cli.explore import Explore
from figures.cli.facts import Forecast, Measure, Write
from figures.cli.model import Model
from figures.cli.models import Models, Train
from figures.cli.output import degrade
from figures.cli.publish import Figures, Paper
from figures.cli.reproduce import Reproduce
from figures.cli.simulate import Simulate
from figures.cli.tables import Tables
from figures.cli.theory import Theory
from figures.cli.verdicts import Verdicts
from simulate.runs.files import digest
from simulate.runs.threads import one_thread
from theory.errors import UserError

Command = (
    Annotated[Reproduce, subcommand("reproduce")]
    | Annotated[Theory, subcommand("theory")]
    | Annotated[Simulate, subcommand("simulate")]
    | Annotated[Models, subcommand("models")]
    | Annotated[Model, subcommand("model")]
    | Annotated[Train, subcommand("train")]
    | Annotated[Write, subcommand("write")]
    | Annotated[Capacity, subcommand("capacity")]
    | Annotated[Advise, subcommand("advise")]
    | Annotated[Measure, subcommand("measure")]
    | Annotated[Forecast, subcommand("forecast")]
    | Annotated[Apply, subcommand("apply")]
    | Annotated[Revert, subcommand("revert")]
    | Annotated[Methods, subcommand("methods")]
    | Annotated[Ask, subcommand("ask")]
    | Annotated[School, subcommand("school")]
    | Annotated[Arena, subcommand("arena")]
    | Annotated[Bench, subcommand("bench")]
    | Annotated[Figures, subcommand("figures")]
    | Annotated[Verdicts, subcommand("verdicts")]
    | Annotated[Tables, subcommand("tables")]
    | Annotated[Paper, subcommand("paper")]
    | Annotated[Explore, subcommand("explore")]
)


def _one_line(box: str) -> str:
    """The parser's message, framed in lines or in ASCII as the terminal allows, as one line without title, frame and rules."""
    lines = [line.strip("│╭╮╰╯ ") for line in re.sub(r"\x1b\[[0-9;]*m", "", box).splitlines()]
    text = " ".join(line if line.strip("─-") else "\n" for line in lines[1:])
    return _plainer("; ".join(part.strip(" .") for part in text.split("\n") if part.strip()))


def _plainer(line: str) -> str:
    """The parser's message without its interior: of a value that is no number, the option, the value and what to give."""
    line = re.sub(r"; Argument helptext: .*?(?=; For full helptext|$)", "", line)
    option = re.match(r"Error parsing (?:[^\s:]*/)?([^\s:]+): ", line)
    value = re.search(r"could not convert string to float: ('.*?'|\".*?\")(?=;|$)", line)
    kind, example = "a number", "0.01"
    if value is None:
        value = re.search(r"invalid literal for int\(\) with base 10: ('.*?'|\".*?\")(?=;|$)", line)
        kind, example = "a whole number", "20"
    return f"{option[1]} {value[1]} is not {kind}: give one, such as {example}" if option and value else line


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


def _without_empty(arguments: list[str]) -> list[str]:
    """The arguments as they are. Raises UserError if one, or the value after its "=", is empty: no option has such a value."""
    for place, word in enumerate(arguments):
        if not word or (word.startswith("--") and word.endswith("=")):
            if place == 2 and arguments[0] == "ask" and not word:
                raise UserError("the prompt is empty: give the beginning of a text, in quotes")
            option = word.rstrip("=") or (arguments[place - 1] if place else "")
            after = f" after {option!r}" if option else ""
            raise UserError(f"there is an empty argument{after}: give a value or leave the option out")
    return arguments


def _say(line: str) -> None:
    """Print one line on stderr, whatever stands in it; nothing if stderr is closed or full."""
    with contextlib.suppress(OSError, ValueError):
        print(f"cwb: {' '.join(line.split())}", file=sys.stderr, flush=True)


def _interrupted(command: object) -> str:
    """What to say of a command that was interrupted: whether it `resumes`, or one of a group that was chosen (`command`) does."""
    if getattr(getattr(command, "command", command), "resumes", False):
        return "interrupted; what was finished is kept: run the same command again to go on"
    return "interrupted: nothing was kept"


def _leave_stdout() -> None:
    """Let what is left in a broken or full stdout go, so that the interpreter does not complain about it at its end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):  # not a real file, as in a test
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unforeseen(error: BaseException, arguments: list[str]) -> str:
    """Write the traceback of an error that no rule foresaw to a file; one line that names both."""
    import platform
    import tempfile
    import traceback
    from importlib.metadata import version

    from simulate.runs.files import atomic
    from simulate.runs.fingerprint import ROOT

    versions = f"compression-writability {version('compression-writability')}, Python {platform.python_version()}"
    text = f"cwb {arguments}\n{versions}\n\n{''.join(traceback.format_exception(error))}"
    reason = f"{type(error).__name__}: {error}"[:300]
    for folder in (ROOT / "build" / "errors", Path(tempfile.gettempdir())):
        path = folder / f"cwb-{digest(text)[:8]}.txt"
        try:
            with atomic(path) as temporary:
                temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
        except (OSError, RuntimeError):
            continue
        return f"an error that should not happen ({reason}): please report it with {path}, which holds the traceback"
    return f"an error that should not happen ({reason}), and no room to write its traceback: free some space and run it again"


def main(arguments: list[str] | None = None) -> int:
    """Run `cwb` with the given arguments (default: those of the process) and return its exit status.

    0: done; 1: a check of the theory failed, or a stream of writes left nothing to save; 2: the input was wrong, or there is no
    room; 70: an error of ours, whose traceback lies in the file that the line on stderr names; 130: interrupted; what
    was finished is kept by the commands that say so.
    """
    one_thread()  # before NumPy is loaded
    sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))  # noqa: SIM115  # closed ones
    degrade()
    with contextlib.suppress(ValueError):  # not in the main thread, where the caller decides
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill stops the worker processes too
    words, command = sys.argv[1:] if arguments is None else arguments, None
    try:
        command = parse(_without_empty(words))
        status = command.run() or 0
        sys.stdout.flush()
        return status
    except UserError as error:
        _say(str(error))
        return 2
    except BrokenPipeError:  # the reader of our output went away (`cwb ... | head`): nothing to tell
        return 0
    except OSError as error:
        where = f" at {error.filename}" if error.filename else ""
        mend = "free some space and run it again" if error.errno == errno.ENOSPC else "check the path and its permissions"
        _say(f"{error.strerror or error}{where}: {mend}")
        return 2
    except MemoryError as error:
        _say(f"there is not enough memory ({error or 'none is left'}): give smaller sizes")
        return 2
    except KeyboardInterrupt:
        _say(_interrupted(command))
        return 130
    except Exception as error:
        _say(_unforeseen(error, words))
        return 70
    finally:
        _leave_stdout()
