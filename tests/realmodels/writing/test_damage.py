"""Damage to protected text: bits per byte and F_Delta against explicit loops and sums, in float64."""

import math

import pytest
import torch

from realmodels.model.matrices import find, matrices
from realmodels.model.reading import inputs_of
from realmodels.text.protected import protected
from realmodels.writing.damage import bits_per_byte, damage
from tests.realmodels.toys import FAMILIES


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("Paris lies in France, and the airport of Paris has the code PAR 2006. " * 40, encoding="utf-8")
    return path


@pytest.mark.parametrize("family", FAMILIES)
def test_bits_per_byte_is_that_of_a_loop_over_windows_and_tokens(toys, text, family):
    loaded = toys(family)
    windows = protected(loaded, text)
    assert len(windows.tokens) == 8  # more than are read at once
    nats, size = 0.0, 0
    for window in windows.tokens.tolist():
        with torch.no_grad():
            log_p = loaded.model(input_ids=torch.tensor([window]), use_cache=False).logits[0].double().log_softmax(-1)
        for place in range(1, len(window)):
            nats -= float(log_p[place - 1, window[place]])
        size += len(loaded.words.decode(window[1:]).encode())
    assert windows.bytes == size
    assert bits_per_byte(loaded.model, windows) == pytest.approx(nats / math.log(2) / size, rel=1e-6)


