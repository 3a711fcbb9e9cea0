"""Sentences with formulas in ASCII as Typst: what reads as mathematics is set as mathematics, the rest as text.

The derivations say "tr K^2 >= M^2/n, so PR <= n", since they are read in a terminal as well. A sentence is cut into tokens, and
each longest row of tokens that can stand in a formula and holds at least one that cannot stand in text becomes a formula.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from theory.proof.notation import TERMS

_LETTERS = "alpha beta gamma delta epsilon eta theta kappa lambda mu nu xi pi rho sigma tau phi psi omega"
GREEK = {*_LETTERS.split(), "Sigma", "Phi", "Gamma", "Lambda", "Delta", "Pi"}
FUNCTIONS = {"ln", "log", "exp", "cos", "sin", "tan", "max", "min", "det", "dim"}
OPERATORS = {name: f'op("{name}")' for name in ("tr", "rank", "PR", "Cov", "sd", "binom", "ReLU", "erfc")}
OPERATORS |= {name: f'upright("{name}")' for name in ("SNR", "KL")}
OPERATORS |= {"E": 'op(bb("E"))', "sum": "sum", "prod": "product", "log2": "log_2"}
SIGNS = {"...": "dots", "+-": "plus.minus", "/": r"\/"}
PRODUCTS = {"aN", "bN", "TD", "DT", "MN", "dJ", "du", "dx", "dt", "vv"}
"""Letters that stand side by side for a product."""
TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<code>`[^`]+`)|(?P<owner>[A-Za-z]\w*'s\b)|(?P<claim>\b[A-Z]\d+(?:-[a-z]+)*\b(?![_^(*]))|(?P<number>\d+(?:\.\d+)?(?:e-?\d+)?)"
    r"|(?P<word>[A-Za-z]{2,}(?:-[A-Za-z]+)+)"
    r"|(?P<name>[A-Za-z]+\d?(?:_(?:[A-Za-z]\w*|\d+|\{[^}]*\}|\([^()]*\)))?)"
    r"|(?P<sign><=|>=|->|!=|\.\.\.|\+-|[=<>+\-/|'!^*])|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<comma>,(?=\s?[\w(\[|]))|(?P<other>.)"
)


@dataclass(frozen=True)
class Token:
    """A piece of a sentence: its kind (as in TOKEN), its text, and whether a space stands before it."""

    kind: str
    text: str
    spaced: bool


def markup(sentence: str) -> str:
    """A sentence as Typst markup."""
    tokens = _tokens(sentence)
    mathematical = [_is_mathematical(tokens, i) for i in range(len(tokens))]
    parts, at = [], 0
    while at < len(tokens):
        end = at
        while end < len(tokens) and mathematical[end]:
            end += 1
        start, stop = _trimmed(tokens, at, end)
        if stop > start and any(_strong(tokens, i) for i in range(start, stop)):
            parts += [_text(tokens[at:start]), " " if tokens[start].spaced else "", f"${_formula(tokens[start:stop])}$"]
            at = stop
        else:
            end = max(end, at + 1)
            parts.append(_text(tokens[at:end]))
            at = end
    return "".join(parts)


def escaped(text: str) -> str:
    """Plain text as Typst markup that prints as it is."""
    for mark in "\\#$*_`<>@[]~":
        text = text.replace(mark, f"\\{mark}")
    return text


def _tokens(sentence: str) -> list[Token]:
    tokens, spaced = [], False
    for match in TOKEN.finditer(sentence):
        kind = str(match.lastgroup)
        if kind == "space":
            spaced = True
            continue
        tokens.append(Token(kind, match[0], spaced))
        spaced = False
    return _with_angles(tokens)


def _with_angles(tokens: list[Token]) -> list[Token]:
    """The tokens, those < and > that enclose a product read as brackets: E<v, v'>, but not a < b."""
    for i, token in enumerate(tokens):
        if token.text == "<" and not _at(tokens, i + 1).spaced:
            ends = (j for j in range(i + 2, min(i + 14, len(tokens))) if tokens[j].text == ">" and not tokens[j].spaced)
            if (end := next(ends, None)) is not None and any(t.kind == "comma" for t in tokens[i:end]):
                tokens[i] = Token("open", "<", token.spaced)
                tokens[end] = Token("close", ">", tokens[end].spaced)
    return tokens


