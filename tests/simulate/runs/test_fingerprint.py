"""A fingerprint changes with the meaning of any module that a result depends on, and with nothing else: not with a move."""

from pathlib import Path

import pytest

from simulate.runs import fingerprint

FACE = "import lazy_loader as lazy\n\n__getattr__, __dir__, __all__ = lazy.attach(__name__, submod_attrs={submod_attrs})\n"
FILES = {
    "theory/__init__.py": '"""Laws."""\n',
    "theory/constant.py": "E = 2.718\n",
    "theory/law.py": '"""Law."""\nfrom theory.constant import E\n\ndef ceiling(N):\n    """N over e."""\n    return N / E\n',
    "simulate/__init__.py": "",
    "simulate/helper.py": "import math\n\nfrom theory.law import ceiling\n",
    "simulate/other.py": "x = 1\n",
    "simulate/sweep.py": "def run():\n    from .helper import ceiling\n    return ceiling(3)\n",
}


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function: write FILES with changes (None deletes) into an empty project and return a module's fingerprint there."""
    monkeypatch.setattr(fingerprint, "ROOT", tmp_path)

    def of(changes: dict[str, str | None] | None = None, module: str = "simulate.sweep") -> str:
        for path in tmp_path.rglob("*.py"):
            path.unlink()
        for name, text in (FILES | (changes or {})).items():
            if text is not None:
                (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / name).write_text(text)
        fingerprint.forget()
        return fingerprint.code_fingerprint(module)

    yield of
    fingerprint.forget()


def test_closure_follows_imports_inside_functions_and_relative_ones(key):
    key()
    assert fingerprint.closure("simulate.sweep") == ("simulate.helper", "simulate.sweep", "theory.constant", "theory.law")


def test_a_constant_changed_three_imports_away_loses_the_key(key):
    assert key({"theory/constant.py": "E = 2.719\n"}) != key()


def test_comments_docstrings_and_layout_keep_it(key):
    text = (
        '"""Another."""\nfrom theory.constant import (\n    E,\n)\n# why\ndef ceiling(N):\n    """Other."""\n    return (N / E)\n'
    )
    assert key({"theory/law.py": text}) == key()


EXPERIMENT = """from theory.law import ceiling
from theory.constant import E

EXPERIMENT = Experiment(
    name="x", question="{words}", prediction="{prediction}", columns={{"a": Column("{words}")}}, run=lambda: ceiling({number})
)
"""


def test_another_question_keeps_it_and_another_prediction_does_not(key):
    def declared(words: str, number: int = 1, prediction: str = "ten") -> str:
        return key({"simulate/sweep.py": EXPERIMENT.format(words=words, number=number, prediction=prediction)})

    assert declared("How many?") == declared("How many tasks fit?") != declared("How many?", number=2)
    assert declared("How many?") != declared("How many?", prediction="eleven")


def test_an_edit_to_an_unrelated_module_keeps_it(key):
    assert key({"simulate/other.py": "x = 2\n"}) == key()


def test_a_moved_module_keeps_it(key):
    moved = {
        "theory/law.py": None,
        "theory/constant.py": None,
        "theory/proof/__init__.py": '"""Proof."""\n',
        "theory/proof/numbers.py": FILES["theory/constant.py"],
        "theory/law_of_capacity.py": FILES["theory/law.py"].replace("theory.constant", "theory.proof.numbers"),
        "simulate/helper.py": FILES["simulate/helper.py"].replace("theory.law", "theory.law_of_capacity"),
    }
    assert key(moved) == key()


def test_the_order_in_which_imports_stand_keeps_it(key):
    two = "from theory.constant import E\nfrom theory.law import ceiling\n"
    swapped = "from theory.law import ceiling\nfrom theory.constant import E\n"
    assert key({"simulate/helper.py": two}) == key({"simulate/helper.py": swapped}) != key()