def random_change(model, names, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {name: 0.1 * torch.randn(model.get_parameter(name).shape, generator=generator) for name in names}


def explicit(model, matrix, dw, tokens) -> tuple[float, float]:
    """(tr dW C dW^T, tr C) with C = sum of x x^T over all tokens, formed whole."""
    (x,) = inputs_of(model, [matrix.module(model)], tokens)
    x = x.flatten(0, -2).double()
    C = x.T @ x
    w = dw.double().T if matrix.transposed else dw.double()
    return float(torch.trace(w @ C @ w.T)), float(torch.trace(C))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_change_of_the_function_is_the_trace_by_matrix_and_together(toys, text, family):
    loaded = toys(family)
    tokens = protected(loaded, text).tokens
    chosen = [*find(loaded.model, "1.feedforward"), *find(loaded.model, "2.attention")]
    norm = next(name for name, p in loaded.model.named_parameters() if p.ndim == 1)
    change = random_change(loaded.model, [matrix.name for matrix in chosen] + [norm])
    found = damage(loaded.model, change, tokens)
    sums = {matrix.name: explicit(loaded.model, matrix, change[matrix.name], tokens) for matrix in chosen}
    assert set(found.by_matrix) == set(sums)
    for name, (above, below) in sums.items():
        assert found.by_matrix[name]["function"] == pytest.approx(math.sqrt(above / below), rel=1e-4)
        ratio = float(change[name].norm() / loaded.model.get_parameter(name).norm())
        assert found.by_matrix[name]["weight"] == pytest.approx(ratio, rel=1e-5)
    above, below = (sum(pair[i] for pair in sums.values()) for i in (0, 1))
    assert found.function == pytest.approx(math.sqrt(above / below), rel=1e-4)
    size = math.sqrt(sum(float(dw.double().square().sum()) for dw in change.values()))
    whole = math.sqrt(sum(float(loaded.model.get_parameter(name).double().square().sum()) for name in change))
    assert found.weight == pytest.approx(size / whole, rel=1e-6)


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_orientation_comes_from_the_layer_where_the_shape_does_not_say(toys, text, family):
    """A square matrix; a change that acts on one input direction alone has the size of what is read there."""
    loaded = toys(family)
    matrix = next(m for m in matrices(loaded.model) if m.inputs == m.outputs)
    tokens = protected(loaded, text).tokens
    (x,) = inputs_of(loaded.model, [matrix.module(loaded.model)], tokens)
    dw = torch.zeros(matrix.outputs, matrix.inputs)
    dw[3, 5] = 2.0  # output 3 grows by twice input 5
    stored = dw.T.contiguous() if matrix.transposed else dw
    expected = math.sqrt(float(4 * x[..., 5].double().square().sum() / x.double().square().sum()))
    assert damage(loaded.model, {matrix.name: stored}, tokens).function == pytest.approx(expected, rel=1e-5)


def test_a_change_off_what_the_text_reads_does_nothing_to_its_function(toys, text):
    loaded = toys("llama")
    matrix = find(loaded.model, "1.feedforward.output")[0]
    tokens = protected(loaded, text).tokens[:, :10][:2]  # 20 tokens, 48 inputs: some directions are never read
    (x,) = inputs_of(loaded.model, [matrix.module(loaded.model)], tokens)
    null = torch.linalg.svd(x.flatten(0, 1).double(), full_matrices=True).Vh[20:]
    dw = (torch.randn(matrix.outputs, len(null), dtype=torch.float64) @ null).float()
    found = damage(loaded.model, {matrix.name: dw}, tokens)
    assert found.function < 1e-5
    assert found.weight > 0.1


def test_what_is_no_matrix_has_a_weight_change_alone_and_nothing_has_none(toys, text):
    loaded = toys("llama_tied")
    tokens = protected(loaded, text).tokens
    norm = "model.norm.weight"
    found = damage(loaded.model, random_change(loaded.model, [norm, "model.embed_tokens.weight"]), tokens)
    assert found.function is None
    assert found.weight > 0
    assert found.by_matrix == {}
    nothing = damage(loaded.model, {}, tokens)
    assert (nothing.function, nothing.weight, nothing.by_matrix) == (None, 0.0, {})


def test_the_base_is_left_as_it_is_without_hooks(toys, text):
    loaded = toys("gpt2")
    before = {name: tensor.clone() for name, tensor in loaded.model.state_dict().items()}
    change = random_change(loaded.model, [matrix.name for matrix in matrices(loaded.model)])
    damage(loaded.model, change, protected(loaded, text).tokens)
    assert all(torch.equal(tensor, before[name]) for name, tensor in loaded.model.state_dict().items())
    assert not any(module._forward_pre_hooks for module in loaded.model.modules())


def test_our_own_models_too(trained, text):
    from realmodels.model.loaded import load

    loaded = load(trained[1]["dense"])
    windows = protected(loaded, text)
    nats = 0.0
    with torch.no_grad():
        for window in windows.tokens:
            log_p = loaded.model(window[None])[0].double().log_softmax(-1)
            nats -= float(log_p[:-1].gather(1, window[1:, None]).sum())
    assert bits_per_byte(loaded.model, windows) == pytest.approx(nats / math.log(2) / windows.bytes, rel=1e-6)
    matrix = find(loaded.model, "last.feedforward.output")[0]
    dw = random_change(loaded.model, [matrix.name])
    above, below = explicit(loaded.model, matrix, dw[matrix.name], windows.tokens)
    assert damage(loaded.model, dw, windows.tokens).function == pytest.approx(math.sqrt(above / below), rel=1e-4)


def test_the_values_of_a_memory_layer_count_as_what_they_add_to_its_sum(random_model, random_facts):
    """Second way: the table's own sum before and after, token by token, slot by slot."""
    model, tokens = random_model("memory"), random_facts(2, 4).tokens
    name = "blocks.1.feedforward.values.weight"
    change = random_change(model, [name])
    record: dict = {}
    with torch.no_grad():
        model.features(tokens, record)
    (slots,), (weights,) = record["slots"], record["slot_weights"]
    above = below = 0.0
    for text in range(len(tokens)):
        for place in range(tokens.shape[1]):
            by_slot: dict[int, float] = {}
            for slot, weight in zip(slots[text, place].flatten().tolist(), weights[text, place].flatten().tolist(), strict=True):
                by_slot[slot] = by_slot.get(slot, 0.0) + weight
            added = sum(weight * change[name][slot].double() for slot, weight in by_slot.items())
            above += float(added.square().sum())
            below += sum(weight**2 for weight in by_slot.values())
    found = damage(model, change, tokens)
    assert found.function == pytest.approx(math.sqrt(above / below), rel=1e-5)
    assert found.by_matrix[name]["function"] == found.function