def _text(tokens: list[Token]) -> str:
    """Tokens as running text; code keeps its marks."""
    return "".join((" " if t.spaced else "") + (t.text if t.kind == "code" else escaped(t.text)) for t in tokens)


def _is_mathematical(tokens: list[Token], i: int) -> bool:
    """Whether a token can stand in a formula."""
    token = tokens[i]
    if token.kind in ("number", "open", "close", "comma", "sign"):
        return not (
            token.text == "'" and not token.spaced and _at(tokens, i + 1).kind == "name" and not _at(tokens, i + 1).spaced
        )
    return token.kind == "name" and _is_name(tokens, i)


def _is_name(tokens: list[Token], i: int) -> bool:
    name, before, after = tokens[i].text, _at(tokens, i - 1), _at(tokens, i + 1)
    base = name.split("_")[0]
    operator_beside = before.kind == "sign" or (after.kind == "sign" and not (after.text == "-" and not after.spaced))
    if "_" in name or name in GREEK or name in FUNCTIONS or name in OPERATORS or name in PRODUCTS or name == "sqrt":
        return not (name in ("max", "min", "sum", "rank", "dims") and not _bound(tokens, i))
    if re.fullmatch(r"[a-z]\d", name):
        return True
    if len(base) > 1:  # a parameter by its name, or a word: it has to touch a bracket or a sign
        touching = (before.kind in ("sign", "open") and not tokens[i].spaced) or (after.kind in ("sign",) and not after.spaced)
        return name in TERMS and after.text != "-" and (touching or _bracketed(tokens, i))
    if after.text == "-" and not after.spaced and _at(tokens, i + 2).kind in ("name", "word"):
        return True  # K-subset: the letter alone
    if name in ("a", "A"):
        alone = after.kind in ("close", "comma", "other", "end") or before.text == "activity"
        return operator_beside or alone or (name == "a" and _single(tokens, i + 1))
    if name in ("I", "E"):
        return operator_beside or after.kind == "open" or (name == "E" and after.kind == "name") or before.kind == "open"
    return True


def _bracketed(tokens: list[Token], i: int) -> bool:
    """Whether a parameter's name stands inside a bracket between other parts of a formula: "N/(e rate t)"."""
    depth = sum({"open": 1, "close": -1}.get(token.kind, 0) for token in tokens[:i])

    def formal(token: Token) -> bool:
        return token.kind in ("sign", "open", "close", "number") or len(token.text) == 1 or token.text in (GREEK | TERMS.keys())

    return depth > 0 and formal(_at(tokens, i - 1)) and formal(_at(tokens, i + 1))


def _single(tokens: list[Token], i: int) -> bool:
    """Whether a lone letter follows that is no part of a word: "a N", but not "a K-subset"."""
    token, after = _at(tokens, i), _at(tokens, i + 1)
    return token.kind == "name" and len(token.text) == 1 and not (after.text == "-" and not after.spaced)


def _bound(tokens: list[Token], i: int) -> bool:
    """Whether a name that is also a word is used as a function: it has an argument, or stands beside a sign."""
    after, before = _at(tokens, i + 1), _at(tokens, i - 1)
    argument = (after.kind == "open" and not after.spaced) or (
        len(after.text) == 1 and after.kind == "name" and after.text.isupper()
    )
    return argument or "_" in tokens[i].text or (before.kind == "sign" and not tokens[i].spaced)


def _at(tokens: list[Token], i: int) -> Token:
    return tokens[i] if 0 <= i < len(tokens) else Token("end", "", True)


def _strong(tokens: list[Token], i: int) -> bool:
    """Whether a token, mathematical already, cannot stand in text as it is: a name, a relation, a power, a signed number."""
    token, after = tokens[i], _at(tokens, i + 1)
    if token.kind == "name":
        return True
    signed = token.text == "-" and after.kind == "number" and not after.spaced
    return (
        signed
        or token.text == "["
        or (token.kind == "number" and "e" in token.text)
        or (token.kind == "sign" and token.text not in "'-!")
    )


