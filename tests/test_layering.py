"""theory <- simulate <- realmodels <- figures <- paper: nothing points back, and each layer needs only its own libraries."""

import ast
from pathlib import Path

import pytest

from simulate.runs.fingerprint import ROOT

ORDER = ("theory", "simulate", "realmodels", "figures", "paper")
FORBIDDEN = {
    "theory": {"jax", "torch", "pandas", "pyarrow", "matplotlib", "joblib", "tyro"},
    "simulate": {"torch", "matplotlib", "tyro"},
    "realmodels": {"jax", "matplotlib", "tyro"},
    "figures": {"jax", "torch"},
}


def imported(source: str) -> set[str]:
    """Top-level packages imported anywhere in a source text, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def violations(package: str, source: str) -> set[str]:
    """What a source text of `package` imports against the order of the layers or against its layer's libraries."""
    later = set(ORDER[ORDER.index(package) + 1 :])
    return imported(source) & (later | FORBIDDEN.get(package, set()))


def sources() -> list[Path]:
    return [path for package in ORDER for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_points_back(path: Path):
    assert not violations(path.relative_to(ROOT).parts[0], path.read_text())


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("theory", "import jax.numpy as jnp"),
        ("theory", "def f():\n    from simulate.runs.store import Store"),
        ("simulate", "import realmodels"),
        ("figures", "from torch import nn"),
    ],
)
def test_the_check_can_fail(package: str, source: str):
    assert violations(package, source)


def test_every_module_says_what_it_is_and_stays_readable():
    for path in sources():
        text = path.read_text()
        if text.strip():
            assert ast.get_docstring(ast.parse(text)), f"{path} has no docstring"
        assert text.count("\n") <= 400, f"{path} is longer than 400 lines: split it by meaning"
