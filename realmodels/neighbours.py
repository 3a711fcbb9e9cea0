"""Does Python find the packages below this one, or files of the user that have their names and come first on its path?

The folder names are fixed, and common. Without this check a `simulate.py` of one's own ends in an import error deep inside.
It runs when `realmodels` is imported; `figures.cli.start` does the same for the command line.
"""

import importlib.util
from pathlib import Path

NEEDED = ("theory", "simulate")


def check() -> None:
    """Raises ImportError, in one line, if a package that this one needs is hidden by a file of the same name."""
    for name in NEEDED:
        spec = importlib.util.find_spec(name)
        home = Path(__file__).resolve().parents[1] / name
        if spec is not None and spec.origin is not None and Path(spec.origin).resolve().parent != home:
            raise ImportError(f"{spec.origin} hides the package {name!r}, which realmodels needs: rename it, or start elsewhere")


check()