def _trimmed(tokens: list[Token], start: int, stop: int) -> tuple[int, int]:
    """The part of a row, from its left end, that makes one formula: its brackets are closed, and no comma or remark parts it."""
    while start < stop and (tokens[start].kind in ("comma", "close") or tokens[start].text in ("/", "'", "!", "^", "*")):
        start += 1
    if start < stop and _is_remark(tokens, start, stop):
        start += 1
    depth, closed = 0, start
    for i in range(start, stop):
        if depth == 0 and i > start and (tokens[i].kind == "comma" or _is_remark(tokens, i, stop)):
            break
        depth += {"open": 1, "close": -1}.get(tokens[i].kind, 0)
        if depth < 0:
            break
        if depth == 0 and tokens[i].text != "sqrt":  # a root needs what stands under it
            closed = i + 1
    while (
        closed > start + 1
        and tokens[closed - 1].kind == "sign"
        and tokens[closed - 1].text not in ("*", "...", "'", "|", "!", "=")
    ):
        closed -= 1
    return start, closed


def _is_remark(tokens: list[Token], i: int, stop: int) -> bool:
    """Whether a bracket opens here that stands apart and holds a relation or a lone name: "2N - 1 (N >= 2)"."""
    end = _closes_at(tokens, i, stop)
    if tokens[i].text != "(" or not tokens[i].spaced or end < 0:
        return False
    after = _at(tokens, end + 1)
    inside = [token.text for token in tokens[i + 1 : end]]
    factor = after.kind == "sign" and not after.spaced
    return not factor and (bool({"=", "<=", ">=", "<", ">"} & set(inside)) or len(inside) == 1)


def _closes_at(tokens: list[Token], start: int, stop: int) -> int:
    depth = 0
    for i in range(start, stop):
        depth += {"open": 1, "close": -1}.get(tokens[i].kind, 0)
        if depth == 0:
            return i
    return -1


def _formula(tokens: list[Token]) -> str:
    """A row of tokens as the inside of a Typst formula."""
    parts: list[str] = []
    for i, token in enumerate(tokens):
        after = _at(tokens, i + 1)
        written = _name(token.text) if token.kind == "name" else SIGNS.get(token.text, token.text)
        if token.kind == "number" and "e" in token.text:
            mantissa, power = token.text.split("e")
            written = f"10^({power})" if mantissa == "1" else f"{mantissa} times 10^({power})"
        if token.text == "sqrt" and after.kind != "open":
            written = "√"
        if token.text in "<>" and token.kind in ("open", "close"):
            written = "chevron.l" if token.kind == "open" else "chevron.r"
        if token.text == "*":
            joins = not token.spaced and not after.spaced and after.kind in ("name", "number", "open")
            written = " " if joins or token.spaced else "^*"
        if token.text in "{}" and token.kind in ("open", "close"):
            written = f"\\{token.text}"
        parts.append(written)
    return _powers(parts)


def _powers(parts: list[str]) -> str:
    """Parts joined by spaces; what follows ^ is put in one bracket, so that it is raised whole."""
    text, i = "", 0
    while i < len(parts):
        if parts[i] == "^" and i + 1 < len(parts):
            end = i + 2
            if parts[i + 1] == "-" and end < len(parts):
                end += 1
            if parts[end - 1] == "(":
                depth = 1
                while end < len(parts) and depth:
                    depth += {"(": 1, ")": -1}.get(parts[end], 0)
                    end += 1
            inner = parts[i + 1 : end]
            if inner[0] == "(" and inner[-1] == ")":
                inner = inner[1:-1]
            text = f"{text.rstrip()}^({_powers(inner)}) "
            i = end
            continue
        text = f"{text.rstrip()}{parts[i]} " if parts[i] in ("^*", "'") else f"{text}{parts[i]} "
        i += 1
    return text.strip().replace("sqrt (", "sqrt(")


def _name(name: str) -> str:
    base, _, index = name.partition("_")
    if base in OPERATORS:
        written = OPERATORS[base]
    elif base in GREEK or base in FUNCTIONS or len(base) == 1 or base == "sqrt":
        written = base
    elif re.fullmatch(r"[a-z]\d", base):
        written = f"{base[0]}_{base[1]}"
    elif base in PRODUCTS and base != "dims":
        written = " ".join(base)
    else:
        written = f'"{base}"'
    if not index:
        return written
    index = index.strip("{}()")
    if not re.fullmatch(r"[A-Za-z]{2,}", index):
        return f"{written}_({' '.join(re.findall(r'[A-Za-z]+|[0-9]+|[^A-Za-z0-9]', index))})"
    return f"{written}_{index}" if index in GREEK else f'{written}_"{index}"'
