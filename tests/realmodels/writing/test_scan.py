"""The scan of matrices against gradients formed one by one, and on models where it is known which matrix is worst."""

import copy

import numpy as np
import pytest
import torch

from realmodels.model.matrices import find, matrices
from realmodels.model.reading import logits_at
from realmodels.writing.matrix_kernels import matrix_kernels
from realmodels.writing.scan import drawn, scan
from realmodels.writing.spectral import depth_by_age
from tests.realmodels.writing.test_streamed import facts_of, model_of
from theory.errors import UserError
from theory.statistics import common_mode_share, participation_ratio

FACTS = facts_of([5, 3, 9, 1, 7], [1, 3, 2, 2, 1])
BACKGROUND = facts_of([4, 6, 5, 8], [1, 1, 2, 1], seed=3)


def read(model, facts):
    """Logits of the tokens of all answers where the answers begin [F, U]."""
    tokens = facts.options[facts.options >= 0].unique()
    return logits_at(model, facts.tokens, facts.row, facts.place)[:, tokens]


def key(model, matrix, facts):
    """What a matrix reads at every position [F, L, inputs]."""
    seen = []
    hook = matrix.module(model).register_forward_hook(lambda layer, inputs, output: seen.append(inputs[0].detach()))
    read(model, facts)
    hook.remove()
    return seen[0]


def gradients(model, matrix, facts):
    """d logits / d weight, one logit of one fact at a time, centred over the logits: [F, U, inputs, outputs]."""
    weight = matrix.parameter(model)
    rows = []
    for index in range(len(facts)):
        z = read(model, facts)[index]
        rows.append(torch.stack([torch.autograd.grad(number, weight, retain_graph=True)[0] for number in z]))
    found = torch.stack(rows) if matrix.transposed else torch.stack(rows).mT
    return found - found.mean(1, keepdim=True)


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_kernels_and_their_parts_are_those_of_gradients(family):
    model = model_of(family)
    some, others = drawn(FACTS, 48), drawn(BACKGROUND, 64)
    found = matrices(model)
    parts = matrix_kernels(model, found, some, others, 2, 10**6)  # as many directions as there are: no chance
    assert list(parts) == [matrix.name for matrix in found]
    model = copy.deepcopy(model).double()
    count = len(some.options[some.options >= 0].unique())
    for matrix in found:
        plain = gradients(model, matrix, some)
        keys = key(model, matrix, others)[torch.arange(len(others)), others.last]
        mean = keys.mean(0) / keys.mean(0).norm()
        off = keys - (keys @ mean)[:, None] * mean
        second = torch.linalg.eigh(off.T @ off).eigenvectors[:, -1]
        common = torch.stack([mean, second], 1)
        along = torch.einsum("fuio,ik,jk->fujo", plain, common, common)
        for mine, expected in ((parts[matrix.name].whole, plain), (parts[matrix.name].rest, plain - along)):
            gram = torch.einsum("fuio,guio->fg", expected, plain) / (count - 1)
            torch.testing.assert_close(mine.double(), gram, rtol=1e-5, atol=1e-6 * float(gram.abs().max()))
        here = key(model, matrix, some)[torch.arange(len(some)), some.last]
        unit = here / here.norm(dim=1, keepdim=True)
        cosines = (unit @ unit.T).numpy()
        assert parts[matrix.name].keys["key_common_mode"] == pytest.approx(common_mode_share(cosines), rel=1e-4)
        everywhere = key(model, matrix, some)
        pairs = [
            torch.nn.functional.cosine_similarity(everywhere[a, i], everywhere[b, j], dim=0)
            for a in range(len(some))
            for b in range(len(some))
            if a != b
            for i in range(int(some.last[a]) + 1)
            for j in range(int(some.last[b]) + 1)
        ]
        assert parts[matrix.name].keys["key_overlap_everywhere"] == pytest.approx(float(torch.stack(pairs).mean()), rel=1e-4)