@pytest.mark.parametrize(
    "face",
    [
        "from theory.law import ceiling\n",
        "from .law import ceiling\n\n__all__ = ['ceiling']\n",
        FACE.format(submod_attrs="{'law': ['ceiling']}"),
    ],
)
def test_a_re_export_changes_nothing(key, face):
    """Neither that a face exists nor that it is used, whether it hands on at once or lazily."""
    through = FILES["simulate/helper.py"].replace("theory.law", "theory")
    assert key({"theory/__init__.py": face}) == key({"theory/__init__.py": face, "simulate/helper.py": through}) == key()


def test_through_a_face_a_changed_constant_loses_the_key(key):
    face = {"theory/__init__.py": FACE.format(submod_attrs="{'law': ['ceiling']}"),
            "simulate/helper.py": "from theory import ceiling\n"}  # fmt: skip
    assert key(face) != key(face | {"theory/constant.py": "E = 3\n"})


def test_a_package_that_does_more_than_hand_names_on_counts(key):
    assert key({"theory/__init__.py": "LIMIT = 3\n"}) != key({"theory/__init__.py": "LIMIT = 4\n"}) != key()


@pytest.mark.parametrize("named", ["theory.law", "theory"])
def test_a_module_or_package_that_is_imported_by_name_counts(key, named):
    if named == "theory":
        table = {"theory/room/__init__.py": "", "theory/room/law.py": FILES["theory/law.py"]}
        named = "theory.room"
    else:
        table = {}
    table |= {"simulate/helper.py": f"import importlib\n\nceiling = importlib.import_module({named!r})\n"}
    assert key(table) != key(table | {"theory/constant.py": "E = 3\n"})
    assert key(table) == key(table | {"simulate/other.py": "x = 2\n"})


def test_a_string_that_only_looks_like_a_module_is_a_string(key):
    table = {"simulate/helper.py": "x = 'theory.law.ceiling', 'theory. The law', 'theory.no_such_law'\n"}
    assert key(table) == key(table | {"theory/constant.py": "E = 3\n"})
    assert key(table) != key({"simulate/helper.py": "x = 'theory.law.floor', 'theory. The law', 'theory.no_such_law'\n"})


def test_another_name_from_the_same_module_loses_it(key):
    both = FILES["theory/law.py"] + "\n\ndef floor(N):\n    return N\n"
    renamed = FILES["simulate/helper.py"].replace("import ceiling", "import floor as ceiling")
    assert key({"theory/law.py": both}) != key({"theory/law.py": both, "simulate/helper.py": renamed})


def test_a_circle_is_digested_as_one_unit(key):
    def circle(value: int) -> dict[str, str | None]:
        return {
            "theory/law.py": "from theory.winding import turns\n\ndef ceiling(N):\n    return turns(N)\n",
            "theory/winding.py": f"def turns(N):\n    from theory.law import ceiling\n    return {value} if N else ceiling(1)\n",
        }

    keys = {key(circle(value), module) for value in (1, 2) for module in ("theory.law", "theory.winding", "simulate.sweep")}
    assert len(keys) == 6


def test_the_text_of_a_tree_does_not_depend_on_the_version_of_python(key):
    key({"simulate/sweep.py": "def f(x, *, y=1):\n    return -x ** 2 + y if x else [None, 'a']\n"})
    arguments = "args=arguments(args=[arg(arg='x')],kwonlyargs=[arg(arg='y')],kw_defaults=[Constant(value=1)])"
    power = "UnaryOp(op=USub(),operand=BinOp(left=Name(id='x',ctx=Load()),op=Pow(),right=Constant(value=2)))"
    total = f"BinOp(left={power},op=Add(),right=Name(id='y',ctx=Load()))"
    other = "List(elts=[Constant(),Constant(value='a')],ctx=Load())"
    chosen = f"IfExp(test=Name(id='x',ctx=Load()),body={total},orelse={other})"
    expected = f"Module(body=[FunctionDef(name='f',{arguments},body=[Return(value={chosen})])])"
    assert fingerprint._parsed("simulate.sweep").text == expected
