"""The first step of `cwb`: see whether Python finds our packages or files of the user's that have the same names.

The folder names are fixed, and common: a `simulate.py` in the current folder or on PYTHONPATH comes first and hides ours. This
file imports nothing of the project. It is installed a second time as the module `compression_writability`, so that it runs
even if `figures` itself is hidden.
"""

import importlib.util
import sys
from pathlib import Path

MARKS = {
    "theory": "errors.py",
    "simulate": "runs/files.py",
    "realmodels": "model/transformer.py",
    "figures": "cli/start.py",
    "paper": "main.typ",
}
"""A file by which each package is known."""


def hidden(packages: tuple[str, ...] = tuple(MARKS)) -> str | None:
    """One line that says which file hides one of these packages, and how to mend it; None if none is hidden."""
    for name in packages:
        spec = importlib.util.find_spec(name)
        places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
        if any((place / MARKS[name]).is_file() for place in places):
            continue
        if spec is None or (name == "paper" and spec.origin is None):
            continue  # not installed, which its import says itself; a wheel holds no sources of the paper
        place = spec.origin or places[0]
        return f"{place} hides the package {name!r} of this project: rename it, start elsewhere or take it off PYTHONPATH"
    return None


def main() -> int:
    """Run `cwb`; exit status 2, with one line, if a package is hidden."""
    if line := hidden():
        print(f"cwb: {line}", file=sys.stderr)
        return 2
    from figures.cli.entry import main

    return main()


if __name__ == "__main__":
    sys.exit(main())