def test_the_table_says_what_its_columns_say():
    model, facts = model_of("llama"), facts_of([5, 3, 9, 2, 7], [1, 3, 2, 2, 1])
    found = scan(model, facts, BACKGROUND, probes=10**6)
    frame = found.to_frame()
    assert found.facts == len(facts)
    assert not found.left_out
    assert len(frame) == len(matrices(model))
    assert (np.diff(frame.kept_off_mode) <= 0).all()
    some, others = drawn(facts, 48), drawn(BACKGROUND, 64)
    parts = matrix_kernels(model, matrices(model), some, others, 1, 10**6)
    for part in found.matrices:
        own = parts[part.name]
        gram, rest = own.whole.double().numpy(), own.rest.double().numpy()
        for expected, kept, ratio in (
            (gram, part.kept, part.participation_ratio),
            (rest, part.kept_off_mode, part.participation_ratio_off_mode),
        ):
            size = np.sqrt(np.diag(expected))
            assert ratio == pytest.approx(participation_ratio(expected / np.outer(size, size)), rel=1e-4)
            assert kept == pytest.approx(depth_by_age(expected, np.arange(5), 0.9).mean() / 0.9, rel=1e-4)
        assert f"{part.participation_ratio:.1f} independent directions" in part.why
    whole = sum(parts[m.name].whole for m in find(model, "1")).double().numpy()
    layer = next(part for part in found.layers if part.layer == 1)
    assert layer.kept == pytest.approx(depth_by_age(whole, np.arange(5), 0.9).mean() / 0.9, rel=1e-4)
    assert layer.key_overlap is None


def test_equal_keys_rank_last_and_leave_nothing():
    """A norm that gives the same for every token: what the feed-forward part of this layer reads tells no fact from another."""
    model = model_of("gpt2")
    with torch.no_grad():
        model.transformer.h[1].ln_2.weight.zero_()
    found = scan(model, FACTS, BACKGROUND)
    worst = found.matrices[-2:]
    assert {part.name for part in worst} == {f"transformer.h.1.mlp.{name}.weight" for name in ("c_fc", "c_proj")}
    for part in worst:
        assert part.kept_off_mode == 0
        assert part.participation_ratio_off_mode == 0
        assert part.key_overlap == pytest.approx(1, abs=1e-5)
        assert part.common_learning == pytest.approx(1, abs=1e-4)
    assert all(part.kept_off_mode > 0.01 for part in found.matrices[:-2])


def test_few_random_directions_rank_as_all_do():
    model = model_of("llama_tied")
    facts, background = facts_of([6] * 12, [1] * 12), facts_of([6] * 8, [1] * 8, seed=5)
    few, everything = (scan(model, facts, background, probes=probes).to_frame() for probes in (4, 10**6))
    both = few.merge(everything, on="name")
    assert np.corrcoef(both.kept_off_mode_x, both.kept_off_mode_y)[0, 1] > 0.9
    assert (both.kept_x - both.kept_y).abs().mean() < 0.05


@pytest.mark.parametrize("architecture", ["dense", "memory", "moe"])
def test_our_own_models_are_scanned_too(random_model, random_facts, architecture):
    model = random_model(architecture)
    found = scan(model, random_facts(3, 4), random_facts(4, 4, seed=7))
    assert found.matrices
    assert all(np.isfinite([part.kept, part.kept_off_mode]).all() for part in found.matrices)
    assert {part.name for part in found.matrices} | set(found.left_out) == {matrix.name for matrix in matrices(model)}


def test_facts_are_drawn_evenly_and_within_the_tokens():
    facts = facts_of([4] * 100, [2] * 100, tasks=100)
    assert drawn(facts, 5).task.tolist() == [0, 24, 49, 74, 99]
    assert drawn(facts, 5).tokens.shape == (5, 4)  # the answers' own tokens are not read
    assert len(drawn(facts_of([90] * 40, [1] * 40), 48)) == 1024 // 90


def test_wrong_input_is_one_line():
    model = model_of("llama")
    with pytest.raises(UserError, match="one fact does not interfere"):
        scan(model, FACTS[0:1], BACKGROUND)
    with pytest.raises(UserError, match="0 common directions of 4 background prompts"):
        scan(model, FACTS, BACKGROUND, k=0)
    with pytest.raises(UserError, match="no writable matrices"):
        scan(torch.nn.Linear(2, 2), FACTS, BACKGROUND)


def test_nothing_of_the_scan_stays_in_the_model():
    model = model_of("qwen2")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    scan(model, FACTS, BACKGROUND)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
