"""A fingerprint changes with the meaning of any module that a result depends on, and with nothing else."""

from pathlib import Path

import pytest

from simulate import fingerprint


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A project of three modules: theory.law <- simulate.helper <- simulate.sweep (which imports inside a function)."""
    files = {
        "theory/__init__.py": "",
        "theory/law.py": '"""Law."""\n\ndef ceiling(N):\n    """N over e."""\n    return N / 2.718\n',
        "simulate/__init__.py": "",
        "simulate/helper.py": "from theory.law import ceiling\n",
        "simulate/other.py": "x = 1\n",
        "simulate/sweep.py": "def run():\n    from .helper import ceiling\n    return ceiling(3)\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(fingerprint, "ROOT", tmp_path)

    def of(name: str = "simulate.sweep", **edits: str) -> str:
        for stem, text in edits.items():
            (tmp_path / f"{stem.replace('__', '/')}.py").write_text(text)
        fingerprint._parsed.cache_clear()
        fingerprint.code_fingerprint.cache_clear()
        return fingerprint.code_fingerprint(name)

    yield of
    fingerprint._parsed.cache_clear()
    fingerprint.code_fingerprint.cache_clear()


def test_closure_follows_imports_inside_functions_and_relative_ones(project):
    project()
    assert fingerprint.closure("simulate.sweep") == ("simulate", "simulate.helper", "simulate.sweep", "theory", "theory.law")


def test_an_edit_to_a_helper_of_a_helper_changes_it(project):
    before = project()
    assert project(theory__law="def ceiling(N):\n    return N / 2\n") != before


def test_comments_docstrings_and_layout_do_not(project):
    before = project()
    after = project(theory__law='"""Another text."""\n# why\ndef ceiling(N):\n    """Other."""\n    return (N / 2.718)\n')
    assert after == before


def test_the_text_of_a_tree_does_not_depend_on_the_version_of_python():
    tree = fingerprint.ast.parse("def f(x, *, y=1):\n    return -x ** 2 + y if x else [None, 'a']\n")
    arguments = "args=arguments(args=[arg(arg='x')],kwonlyargs=[arg(arg='y')],kw_defaults=[Constant(value=1)])"
    power = "UnaryOp(op=USub(),operand=BinOp(left=Name(id='x',ctx=Load()),op=Pow(),right=Constant(value=2)))"
    total = f"BinOp(left={power},op=Add(),right=Name(id='y',ctx=Load()))"
    other = "List(elts=[Constant(),Constant(value='a')],ctx=Load())"
    chosen = f"IfExp(test=Name(id='x',ctx=Load()),body={total},orelse={other})"
    assert fingerprint._canonical(tree) == f"Module(body=[FunctionDef(name='f',{arguments},body=[Return(value={chosen})])])"


def test_an_edit_to_an_unrelated_module_does_not(project):
    before = project()
    assert project(simulate__other="x = 2\n") == before
