"""Fingerprint of the code that makes a result: the import closure of a module, read as syntax, not as text.

A result is stale when anything that it was computed from has changed, helpers of helpers included, and it is not stale
when only a comment, a docstring or the layout has: so the fingerprint is a digest of the abstract syntax trees, without
docstrings, of a module and of every module of this project that it imports, at the top or inside a function.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("theory", "simulate", "realmodels", "figures")


def _path(name: str) -> Path | None:
    """File of the project's module `name` ("theory.retention"), or None if the name is not a module of ours."""
    if name.split(".")[0] not in PACKAGES:
        return None
    stem = ROOT.joinpath(*name.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imports(name: str, tree: ast.Module) -> set[str]:
    """Every module of this project that `tree`, the source of module `name`, imports, and the packages above them."""
    path = _path(name)
    package = name if path is not None and path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found.add(module)
            found.update(f"{module}.{alias.name}" for alias in node.names)
    for module in list(found):
        parts = module.split(".")
        found.update(".".join(parts[:i]) for i in range(1, len(parts)))
    return {module for module in found if _path(module)}


def _strip_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            head = node.body[0] if node.body else None
            if isinstance(head, ast.Expr) and isinstance(head.value, ast.Constant) and isinstance(head.value.value, str):
                node.body = node.body[1:]
    return tree


def _canonical(node: Any) -> str:
    """A syntax tree as text that does not depend on the Python that parsed it (`ast.dump` differs between versions)."""
    if isinstance(node, ast.AST):
        fields = {name: getattr(node, name, None) for name in node._fields if name not in ("kind", "type_comment")}
        told = (f"{name}={_canonical(value)}" for name, value in fields.items() if value not in (None, []))
        return f"{type(node).__name__}({','.join(told)})"
    return f"[{','.join(map(_canonical, node))}]" if isinstance(node, list) else repr(node)


@cache
def _parsed(name: str) -> tuple[str, frozenset[str]]:
    path = _path(name)
    assert path is not None, name
    tree = ast.parse(path.read_bytes())
    imports = frozenset(_imports(name, tree))
    return _canonical(_strip_docstrings(tree)), imports


def closure(name: str) -> tuple[str, ...]:
    """Names of the project's modules that module `name` needs, itself included, sorted."""
    seen: set[str] = set()
    todo = [name]
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo.extend(_parsed(module)[1] - seen)
    return tuple(sorted(seen))


@cache
def code_fingerprint(name: str) -> str:
    """SHA-256 (hex) of the syntax of module `name` and of all the project's modules that it imports."""
    digest = hashlib.sha256()
    for module in closure(name):
        digest.update(f"{module}\n{_parsed(module)[0]}\n".encode())
    return digest.hexdigest()
