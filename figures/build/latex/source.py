"""`cwb paper --latex`: a folder that a preprint server takes, main.tex with its references inside and the figures as PDF."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from figures.build.latex.bibliography import entries, listed
from figures.build.latex.characters import escaped
from figures.build.latex.evaluate import evaluated
from figures.build.latex.text import Writer
from simulate.runs.files import atomic
from theory.errors import UserError

PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[a4paper,margin=25mm]{geometry}
\usepackage{amsmath,amssymb,array,graphicx,longtable,textcomp}
\usepackage[round]{natbib}
\usepackage[hidelinks]{hyperref}
\renewcommand{\labelenumi}{(\alph{enumi})}
\setlength{\parskip}{0.4em}
\setlength{\LTcapwidth}{\linewidth}
\emergencystretch=3em
"""


def export(source: Path, folder: Path) -> Path:
    """Write the paper in `source` (its Typst files, results and figures) as LaTeX into `folder`; returns main.tex.

    `folder` is made anew. Raises UserError in one line for an element without a translation, a reference to nothing, a figure
    that is not there, and LaTeX that does not balance.
    """
    paper = evaluated(source, folder.with_name(folder.name + ".evaluated"))
    known = entries(source / "refs.bib")
    write = Writer(set(known), paper.body)
    abstract, body = write(paper.abstract).strip(), write(paper.body).strip()
    references = listed(write.cited, known)
    tex = "\n".join(
        [
            PREAMBLE,
            rf"\title{{{escaped(paper.title)}}}",
            rf"\author{{{escaped(paper.authors)}}}",
            r"\date{}",
            r"\begin{document}",
            r"\maketitle",
            rf"\begin{{abstract}}{abstract}\end{{abstract}}",
            "",
            body,
            "",
            references,
            r"\end{document}",
            "",
        ]
    )
    tex = re.sub(r"\n{3,}", "\n\n", tex)
    check(tex, source)
    shutil.rmtree(folder, ignore_errors=True)
    for image in dict.fromkeys(write.images):
        target = folder / image
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / image, target)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic(folder / "main.tex") as temporary:
        temporary.write_text(tex, encoding="utf-8")
    return folder / "main.tex"


def check(tex: str, folder: Path) -> None:
    """Raise UserError in one line if braces or environments do not balance, or a reference, citation or figure leads nowhere."""
    depth = 0
    for line, words in enumerate(tex.splitlines(), start=1):
        for brace in re.sub(r"\\[\\{}]", "", words):
            depth += {"{": 1, "}": -1}.get(brace, 0)
            if depth < 0:
                raise UserError(f"LaTeX: line {line} closes a brace that was not opened: {words.strip()[:60]}")
    if depth:
        raise UserError(f"LaTeX: {depth} braces are never closed")
    opened: list[str] = []
    for match in re.finditer(r"\\(begin|end)\{(\w+\*?)\}", tex):
        if match[1] == "begin":
            opened.append(match[2])
        elif not opened or opened.pop() != match[2]:
            raise UserError(f"LaTeX: \\end{{{match[2]}}} closes nothing that was begun before it")
    if opened:
        raise UserError(f"LaTeX: \\begin{{{opened[-1]}}} is never ended")
    _all_found("reference", re.findall(r"\\(?:eq)?ref\{([^}]+)\}", tex), set(re.findall(r"\\label\{([^}]+)\}", tex)))
    cited = [key for keys in re.findall(r"\\cite[pt]\{([^}]+)\}", tex) for key in keys.split(",")]
    _all_found("citation", cited, set(re.findall(r"\\bibitem\[.*\]\{([^}]+)\}", tex)))
    images = re.findall(r"\\includegraphics\[[^]]*\]\{([^}]+)\}", tex)
    _all_found("figure", images, {image for image in images if (folder / image).is_file()})
    labels = re.findall(r"\\label\{([^}]+)\}", tex)
    if twice := sorted({label for label in labels if labels.count(label) > 1}):
        raise UserError(f"LaTeX: the label {twice[0]!r} stands at two places")


def _all_found(what: str, used: list[str], there: set[str]) -> None:
    if missing := sorted(set(used) - there):
        raise UserError(f"LaTeX: the {what} {', '.join(missing)} leads nowhere")
