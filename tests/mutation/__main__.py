"""Mutation testing of the laws: `python -m tests.mutation --sample 100 --seed 0` in the root of a checkout.

Draws mutants of theory/ (operators and enumeration by cosmic-ray), writes each into a copy of the checkout, runs the tests of the
mutated law, then the ledger's own, and says which mutants survive. Left out: replacements by shifts and bit operators, which
fail at once on symbols, and mutants that change annotations or docstrings only, which change nothing that runs. The provers,
attacks and literature values are not mutated: they are evidence about the laws, and part of what kills a mutant.
"""

import argparse
import ast
import random
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from math import sqrt
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("theory", "tests", "simulate", "realmodels", "figures", "pyproject.toml")
SECONDS = 240
TESTS = {
    "palimpsest": ("palimpsest", "retention"), "limits": ("limits",),
    "statistics": ("interference",), "notation": ("claim", "compiled"), "inversion": ("retention", "separation"),
    "errors": ("claim",), "ledger": ("claim",), "evidence": ("evidence",), "methods": ("methods",),
}  # fmt: skip


class Mutant(NamedTuple):
    """One change of one place: file relative to the root, cosmic-ray's operator, and which of its places."""

    path: str
    operator: str
    occurrence: int

    def code(self) -> str | None:
        """The mutated source; None if nothing that runs has changed."""
        source = (ROOT / self.path).read_text()
        changed = mutate_code(source, get_operator(self.operator)(), self.occurrence)
        return None if changed is None or _running(changed) == _running(source) else changed


def _running(source: str) -> str:
    """What of the source runs: its syntax tree without annotations and docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(0)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


def mutants() -> list[Mutant]:
    """Every mutant of the laws and of the machinery of the ledger."""
    files = [path for room in ("", "proof", "predictions", "methods") for path in sorted((ROOT / "theory" / room).glob("*.py"))]
    unused = ("Shift", "BitOr", "BitAnd", "BitXor", "VariableReplacer", "VariableInserter")
    kept = [name for name in operator_names() if not name.endswith(unused)]
    found = []
    for path in files:
        nodes = list(ast_nodes(get_ast(path.read_text())))
        for name in kept:
            operator = get_operator(name)()
            places = sum(1 for node in nodes for _ in operator.mutation_positions(node))
            found += [Mutant(str(path.relative_to(ROOT)), name, place) for place in range(places)]
    return found


def commands(mutant: Mutant) -> list[list[str]]:
    """The test runs that may kill the mutant: those of its law, then the whole ledger's."""
    stem, methods = Path(mutant.path).stem, "methods/" in mutant.path
    names = ("methods*",) if methods else TESTS.get(stem, (stem,))
    own = [str(path) for name in names for path in sorted((ROOT / "tests" / "theory").rglob(f"test_{name}.py"))]
    shared = [str(ROOT / "tests" / "theory" / f"{name}.py") for name in ("proof/test_claim", "test_hypotheses", "test_evidence")]
    run = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    relative = [[str(Path(path).relative_to(ROOT)) for path in group] for group in (own, shared)]
    return [[*run, *group] for group in relative if group]


def killed(mutant: Mutant, code: str, copy: Path) -> bool:
    """Whether the tests fail on the mutant, or take too long."""
    (copy / mutant.path).write_text(code)
    try:
        for command in commands(mutant):
            if subprocess.run(command, cwd=copy, capture_output=True, timeout=SECONDS, check=False).returncode:
                return True
        return False
    except subprocess.TimeoutExpired:
        return True
    finally:
        shutil.copyfile(ROOT / mutant.path, copy / mutant.path)


def main() -> int:
    """Draw, run, report; exit status 1 if fewer than 90% die."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=100, help="mutants to try")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw")
    parser.add_argument("--workers", type=int, default=2, help="copies of the checkout that run tests at once")
    given = parser.parse_args()
    everything = mutants()
    random.Random(given.seed).shuffle(everything)
    drawn = []
    while everything and len(drawn) < given.sample:
        mutant = everything.pop()
        if (code := mutant.code()) is not None:
            drawn.append((mutant, code))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(given.workers) as pool:
        copies = [Path(folder) / str(index) for index in range(given.workers)]
        for copy in copies:
            for name in COPIED:
                source = ROOT / name
                (shutil.copytree if source.is_dir() else shutil.copyfile)(source, _made(copy) / name)

        def share(index: int) -> list[bool]:
            outcomes = []
            for mutant, code in drawn[index :: given.workers]:
                outcomes.append(killed(mutant, code, copies[index]))
                print(
                    f"{'killed  ' if outcomes[-1] else 'SURVIVED'} {mutant.path} {mutant.operator} {mutant.occurrence}",
                    flush=True,
                )
            return outcomes

        outcomes = [outcome for part in pool.map(share, range(given.workers)) for outcome in part]
    score = sum(outcomes) / len(outcomes)
    error = 1.96 * sqrt(score * (1 - score) / len(outcomes))
    print(f"{sum(outcomes)} of {len(outcomes)} mutants killed: {score:.1%} +- {error:.1%} (95%)")
    return 0 if score >= 0.9 else 1


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
