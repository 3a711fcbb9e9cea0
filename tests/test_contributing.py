"""Every example of CONTRIBUTING.md runs as it stands there, in the place that it names, and does what the page says of it."""

import importlib.util
import re
import sys
import types

import numpy as np
import pandas as pd
import pytest

from simulate.backend import use
from simulate.runs.fingerprint import ROOT

use()  # JAX as the experiments use it

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"All\s+of\s+`([\w/]+\.py)`:\n\n```python\n(.+?)```", PAGE, re.S))


@pytest.fixture
def example(monkeypatch):
    """A function: load the example files at these paths, in order, as the modules that they would be; returns the last."""

    def load(*paths: str) -> types.ModuleType:
        for path in paths:
            name = path.removesuffix(".py").replace("/", ".")
            spec = importlib.util.spec_from_loader(name, loader=None)
            assert spec is not None
            module = importlib.util.module_from_spec(spec)
            monkeypatch.setitem(sys.modules, name, module)
            exec(compile(FILES[path], path, "exec"), module.__dict__)
        return module

    return load


@pytest.fixture
def ledger_with_average(example, monkeypatch):
    """The ledger once the example's line is in it."""
    from theory import ledger

    law = example("theory/running_average.py")
    monkeypatch.setitem(ledger._MODULES, "average", law.__name__)
    monkeypatch.setitem(ledger._FOLDED, "average", "average")
    return ledger


def test_there_is_an_example_of_each_thing():
    rooms = {path.rsplit("/", 1)[0] for path in FILES}
    assert rooms == {
        "theory", "theory/certificates", "simulate/experiments", "figures/verdicts", "figures", "simulate/memories",
        "simulate/learners", "realmodels/model/feedforward", "realmodels/writing/methods",
    }  # fmt: skip
    for path in FILES:
        assert not (ROOT / path).exists(), f"{path} is an example and a file: give the example another name"


def test_the_law_is_derived_checked_and_asked(ledger_with_average):
    claim = ledger_with_average.claim("average")
    assert all(check.passed for check in claim.check())
    assert claim.depth(eta=0.5, age=2) == pytest.approx(0.125)
    assert claim.total(eta=0.5, T=3) == pytest.approx(0.875)


def test_the_certificate_proves_its_statement(example):
    (certificate,) = example("theory/certificates/running_average.py").CERTIFICATES
    assert certificate.run().passed


@pytest.fixture
def table(example, tmp_path):
    """A function: the folder of the example's table, its depths multiplied by `bend`."""
    from simulate.runs.store import write_table

    experiment = example("simulate/experiments/running_average.py").EXPERIMENT

    def make(bend: float = 1.0):
        from figures.results import Results

        rows = [row for cell in experiment.cells("quick") for row in experiment.run(cell, tmp_path)]
        frame = pd.DataFrame(rows).assign(depth=lambda rows: rows["depth"] * bend)
        write_table(tmp_path / f"{bend}" / "running_average.parquet", frame, "key", preset="quick")
        return Results(tmp_path / f"{bend}")

    return make


def test_the_experiment_declares_the_columns_that_it_makes(example, tmp_path, monkeypatch):
    from simulate.runs import experiment as runs

    experiment = example("simulate/experiments/running_average.py").EXPERIMENT
    monkeypatch.setattr(runs, "code_fingerprint", lambda name: "example")  # its file is on this page only
    frame = experiment.compute(experiment.cells("quick")[0], tmp_path)
    assert set(frame) == set(experiment.columns)


def test_the_rule_can_support_and_refute(example, ledger_with_average, table):
    (rule,) = example("figures/verdicts/running_average.py").RULES
    assert rule.record(table())["verdict"] == "supported"
    assert rule.record(table(1.1))["verdict"] == "refuted"


def test_the_figure_draws(example, ledger_with_average, table, tmp_path):
    figure = example("figures/running_average.py").FIGURE
    assert "3 seeds" in figure.caption(table())
    assert all(path.stat().st_size > 4000 for path in figure.publish(table(), tmp_path / "drawn"))


