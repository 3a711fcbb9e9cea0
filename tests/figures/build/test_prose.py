"""Sentences with ASCII formulas as Typst: what becomes a formula, what stays text, and that Typst takes them."""

import pytest
import sympy as sp
import typst

from figures.build.derivations import kind, typeset
from figures.build.formulas import latex, mathematics
from figures.build.prose import markup
from theory.ledger import claim
from theory.proof.derivation import Derivation


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("A sum of squares is at least M/N - 1, always.", r"A sum of squares is at least $M \/ N - 1$, always."),
        ("a = 1/sqrt N", r"$a = 1 \/ √ N$"),
        ("at a share of a N cells", "at a share of $a N$ cells"),
        ("With a K-subset of 3 cells", "With a $K$-subset of 3 cells"),
        ("2N - 1 (N >= 2), which", "$2 N - 1$ ($N >= 2$), which"),
        ("E<v, v'> is", 'op(bb("E")) chevron.l v , v\' chevron.r'),
        ("eta_i in [0, 1]", "$eta_(i)$ in $[ 0 , 1 ]$"),
        ("Gaussian (Cauchy-Schwarz), so", "Gaussian (Cauchy-Schwarz), so"),
        ("see `age` and C1's proof", "see `age` and C1's proof"),
        ("below sqrt(N) (M_s - 1)/(e rate t)", r'below $sqrt( N ) ( M_(s) - 1 ) \/ ( e "rate" t )$'),
        ("log2(1 + SNR) bits", '$log_2 ( 1 + upright("SNR") )$ bits'),
        ("M >= 1e-9 N", "$M >= 10^(-9) N$"),
        ("(1 - 1/T)^(T-1) -> N/e", r"$( 1 - 1 \/ T )^(T - 1) -> N \/ e$"),
        ("cost #3 _x_ or so", r"cost \#3 \_$x$"),
    ],
)
def test_sentences(sentence: str, expected: str):
    assert expected in markup(sentence)
    typst.compile(markup(sentence).encode())


def test_formulas_put_what_is_positive_first_and_names_apart():
    x, n, T = sp.symbols("x n T", positive=True)
    depth, share = sp.Symbol("depth", positive=True), sp.Symbol("share", positive=True)
    assert latex((1 - x / (x + 1)) ** T) == r"\left(1 - \frac{x}{x + 1}\right)^{T}"
    assert latex(depth * share) == r"\mathrm{depth} \cdot \mathrm{share}"
    assert latex(sp.Symbol("tr_K2") - n) == r"\operatorname{tr} K^{2} - n"
    assert latex(sp.Eq(x, x, evaluate=False)) == "x"
    assert mathematics(sp.Eq(n, sp.log(x), evaluate=False)) == "n = ln(x)"


def test_each_step_says_how_it_stands():
    proof, x = Derivation(), sp.Symbol("x")
    proof.given("Let x be", x)
    proof.argued("By reason", x)
    proof.equal("Twice", x + x, 2 * x)
    proof.solve("The root", x - 1, x)
    assert [kind(step) for step in proof.steps] == ["G", "A", "C", "C"]


def test_a_hypothesis_has_a_truth_table_and_no_derivation_that_repeats_it():
    text = typeset(claim("H2"))
    assert "_Truth table._" in text
    assert "_Derivation._" not in text
    assert text.count("cells overwritten on random supports") == 1


@pytest.mark.parametrize("id", ["I1", "C1", "C4"])
def test_typst_takes_a_claim(id: str):
    head = "#let fitted(equation) = equation\n#let step(kind, body) = [#kind #body]\n"
    typst.compile((head + typeset(claim(id))).encode())
