"""The text of the paper as LaTeX: one method per element of Typst."""

from __future__ import annotations

import re
from typing import Any

from figures.build.latex.characters import escaped, typewriter
from figures.build.latex.evaluate import nodes
from figures.build.latex.mathematics import mathematics
from figures.build.latex.tables import table
from theory.errors import UserError

SECTIONS = ("section", "subsection", "subsubsection", "paragraph")
WRAPPERS = {"styled", "align", "pad", "box", "place", "rotate", "scale", "columns", "cell", "underline", "smallcaps", "hide"}
SILENT = {
    "v",
    "parbreak-mark",
    "counter-update",
    "state-update",
    "metadata",
    "line",
    "colbreak",
    "bibliography",
    "hline",
    "vline",
}
LISTS = {"item": "itemize", "numbered": "enumerate", "term": "description"}
NAMES = {"heading": "Section", "equation": "Equation", "figure": "Figure", "table": "Table"}
PAGE_ONLY = {"context", "layout"}


class Writer:
    """Writes elements as LaTeX, and remembers which references and figures it has used.

    known: keys of the bibliography. tree: the whole body, whose labels are collected first.
    """

    def __init__(self, known: set[str], tree: Any):
        self.known, self.cited, self.images = known, set[str](), list[str]()
        self.labels = {_name(node["label"]): _kind(node) for node in nodes(tree) if "label" in node}
        self.quote_open = False

    def __call__(self, node: Any) -> str:
        """One element. Raises UserError for one that has no translation."""
        if node is None:
            return ""
        if isinstance(node, str):
            return escaped(node)
        name = node["func"]
        if name == "sequence":
            return self.sequence(node["children"])
        if name in SILENT:
            return ""
        if name in WRAPPERS:
            return self(node.get("body", node.get("child")))
        method = getattr(self, f"_{name.replace('-', '_')}", None)
        if name in PAGE_ONLY or method is None:
            what = "is known only on a page" if name in PAGE_ONLY else "has no translation"
            raise UserError(f"LaTeX: the element {name!r} of the paper {what}: give it a plain form in {Writer.__module__}")
        return method(node)

    def sequence(self, children: list[Any]) -> str:
        """Elements in a row: items become lists, citations side by side become one."""
        parts, at = [], 0
        while at < len(children):
            if _list(children[at]):
                end = at
                while end < len(children) and (_list(children[end]) == _list(children[at]) or _blank(children[end])):
                    end += 1
                parts.append(self._items([child for child in children[at:end] if not _blank(child)]))
            elif self._is_citation(children[at]):
                end = at + 1
                while end < len(children) and (self._is_citation(children[end]) or _blank_before_citation(self, children, end)):
                    end += 1
                parts.append(self._citations([child for child in children[at:end] if child["func"] == "ref"]))
            else:
                end = at + 1
                parts.append(self(children[at]))
            at = end
        return "".join(parts)

    def _items(self, items: list[Any]) -> str:
        kind = _list(items[0])
        lines = []
        for item in items:
            head = rf"\item[{{{self(item['term'])}}}] " if kind == "term" else r"\item "
            lines.append(head + self(item["description"] if kind == "term" else item["body"]))
        environment = LISTS[kind]
        return "\n".join(["", rf"\begin{{{environment}}}", *lines, rf"\end{{{environment}}}", ""])

    def _is_citation(self, node: Any) -> bool:
        return isinstance(node, dict) and node.get("func") == "ref" and _name(node["target"]) in self.known

    def _citations(self, refs: list[Any], command: str = "citep") -> str:
        keys = [_name(ref["target"]) for ref in refs]
        self.cited.update(keys)
        return rf"\{command}{{{','.join(keys)}}}"

    def _ref(self, node: Any) -> str:
        name = _name(node["target"])
        if name in self.known:
            return self._citations([node])
        if name not in self.labels:
            raise UserError(f"LaTeX: the paper refers to {name!r}, which is neither a label nor a key of refs.bib")
        number = rf"\eqref{{{name}}}" if self.labels[name] == "equation" else rf"\ref{{{name}}}"
        supplement = node.get("supplement", "auto")
        if isinstance(supplement, dict):
            words = self(supplement)
            return f"{words}~{number}" if words else number
        return f"{NAMES[self.labels[name]]}~{number}"

    def _cite(self, node: Any) -> str:
        return self._citations([{"target": node["key"]}], "citet" if node.get("form") == "prose" else "citep")

    def _heading(self, node: Any) -> str:
        depth = min(node.get("level") or node.get("depth") or 1, len(SECTIONS))
        star = "*" if "numbering" in node and node["numbering"] is None else ""
        return f"\n\n\\{SECTIONS[depth - 1]}{star}{{{self(node['body'])}}}{self._label(node)}\n\n"

    def _label(self, node: Any) -> str:
        return rf"\label{{{_name(node['label'])}}}" if "label" in node else ""

    def _equation(self, node: Any) -> str:
        inside = mathematics(node["body"])
        if not node.get("block"):
            return f"${inside}$"
        if r"\\" in inside and r"\begin" not in inside:
            inside = rf"\begin{{aligned}} {inside} \end{{aligned}}"
        return f"\n\\begin{{equation}}{self._label(node)}\n{inside}\n\\end{{equation}}\n"

    def _figure(self, node: Any) -> str:
        caption = rf"\caption{{{self(node['caption'])}}}{self._label(node)}" if node.get("caption") else self._label(node)
        tables = [inner for inner in nodes(node["body"]) if inner.get("func") == "table"]
        if tables:
            return "\n\n" + "\n".join(table(inner, self, caption if i == 0 else "") for i, inner in enumerate(tables)) + "\n\n"
        return f"\n\n\\begin{{figure}}[tbp]\n\\centering\n{self(node['body'])}\n{caption}\n\\end{{figure}}\n\n"

    def _image(self, node: Any) -> str:
        path = node["source"] if "source" in node else node["path"]
        self.images.append(path)
        return rf"\includegraphics[width=\linewidth,height=0.8\textheight,keepaspectratio]{{{path}}}"

    def _block(self, node: Any) -> str:
        inside = self(node.get("body"))
        stroked = isinstance(node.get("stroke"), dict)
        return f"\n\n\\begin{{quote}}\n{inside}\n\\end{{quote}}\n\n" if stroked else f"\n\n{inside}\n\n"

    def _raw(self, node: Any) -> str:
        if node.get("block"):
            return f"\n\\begin{{verbatim}}\n{node['text']}\n\\end{{verbatim}}\n"
        return typewriter(node["text"])

    def _text(self, node: Any) -> str:
        return escaped(node["text"])

    def _symbol(self, node: Any) -> str:
        return escaped(node["text"])

    def _space(self, node: Any) -> str:
        return " "

    def _parbreak(self, node: Any) -> str:
        return "\n\n"

    def _linebreak(self, node: Any) -> str:
        return r"\\ "

    def _pagebreak(self, node: Any) -> str:
        return "\n\\clearpage\n"

    def _h(self, node: Any) -> str:
        return r"\hfill " if str(node["amount"]).endswith("fr") else " "

    def _smartquote(self, node: Any) -> str:
        if not node.get("double", True):
            return "'"
        self.quote_open = not self.quote_open
        return "``" if self.quote_open else "''"

    def _strong(self, node: Any) -> str:
        return rf"\textbf{{{self(node['body'])}}}"

    def _emph(self, node: Any) -> str:
        return rf"\emph{{{self(node['body'])}}}"

    def _super(self, node: Any) -> str:
        return rf"\textsuperscript{{{self(node['body'])}}}"

    def _sub(self, node: Any) -> str:
        return rf"\textsubscript{{{self(node['body'])}}}"

    def _caption(self, node: Any) -> str:
        return self(node["body"]).strip()

    def _footnote(self, node: Any) -> str:
        return rf"\footnote{{{self(node['body'])}}}"

    def _quote(self, node: Any) -> str:
        return f"\n\\begin{{quote}}\n{self(node['body'])}\n\\end{{quote}}\n"

    def _link(self, node: Any) -> str:
        return (
            rf"\href{{{_address(node['dest'])}}}{{{self(node['body'])}}}" if isinstance(node["dest"], str) else self(node["body"])
        )

    def _table(self, node: Any) -> str:
        return "\n\n" + table(node, self) + "\n\n"

    def _grid(self, node: Any) -> str:
        return "\n\n".join(self(child) for child in node["children"])

    def _stack(self, node: Any) -> str:
        return "\n\n".join(self(child) for child in node["children"] if isinstance(child, dict))

    def _item(self, node: Any) -> str:
        return self._items([node])

    _numbered = _item


def _list(node: Any) -> str:
    """Kind of list that an element is an item of; "" for any other element."""
    name = node.get("func") if isinstance(node, dict) else ""
    return "term" if name == "item" and "term" in node else name if name in LISTS else ""


def _blank(node: Any) -> bool:
    return isinstance(node, dict) and node.get("func") in ("space", "parbreak")


def _blank_before_citation(writer: Writer, children: list[Any], at: int) -> bool:
    return _blank(children[at]) and at + 1 < len(children) and writer._is_citation(children[at + 1])


def _name(label: str) -> str:
    """The name of a label, which Typst writes in angle brackets."""
    return label.strip("<>")


def _kind(node: Any) -> str:
    """What a label stands at: heading, equation, figure or table."""
    if node["func"] != "figure":
        return node["func"]
    return "table" if any(inner.get("func") == "table" for inner in nodes(node["body"])) else "figure"


def _address(dest: str) -> str:
    return re.sub(r"([%#&_~])", r"\\\1", dest)
