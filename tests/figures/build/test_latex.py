"""The paper as LaTeX: what each element becomes, what is refused in one line, and that a TeX engine takes the whole."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from figures.build.latex.bibliography import entries
from figures.build.latex.characters import escaped, symbol
from figures.build.latex.source import check, export
from tests.paper.test_paper import assemble, complete_numbers
from theory.errors import UserError

TEMPLATE = """
#let paper(title: "", authors: "", abstract: [], keywords: (), body) = body
#let EE = math.op($bb(E)$)
#let fitted(equation) = layout(size => equation)
"""
REFERENCES = """
@article{one2020,
  author = {Bj{\\o}rner, Nikolaj and de Moura, Leonardo},
  title = {A {Title}, with a comma}, journal = {Journal}, volume = {3}, number = {2}, pages = {1--9}, year = {2020},
}
@misc{many2021,
  author = {First, Ann and Second, Bob and {The Team}}, title = {Other}, year = {2021},
}
"""


def written(folder: Path, body: str, abstract: str = "") -> str:
    """main.tex of a paper with that body."""
    (folder / "figures").mkdir(exist_ok=True)
    (folder / "figures" / "here.pdf").write_bytes(b"%PDF")
    (folder / "template.typ").write_text(TEMPLATE)
    (folder / "refs.bib").write_text(REFERENCES)
    head = f'#import "template.typ": *\n#show: paper.with(title: "T", authors: "A & B", abstract: [{abstract}])\n'
    (folder / "main.typ").write_text(head + body)
    return export(folder, folder / "out").read_text()


@pytest.mark.parametrize(
    ("typst", "latex"),
    [
        ("$x_i^2 + alpha/beta$", r"$x_{i}^{2} + \frac{\alpha}{\beta}$"),
        ("$EE x <= sqrt(N) (1 - 1/T)$", r"$\operatorname{\mathbb{E}} x \le \sqrt{N} \left( 1 - \frac{1}{T} \right)$"),
        ("$u'_i = sum_(k=1)^N lambda_k$", r"$u_{i}^{\prime } = \sum_{k = 1}^{N} \lambda_{k}$"),
        ('$a "that is" b$', r"$a ~ \text{that is} ~ b$"),
        ("$fitted$".replace("fitted", "ln 2"), r"$\ln 2$"),
        ("*bold* _leaning_ `a_b`", r"\textbf{bold} \emph{leaning} \texttt{a\_b}"),
        ('#"50% of D_s & more"', r"50\% of $D_{\mathrm{s}}$ \& more"),
        ("- one\n- two", "\\begin{itemize}\n\\item one\n\\item two\n\\end{itemize}"),
        ("+ one\n+ two", "\\begin{enumerate}\n\\item one\n\\item two\n\\end{enumerate}"),
        ("/ H1: one", "\\begin{description}\n\\item[{H1}] one\n\\end{description}"),
        ("@one2020 @many2021 said", r"\citep{one2020,many2021} said"),
        ("= Head <a>\nsee @a", r"see Section~\ref{a}"),
        ("#set math.equation(numbering: \"(1)\")\n$ x = 1 $ <eq>\nby @eq", r"by Equation~\eqref{eq}"),
        ("#for x in (1, 2) [number #x, ]", "number 1, number 2,"),
        ('He said "yes" and "no"', "He said ``yes'' and ``no''"),
        ("#table(columns: 2, [a], [b], table.cell(colspan: 2)[c])", "a & b \\\\\n\\multicolumn{2}{c}{c} \\\\"),
    ],
)  # fmt: skip
def test_elements(tmp_path: Path, typst: str, latex: str):
    assert latex in written(tmp_path, typst)


def test_title_abstract_and_references_are_in_the_one_file(tmp_path: Path):
    tex = written(tmp_path, "See @many2021.", abstract="Short: $N\\/e$.")
    assert r"\author{A \& B}" in tex
    assert r"\begin{abstract}Short: $N / e$.\end{abstract}" in tex
    assert r"\bibitem[{First et al.}(2021)]{many2021}" in tex
    assert "one2020" not in tex  # what is not cited is not listed
    (first, _) = entries(tmp_path / "refs.bib").values()
    assert first.short == r"Bj{\o}rner and de Moura"
    assert first.item().splitlines()[1] == (
        r"Nikolaj Bj{\o}rner, Leonardo de Moura (2020). A {Title}, with a comma. \emph{Journal} 3(2), 1--9."
    )


@pytest.mark.parametrize(
    ("typst", "complaint"),
    [
        ('#figure(image("figures/gone.pdf"), caption: [c])', r"file not found .*figures/gone\.pdf"),
        ("see @nothing", "refers to 'nothing'"),
        ("#context [page]", "'context' of the paper is known only on a page"),
        ("#table(columns: 1, table.cell(rowspan: 2)[a])", "reaches over several rows"),
        ("$x 𓀀$", "no command is known for '𓀀'"),
        ("#panic(\"a reason\")", "cannot be evaluated: .*a reason"),
    ],
)  # fmt: skip
def test_what_has_no_latex_is_one_line(tmp_path: Path, typst: str, complaint: str):
    with pytest.raises(UserError, match=complaint) as raised:
        written(tmp_path, typst)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("tex", "complaint"),
    [
        ("{{}", "1 braces are never closed"),
        ("a}", "closes a brace"),
        (r"\begin{a}\begin{b}\end{a}\end{b}", "closes nothing"),
        (r"\begin{quote}", "never ended"),
        (r"\ref{x}", "reference x leads nowhere"),
        (r"\citep{x,y}\bibitem[{X}(1)]{x}", "citation y leads nowhere"),
        (r"\label{a}\label{a}", "two places"),
        (r"\includegraphics[]{gone.pdf}", r"figure gone\.pdf leads nowhere"),
    ],
)
def test_the_check_can_fail(tmp_path: Path, tex: str, complaint: str):
    with pytest.raises(UserError, match=complaint):
        check(tex, tmp_path)
    check(r"\{ \begin{a}{x}\end{a} \ref{x} \label{x}", tmp_path)


def test_characters():
    assert [symbol(c) for c in "αΔΑ≤²"] == [r"\alpha", r"\Delta", r"\mathrm{A}", r"\le", "^{2}"]
    assert escaped("Łukasz – 5 ≤ x_1") == r"Łukasz -- 5 \ensuremath{\le} $x_{\mathrm{1}}$"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    return export(assemble(folder / "source", complete_numbers()).parent, folder / "tex")


def test_the_whole_paper_is_exported_with_its_figures(whole: Path):
    """Balance, references, citations and figures are checked on the way."""
    tex = whole.read_text()
    images = re.findall(r"\\includegraphics\[[^]]*\]\{([^}]+)\}", tex)
    assert images
    assert all((whole.parent / image).is_file() for image in images)
    assert not re.search(r"#\w+\(|numbers\.json|\bauto\b", tex.split(r"\begin{thebibliography}")[0].replace(r"\#", ""))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX engine here")
def test_a_tex_engine_takes_the_whole_paper(whole: Path):
    run = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", whole.name]
    for _ in range(2):
        done = subprocess.run(run, cwd=whole.parent, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "undefined" not in done.stdout
    assert whole.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
