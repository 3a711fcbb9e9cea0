"""The face of theory: claims as a person meets them in a terminal and in a notebook, and what is loaded for that."""

import copy
import inspect
import math
import pickle
import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

import theory
from simulate.backend import exact
from theory.errors import UserError
from theory.ledger import IDS, ledger
from theory.proof import display
from theory.proof.claim import Claim
from theory.proof.notation import TERMS
from theory.proof.quantity import Quantity, sentence


def loaded(code: str) -> set[str]:
    """Modules that a fresh interpreter has loaded once it has run the code."""
    words = [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"]
    return set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())


def test_importing_theory_loads_no_law_and_no_library():
    modules = loaded("import theory")
    assert not {"numpy", "scipy", "sympy", "mpmath", "pandas"} & modules
    assert {name for name in modules if name.partition(".")[0] == "theory"} == {"theory"}
    assert {"claim", "claims", "notation"} <= set(dir(theory))


def test_a_claim_loads_its_own_law_alone():
    laws = {name for name in loaded("import theory; theory.claim('c4').eta(J=0.1, sigma=1)") if name.startswith("theory.")}
    assert {name for name in laws if name.count(".") == 1} - {"theory.errors", "theory.ledger", "theory.proof"} == {
        "theory.tradeoff"
    }


def test_claims_and_notation_are_tables():
    table = theory.claims()
    assert [row["id"] for row in table] == list(IDS)
    assert table["C2"] == {"id": "C2", "title": theory.claim("C2").title, "status": "proved under assumptions"}
    assert list(table.to_frame().columns) == ["id", "title", "status"]
    assert "<td" in table._repr_html_()
    assert theory.notation["eta"]["meaning"] == TERMS["eta"].meaning
    assert len(theory.notation) == len(TERMS)
    assert max(map(len, repr(theory.notation).splitlines())) <= 130
    with pytest.raises(KeyError, match="no symbol 'zeta'"):
        theory.notation["zeta"]


@pytest.mark.parametrize(("name", "id"), [("c2", "C2"), ("C1_ANY", "C1-any"), ("Sparse-Memory", "sparse_memory"), ("h1", "H1")])
def test_capitals_and_dashes_do_not_matter(name, id):
    assert theory.claim(name).id == id


def test_a_quantity_is_a_function_with_completion_signature_and_docstring():
    C2 = theory.claim("C2")
    assert C2.task_ceiling(N=1000, T=20) == C2.value("task_ceiling", N=1000, T=20).value == pytest.approx(377.3536, rel=1e-6)
    assert {"task_ceiling", "ceiling", "derivation", "value"} <= set(dir(C2))
    assert str(inspect.signature(C2.task_ceiling)) == "(*, N, T)"
    assert C2.task_ceiling.__name__ == "task_ceiling"
    for words in ("Unit: facts", "parameters (or cells) of one store", "tasks written one after another", "[1, inf)"):
        assert words in C2.task_ceiling.__doc__
    with pytest.raises(UserError, match=r"by name: write task_ceiling\(N=\.\.\., T=\.\.\.\)"):
        C2.task_ceiling(1000, 20)


def test_jax_goes_through_an_attribute():
    """The gradient of N (1 - 1/T)^(T-1) in T is that times log(1 - 1/T) + 1/T."""
    with exact():
        C2, T = theory.claim("C2"), 20.0
        slope = float(jax.jit(jax.grad(lambda T: C2.task_ceiling(N=1000.0, T=T)))(T))
        assert slope == pytest.approx(C2.task_ceiling(N=1000, T=T) * (math.log1p(-1 / T) + 1 / T), rel=1e-12)
        mapped = jax.vmap(lambda T: C2.task_ceiling(N=10.0, T=T))(jnp.array([1.0, 2.0]))
        assert mapped.tolist() == pytest.approx([10, 5])
        with pytest.raises(UserError, match="missing parameter 'N'"):
            jax.jit(lambda T: C2.task_ceiling(T=T))(T)


UNKNOWN = [
    ("C2", "ceiling", {"N": 10, "T": 3}, "C2 ceiling takes N, M, not T; task_ceiling takes N, T"),
    ("C2", "ceiling", {"n": 10, "M": 3}, "C2 ceiling takes N, M, not n; did you mean N?"),
    ("C2", "ceiling", {"self": 1}, "C2 ceiling takes N, M, not self; no quantity of C2 takes self"),
    ("C2", "ceiling", {"name": 1, "N": 2, "M": 3}, "C2 ceiling takes N, M, not name"),
]


@pytest.mark.parametrize(("id", "quantity", "parameters", "message"), UNKNOWN)
def test_an_unknown_parameter_names_the_quantities_that_take_it(id, quantity, parameters, message):
    for ask in (getattr(theory.claim(id), quantity), lambda **given: theory.claim(id).value(quantity, **given)):
        with pytest.raises(UserError) as caught:
            ask(**parameters)
        assert str(caught.value).startswith(message)


def test_what_is_spelled_wrong_is_guessed():
    with pytest.raises(AttributeError, match=r"C2 has no quantity 'task_celing'; did you mean task_ceiling"):
        theory.claim("C2").task_celing  # noqa: B018
    with pytest.raises(UserError, match=r"no claim 'sparse_memry'; did you mean sparse_memory\?"):
        theory.claim("sparse_memry")
    assert not hasattr(theory.claim("H1"), "ceiling")


@pytest.mark.parametrize("id", IDS)
def test_a_claim_in_a_notebook(id):
    claim = theory.claim(id)
    text, derivation = claim._repr_markdown_(), claim.derivation._repr_markdown_()
    assert len(repr(claim)) < 200
    assert len(repr(claim.derivation)) < 1500
    assert text.startswith(f"### {id}: ")
    assert "**Conditions**" in text
    assert ("**Quantities**" in text) == bool(claim.quantities)
    for quantity in claim.quantities:
        assert f"`{quantity.name}({', '.join(quantity.parameters)})`" in text
        assert display.law(claim, quantity) in text
    for page in (text, derivation):
        assert page.count("$$") % 2 == 0
        assert "\\left" not in page or page.count("\\left") == page.count("\\right")
    assert derivation.count("$$") == 2 * sum(step.equation is not None for step in claim.derivation.steps)
    assert ("Quantities" in claim.show()) == bool(claim.quantities)


def test_no_quantity_hides_behind_a_part_of_a_claim_or_a_keyword_of_python():
    for claim in ledger().values():
        for quantity in claim.quantities:
            assert not hasattr(Claim, quantity.name)
            assert quantity.name not in Claim.__dataclass_fields__
            assert quantity.signature()  # ValueError if a parameter cannot be written as a keyword


def test_a_claim_can_be_copied():
    claim = theory.claim("C4")
    assert copy.copy(claim).eta(J=0.1, sigma=1) == claim.eta(J=0.1, sigma=1)
    assert pickle.loads(pickle.dumps(Quantity("x", "an x", "facts", ("N",)))).name == "x"


def test_a_phrase_becomes_a_sentence():
    assert sentence("largest M * depth") == "Largest M * depth."
    assert sentence("E[kappa^2] of a pair") == "E[kappa^2] of a pair."
    assert sentence("a share") == "A share."
