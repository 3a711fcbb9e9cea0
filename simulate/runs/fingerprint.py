"""Fingerprint of the code that makes a result: a Merkle digest of a module and of all modules of this project that it imports.

A result is stale when anything that it was computed from has changed, helpers of helpers included. It is not stale when only
a comment, a docstring, the layout or the place of a file has. So a module is read as syntax without docstrings, and each
import of ours in it is replaced by the names that it binds and the digest of the module that they come from. No path enters.

* A package's `__init__` that only hands names on is transparent: an import through it counts as an import from the source.
* Any other `__init__` counts as an import of every module below it.
* The full name of a module of ours in a string ("theory.retention") counts as an import of it, for it is imported by that name;
  the name of a package counts as an import of every module below it.
* Modules that import each other in a circle are digested together, as one unit.
* An experiment's question and the meanings of its columns (DESCRIPTIONS) are left out, like a docstring: they change no number.
  Its prediction, falsifier and controls count: who edits a prediction after the run has no result for it.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("theory", "simulate", "realmodels", "figures")
FACE = "attach"
"""Name of the call (lazy_loader.attach) by which a package's `__init__` hands names on lazily."""

DESCRIPTIONS = ("question", "columns")
"""Arguments of `Experiment(...)` that describe and are not computed with."""


class Import(NamedTuple):
    """One name bound by an import: `bound` is `attribute` of `module`; attribute "" is the module itself."""

    bound: str
    attribute: str
    module: str


class Source(NamedTuple):
    """A module as syntax: canonical text with a mark (MARK) where an import of ours stands, and what each mark stands for."""

    text: str
    imports: tuple[Import, ...]


MARK = "\0"


def _path(name: str) -> Path | None:
    """File of the project's module `name` ("theory.retention"), or None if the name is not a module of ours."""
    if name.split(".")[0] not in PACKAGES:
        return None
    stem = ROOT.joinpath(*name.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


def _tree(name: str) -> ast.Module:
    """Syntax of module `name` without docstrings, and without the descriptions of an experiment."""
    path = _path(name)
    assert path is not None, name
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            head = node.body[0] if node.body else None
            if isinstance(head, ast.Expr) and isinstance(head.value, ast.Constant) and isinstance(head.value.value, str):
                node.body = node.body[1:]
        elif isinstance(node, ast.Call) and _called(node) == "Experiment":
            node.keywords = [keyword for keyword in node.keywords if keyword.arg not in DESCRIPTIONS]
    return tree


def _source_module(name: str, node: ast.ImportFrom) -> str:
    """Absolute name of the module that a `from ... import` in module `name` reads."""
    path = _path(name)
    package = name if path is not None and path.name == "__init__.py" else name.rpartition(".")[0]
    base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    return ".".join([*base, *([node.module] if node.module else [])])


@cache
def _handed_on(name: str) -> dict[str, tuple[str, str]] | None:
    """{public name: (module, attribute)} of an `__init__` that only hands names on; None for any other module."""
    path = _path(name)
    if path is None or path.name != "__init__.py":
        return None
    names: dict[str, tuple[str, str]] = {}
    for node in _tree(name).body:
        if isinstance(node, ast.ImportFrom):
            module = _source_module(name, node)
            names |= {alias.asname or alias.name: (module, alias.name) for alias in node.names if _path(module)}
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _called(node.value) == FACE:
            given = {keyword.arg: keyword.value for keyword in node.value.keywords}
            for module, attributes in ast.literal_eval(given.get("submod_attrs", ast.Dict([], []))).items():
                names |= {attribute: (f"{name}.{module}", attribute) for attribute in attributes}
        elif not (isinstance(node, ast.Import) or (isinstance(node, ast.Assign) and _assigned(node) == "__all__")):
            return None
    return names


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _assigned(node: ast.Assign) -> str:
    return getattr(node.targets[0], "id", "")


def _resolved(module: str, attribute: str) -> tuple[str, str]:
    """Where `attribute` of `module` comes from: a module of its own, or what a transparent `__init__` hands on."""
    if _path(f"{module}.{attribute}"):
        return f"{module}.{attribute}", ""
    handed_on = _handed_on(module) or {}
    return _resolved(*handed_on[attribute]) if attribute in handed_on else (module, attribute)


def _packages_above(module: str) -> list[str]:
    """The packages whose `__init__` runs before `module` and does more than hand names on."""
    parts = module.split(".")
    above = [".".join(parts[:i]) for i in range(1, len(parts))]
    return [package for package in above if _path(package) and _handed_on(package) is None]


def _bound(name: str, node: ast.stmt) -> list[Import] | None:
    """What an import statement of ours binds; None for any other statement."""
    if isinstance(node, ast.Import) and any(_path(alias.name) for alias in node.names):
        return [Import(alias.asname or alias.name.split(".")[0], "", alias.name) for alias in node.names if _path(alias.name)]
    if isinstance(node, ast.ImportFrom) and _path(_source_module(name, node)):
        pairs = [(alias, *_resolved(_source_module(name, node), alias.name)) for alias in node.names]
        return [Import(alias.asname or alias.name, attribute, module) for alias, module, attribute in pairs]
    return None


def _named(text: str) -> list[str]:
    """Modules of ours that a string names, to be imported by that name: a module, or a package with all modules below it."""
    if "." not in text or not all(word.isidentifier() for word in text.split(".")):
        return []
    path = _path(text)
    if path is None:
        return []
    below = sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else []
    modules = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in below if file.name != "__init__.py"]
    return [text, *modules]


