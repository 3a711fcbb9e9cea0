"""Equations of Typst as LaTeX: one function per element."""

from __future__ import annotations

import re
from typing import Any

from figures.build.latex.characters import symbol
from theory.errors import UserError

ACCENTS = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot", "\u0308": "ddot", "\u20d7": "vec", "→": "vec"}
ALPHABETS = {"bb": "mathbb", "cal": "mathcal", "frak": "mathfrak", "bold": "mathbf", "sans": "mathsf"}
OPERATORS = {"arccos", "arcsin", "arctan", "arg", "cos", "cosh", "cot", "deg", "det", "dim", "exp", "gcd", "inf", "ker", "lim",
             "liminf", "limsup", "ln", "log", "max", "min", "Pr", "sin", "sinh", "sup", "tan", "tanh"}  # fmt: skip
TALL = {"frac", "root", "binom", "mat", "vec", "cases", "underbrace", "overbrace"}
WRAPPERS = ("styled", "equation", "limits", "scripts", "display", "inline", "class", "cancel", "box", "mid", "stretch")


def mathematics(node: Any) -> str:
    """The LaTeX of one element inside an equation, without the dollars. Raises UserError for an element that is not known."""
    if node is None:
        return ""
    if isinstance(node, str):
        return _words(node)
    name = node["func"]
    if name == "sequence":
        return _row(node["children"])
    if name in WRAPPERS:
        return mathematics(node.get("body", node.get("child")))
    if name == "symbol":
        return " ".join(symbol(character) for character in node["text"])
    if name in _ELEMENTS:
        return _ELEMENTS[name](node)
    raise UserError(f"LaTeX: an equation of the paper holds the element {name!r}, which has no translation: add it to {__name__}")


def _row(children: list[Any]) -> str:
    """Elements side by side; a space of the source is one on the page only beside words."""
    parts = []
    for i, child in enumerate(children):
        beside = any(_is_word(other) for other in children[max(0, i - 1) : i + 2])
        parts.append("~" if child["func"] == "space" and beside and 0 < i < len(children) - 1 else mathematics(child))
    return " ".join(filter(None, parts))


def _is_word(node: Any) -> bool:
    return node["func"] == "text" and re.fullmatch(r"[\d.,]+|.", node["text"]) is None


def _words(words: str) -> str:
    """Numbers as they are; words upright, with their spaces."""
    if re.fullmatch(r"[\d.,]+", words):
        return words
    if re.fullmatch(r"[A-Za-z]+", words):
        return rf"\mathrm{{{words}}}"
    from figures.build.latex.characters import escaped

    return rf"\text{{{escaped(words)}}}"


def _attach(node: dict[str, Any]) -> str:
    base = mathematics(node["base"])
    if node["base"]["func"] in ("sequence", "attach", "frac", "styled"):
        base = f"{{{base}}}"
    before = "".join(f"{mark}{{{mathematics(node[key])}}}" for key, mark in (("tl", "^"), ("bl", "_")) if node.get(key))
    below = [mathematics(node[key]) for key in ("b", "br") if node.get(key)]
    above = [mathematics(node[key]) for key in ("tr", "t") if node.get(key)]
    text = ("{}" + before if before else "") + base
    text += f"_{{{' '.join(below)}}}" if below else ""
    return text + (f"^{{{' '.join(above)}}}" if above else "")


def _operator(node: dict[str, Any]) -> str:
    inside = node["text"]
    words = inside.get("text", "") if isinstance(inside, dict) and inside["func"] in ("text", "symbol") else None
    if words in OPERATORS:
        return rf"\{words}"
    star = "*" if node.get("limits") else ""
    return rf"\operatorname{star}{{{words.replace(' ', chr(92) + ',') if words else mathematics(inside)}}}"


def _brackets(node: dict[str, Any]) -> str:
    """Brackets of their own size, grown where what they hold is tall."""
    children = node["body"].get("children", [node["body"]]) if node["body"]["func"] == "sequence" else [node["body"]]
    if len(children) < 2 or not any(_tall(child) for child in children):
        return mathematics(node["body"])
    first, *middle, last = children
    inner = _row(middle)
    return rf"\left{mathematics(first)} {inner} \right{mathematics(last)}"


def _tall(node: Any) -> bool:
    if isinstance(node, dict):
        return node.get("func") in TALL or any(_tall(value) for value in node.values())
    return isinstance(node, list) and any(_tall(value) for value in node)


def _space(node: dict[str, Any]) -> str:
    width = re.fullmatch(r"([\d.]+)em", str(node["amount"]))
    if width is None:
        return r"\quad"
    size = float(width[1])
    return r"\," if size < 0.2 else r"\;" if size < 0.6 else r"\quad" if size < 1.5 else r"\qquad"


def _matrix(node: dict[str, Any]) -> str:
    rows = r" \\ ".join(" & ".join(map(mathematics, row)) for row in node["rows"])
    return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"


def _column(environment: str) -> Any:
    def written(node: dict[str, Any]) -> str:
        return rf"\begin{{{environment}}} " + r" \\ ".join(map(mathematics, node["children"])) + rf" \end{{{environment}}}"

    return written


def _brace(command: str, mark: str) -> Any:
    def written(node: dict[str, Any]) -> str:
        note = f"{mark}{{{mathematics(node['annotation'])}}}" if node.get("annotation") else ""
        return rf"\{command}{{{mathematics(node['body'])}}}{note}"

    return written


def _binomial(node: dict[str, Any]) -> str:
    lower = node["lower"] if isinstance(node["lower"], list) else [node["lower"]]
    return rf"\binom{{{mathematics(node['upper'])}}}{{{', '.join(map(mathematics, lower))}}}"


def _root(node: dict[str, Any]) -> str:
    index = f"[{mathematics(node['index'])}]" if node.get("index") else ""
    return rf"\sqrt{index}{{{mathematics(node['radicand'])}}}"


def _accent(node: dict[str, Any]) -> str:
    if node["accent"] not in ACCENTS:
        raise UserError(f"LaTeX: no command is known for the accent {node['accent']!r}: add it to ACCENTS in {__name__}")
    return rf"\{ACCENTS[node['accent']]}{{{mathematics(node['base'])}}}"


def _marked(node: dict[str, Any]) -> str:
    """A letter of another alphabet, as `evaluate` marks it."""
    value = node["value"]
    if not isinstance(value, dict) or value.get("kind") not in ALPHABETS:
        return ""
    return rf"\{ALPHABETS[value['kind']]}{{{mathematics(value['body'])}}}"


_ELEMENTS = {
    "text": lambda node: _words(node["text"]),
    "space": lambda node: "",
    "h": _space,
    "attach": _attach,
    "primes": lambda node: r"\prime " * node["count"],
    "lr": _brackets,
    "frac": lambda node: rf"\frac{{{mathematics(node['num'])}}}{{{mathematics(node['denom'])}}}",
    "root": _root,
    "op": _operator,
    "accent": _accent,
    "binom": _binomial,
    "mat": _matrix,
    "vec": _column("pmatrix"),
    "cases": _column("cases"),
    "underbrace": _brace("underbrace", "_"),
    "overbrace": _brace("overbrace", "^"),
    "overline": lambda node: rf"\overline{{{mathematics(node['body'])}}}",
    "underline": lambda node: rf"\underline{{{mathematics(node['body'])}}}",
    "linebreak": lambda node: r"\\",
    "align-point": lambda node: "&",
    "metadata": _marked,
}
