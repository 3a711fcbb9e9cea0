"""Characters beyond ASCII as LaTeX, and text whose special characters print as they are."""

from __future__ import annotations

import re
import unicodedata

from theory.errors import UserError

_PAIRS = r"""
× \times  · \cdot  ⋅ \cdot  − -  ∗ *  ± \pm  ∓ \mp  ÷ \div  ∘ \circ  ≤ \le  ≥ \ge  ≪ \ll  ≫ \gg  ≠ \ne  ≈ \approx
≡ \equiv  ∼ \sim  ∝ \propto  ≕ =:  ≔ :=  ∈ \in  ∉ \notin  ⊂ \subset  ⊆ \subseteq  ∪ \cup  ∩ \cap  ∅ \emptyset
→ \to  ← \leftarrow  ↔ \leftrightarrow  ⇒ \Rightarrow  ⇔ \Leftrightarrow  ↦ \mapsto  ∑ \sum  ∏ \prod  ∫ \int
∂ \partial  ∇ \nabla  √ \surd  ∞ \infty  ∀ \forall  ∃ \exists  ¬ \neg  ∧ \wedge  ∨ \vee  ⊗ \otimes  ⊕ \oplus
⊥ \perp  ∥ \parallel  ‖ \|  ⟨ \langle  ⟩ \rangle  ⌊ \lfloor  ⌋ \rfloor  ⌈ \lceil  ⌉ \rceil  ℓ \ell  ℝ \mathbb{R}
ℕ \mathbb{N}  ℤ \mathbb{Z}  … \ldots  ⋯ \cdots  ⋮ \vdots  ⋱ \ddots  □ \square  ′ '  † \dagger  ⊤ \top  ∣ |
{ \{  } \}  % \%  & \&  # \#  ✓ \checkmark  ε \varepsilon  ϵ \epsilon  φ \varphi  ϕ \phi  ϑ \vartheta  ς \varsigma
ο o  µ \mu
"""
SYMBOLS = dict(zip(_PAIRS.split()[::2], _PAIRS.split()[1::2], strict=True))
"""Symbols of mathematics; Greek letters follow from their Unicode names."""
PLAIN = {
    "–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''", "\u2009": r"\,", "\u00a0": "~", "\u202f": r"\,",
    "\u00ad": r"\-",
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "^": r"\textasciicircum{}",
    "_": r"\_", "~": r"\textasciitilde{}", "%": r"\%", "<": r"\ensuremath{<}", ">": r"\ensuremath{>}", "|": r"\ensuremath{|}",
    "[": "{[}", "]": "{]}", "°": r"\textdegree{}", "§": r"\S{}", "…": r"\ldots{}",
}  # fmt: skip
"""Characters of text that LaTeX reads otherwise. Brackets are put in braces: behind \\item or \\\\ they would be an argument."""
INDEXED = re.compile(r"(?<![\w\\])([A-Za-z])_(\w+)")
"""A formula in plain text, one letter with an index: D_s."""


def symbol(character: str) -> str:
    """One character of a formula. Raises UserError for one that has no LaTeX here."""
    if character in SYMBOLS:
        return SYMBOLS[character]
    if character.isascii():
        return character
    name = unicodedata.name(character, "")
    if greek := re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", name):
        word = {"LAMDA": "lambda"}.get(greek[2], greek[2].lower())
        if greek[1] == "SMALL":
            return rf"\{word}"
        return rf"\{word.capitalize()}" if word in UPRIGHT else rf"\mathrm{{{unicodedata.normalize('NFKD', LATIN[word])}}}"
    if (small := unicodedata.decomposition(character)).startswith(("<super>", "<sub>")):
        kind, code = small.split()
        return ("^" if kind == "<super>" else "_") + f"{{{symbol(chr(int(code, 16)))}}}"
    raise UserError(f"LaTeX: no command is known for {character!r} ({name or 'no name'}): add it to SYMBOLS in {__name__}")


UPRIGHT = {"gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega"}
LATIN = {"alpha": "A", "beta": "B", "epsilon": "E", "zeta": "Z", "eta": "H", "iota": "I", "kappa": "K", "mu": "M", "nu": "N",
         "omicron": "O", "rho": "P", "tau": "T", "chi": "X"}  # fmt: skip


def escaped(words: str) -> str:
    """Text that LaTeX prints as it is; letters with an index and mathematical characters become formulas."""
    parts, end = [], 0
    for match in INDEXED.finditer(words):
        parts += [_plain(words[end : match.start()]), rf"${match[1]}_{{\mathrm{{{match[2]}}}}}$"]
        end = match.end()
    return "".join([*parts, _plain(words[end:])])


def typewriter(words: str) -> str:
    """Code in a line of text."""
    return rf"\texttt{{{_plain(words)}}}"


def _plain(words: str) -> str:
    return "".join(_character(character) for character in words)


def _character(character: str) -> str:
    if character in PLAIN:
        return PLAIN[character]
    if character.isascii() or (character.isalpha() and "LATIN" in unicodedata.name(character, "")):
        return character
    return rf"\ensuremath{{{symbol(character)}}}"