@cache
def _parsed(name: str) -> Source:
    """Syntax of a module, imports of ours taken out of the text and listed, sorted by bound name within each block."""
    imports: list[Import] = []

    def canonical(node: Any) -> str:
        """A syntax tree as text that does not depend on the Python that parsed it (`ast.dump` differs between versions)."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _named(node.value):
            named = [Import("", "", module) for module in _named(node.value) if module != name]
            imports.extend(named)
            return f"Module({MARK * len(named)})"
        if isinstance(node, ast.AST):
            fields = {field: getattr(node, field, None) for field in node._fields if field not in ("kind", "type_comment")}
            words = (f"{field}={canonical(value)}" for field, value in fields.items() if value not in (None, []))
            return f"{type(node).__name__}({','.join(words)})"
        if not isinstance(node, list):
            return repr(node)
        bound = [(_bound(name, item) if isinstance(item, ast.stmt) else None) for item in node]
        ours = sorted(one for group in bound if group for one in group)
        ours += [Import("", "", above) for above in sorted({a for one in ours for a in _packages_above(one.module)})]
        imports.extend(ours)
        rest = [canonical(item) for item, group in zip(node, bound, strict=True) if group is None]
        return f"[{','.join([*(f'{one.bound}={one.attribute}{MARK}' for one in ours), *rest])}]"

    text = canonical(_tree(name))
    return Source(text, tuple(imports))


@cache
def closure(name: str) -> tuple[str, ...]:
    """Names of the project's modules that module `name` needs, itself included, sorted."""
    seen: set[str] = set()
    todo = [name]
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo.extend(one.module for one in _parsed(module).imports)
    return tuple(sorted(seen))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _filled(name: str, circle: frozenset[str]) -> str:
    """Text of a module with the digest of its target at every mark; a target in the same circle is only named as such."""
    text, *rest = _parsed(name).text.split(MARK)
    for one, tail in zip(_parsed(name).imports, rest, strict=True):
        text += ("circle" if one.module in circle else code_fingerprint(one.module)) + tail
    return text


@cache
def code_fingerprint(name: str) -> str:
    """SHA-256 (hex) of the syntax of module `name` and of all the project's modules that it imports, wherever they lie."""
    circle = frozenset(module for module in closure(name) if module != name and name in closure(module)) | {name}
    own = _filled(name, circle)
    return _hash(own) if len(circle) == 1 else _hash(own, *sorted(_filled(module, circle) for module in circle))


def forget() -> None:
    """Read all files anew at the next call: for tests that edit them."""
    for function in (_handed_on, _parsed, closure, code_fingerprint):
        function.cache_clear()
