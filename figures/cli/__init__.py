"""The command line `cwb`: one file per group of commands; each command is a frozen dataclass whose `run` does the work."""


def main(arguments: list[str] | None = None) -> int:
    """Run `cwb` with the given arguments (default: those of the process) and return its exit status (`figures.cli.entry`)."""
    import sys

    from figures.cli.start import hidden

    if line := hidden():
        print(f"cwb: {line}", file=sys.stderr)
        return 2
    from figures.cli.entry import main

    return main(arguments)