def test_the_memory_is_one(example):
    from simulate.system.frontier import largest_held
    from simulate.system.parameters import checked

    (system,) = example("simulate/memories/leaky.py").SYSTEMS
    p = checked(system, {"N": 128, "D": 4})
    tasks, depth = largest_held(system.measure(p, 2 * int(system.ceiling(p))), p["required"], 2 * int(system.ceiling(p)))
    # noise sums to 1/(2 leak N) and the signal fades by exp(-leak M): SNR = 2 leak N exp(-2 leak M)/(1 - exp(-2 leak M)) = 1
    M = np.log1p(2 * 0.01 * 128) / (2 * 0.01)
    assert tasks * 4 == pytest.approx(M, rel=0.15)
    assert depth >= 1


def test_the_learner_forgets_more_with_a_larger_leak(example):
    from simulate.system.parameters import checked

    (system,) = example("simulate/learners/leaky_delta.py").SYSTEMS
    depths = [system.measure(checked(system, {"N": 32, "D": 4, "leak": leak}), 4)(4).mean() for leak in (0.0, 0.2)]
    assert depths[1] < depths[0] * 0.8**2  # the worst-kept task is the oldest or the newest: at least some leaks stand behind it


def test_the_method_writes_what_it_names_and_nothing_else(example):
    import torch

    from realmodels.model.architectures import config_for
    from realmodels.model.transformer import Transformer
    from realmodels.writing import stream
    from realmodels.writing.methods.binding import bind
    from realmodels.writing.outputs import facts_from_ids

    model = Transformer(config_for("dense", "tiny"), 0)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    facts = facts_from_ids([[1, 2, 3], [1, 4, 3]], [0, 1], [0, 0], [10, 11])
    example("realmodels/writing/methods/attention_outputs.py")
    method = bind("attention_outputs", model, facts)
    stream.write_task(method, facts, 0.1, 3)
    changed = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert changed == set(method.parameters) != set()


def test_the_method_with_a_state_is_momentum_that_goes_on_and_resumes(example):
    """Against torch's own momentum, in one optimizer that sees all tasks; and against a stream that is stopped after a task."""
    import copy

    import torch

    from realmodels.model.architectures import config_for
    from realmodels.model.transformer import Transformer
    from realmodels.writing.methods.binding import bind, typed
    from realmodels.writing.outputs import answer_loss, facts_from_ids, outputs
    from realmodels.writing.stream import stream
    from theory.errors import UserError

    example("realmodels/writing/methods/momentum.py")
    facts = facts_from_ids([[1, 2, 3], [1, 4, 3], [1, 5, 3]], [0, 1, 0], [0, 1, 2], [10, 11])
    base = Transformer(config_for("dense", "tiny"), 0)
    plain, whole, begun, resumed = (copy.deepcopy(base) for _ in range(4))
    rule = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=0.5)
    for task in range(3):
        for _ in range(2):
            rule.zero_grad()
            answer_loss(outputs(plain, facts.of_task(task)), facts.of_task(task)).backward()
            rule.step()
    options = typed("momentum", ["share=0.5"])
    list(stream(bind("momentum", whole, facts, **options), facts, 0.1, 2))
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(whole.parameters(), plain.parameters(), strict=True))
    first, second = bind("momentum", begun, facts, **options), bind("momentum", resumed, facts, **options)
    running = stream(first, facts, 0.1, 2)
    assert [next(running), next(running)] == [0, 1]
    resumed.load_state_dict(begun.state_dict())
    second.restore(first.state())
    list(stream(second, facts, 0.1, 2, begin=1))
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))
    with pytest.raises(UserError, match="share -1"):
        bind("momentum", base, facts, share=-1.0)


def test_the_part_makes_an_architecture_that_learns(example, monkeypatch):
    import torch

    from realmodels.model import architectures
    from realmodels.model.transformer import Transformer

    (line,) = re.findall(r'`"gelu": (Architecture\(.+?\)),`', PAGE)
    example("realmodels/model/feedforward/gelu.py")
    monkeypatch.setitem(architectures.ARCHITECTURES, "gelu", eval(line, vars(architectures)))
    model = Transformer(architectures.config_for.__wrapped__("gelu", "tiny"), 0)
    tokens = torch.arange(32)[None]
    record: dict[str, list[torch.Tensor]] = {}
    model.features(tokens, record)
    assert len(record["activations"]) == len(model.blocks)
    assert (record["activations"][0] < 0).any()  # relu squared has none below 0
