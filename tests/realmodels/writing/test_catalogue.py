"""The one list of methods and runs: it fits the files of the methods, and reading it costs no torch."""

import subprocess
import sys

from figures.style import ARCHITECTURES
from figures.style import METHODS as LOOKS
from realmodels.model.architectures import ARCHITECTURES as KNOWN
from realmodels.writing.methods.binding import names
from realmodels.writing.methods.catalogue import METHODS, MODELS, RUNS
from simulate.runs.fingerprint import ROOT


def test_methods_and_runs_are_those_that_there_are():
    assert set(METHODS) <= set(names())  # those that the experiments compare are some of those that there are
    assert {method for _, method in RUNS} == set(METHODS)
    assert {architecture for architecture, _ in RUNS} == set(MODELS) <= set(KNOWN)
    assert len(set(RUNS)) == len(RUNS)
    assert {name: look.label for name, look in LOOKS.items()} == {name: method.title for name, method in METHODS.items()}
    assert set(ARCHITECTURES) == set(MODELS)


def test_grids_of_learning_rates_ascend_from_above_0():
    for method in METHODS.values():
        assert method.learning_rates[0] > 0
        assert list(method.learning_rates) == sorted(set(method.learning_rates))


def test_figures_read_runs_and_learning_rates_without_torch():
    code = "import sys, figures.verdicts.runs, figures.style; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
