"""Methods at equal total state: what is counted adds up, and every length is where the worst kept fact crosses the depth."""

import numpy as np
import pytest

from theory.errors import UserError
from theory.methods import comparison

STATE, OUTPUTS = 4e4, 200
BY_ID = comparison.CLAIM


@pytest.mark.parametrize("method", comparison.METHODS)
@pytest.mark.parametrize("depth", [0.2, 0.5, 0.9])
def test_length_is_where_the_worst_fact_crosses_the_depth(method, depth):
    built = comparison.system(method, STATE, OUTPUTS, depth)
    block = comparison.RANK if method == "lora" else 1
    inside = np.floor(built.length * (1 + 1e-12))
    assert comparison.least(method, inside, STATE, OUTPUTS, depth) >= depth - 1e-9
    assert comparison.least(method, inside + block, STATE, OUTPUTS, depth) < depth
    assert comparison.held(method, inside, STATE, OUTPUTS, depth) == inside


@pytest.mark.parametrize("method", comparison.METHODS)
def test_no_method_exceeds_the_ceiling_of_its_store(method):
    built = comparison.system(method, STATE, OUTPUTS)
    lengths = np.array([1, 10, 60, 150, 400, 1500, 6000])
    totals = comparison.retained(method, lengths, STATE, OUTPUTS)
    assert totals.shape == lengths.shape
    listed = built.whole - 1 if method == "replay_buffer_read" else 0  # facts in the buffer, which the reader consults
    assert np.all(totals <= (built.N + listed) * (1 + 1e-9))
    assert np.all(totals <= lengths)
    assert np.all(totals >= lengths * comparison.least(method, lengths, STATE, OUTPUTS) - 1e-9)
    assert np.all(comparison.held(method, lengths, STATE, OUTPUTS) <= lengths)


def spent(method, built):
    """Total state by the ledger's own account of each method."""
    N = built.N
    accounts = {
        "annealed": ("finetuning", {}),
        "ewc_diagonal": ("ewc", {}),
        "gpm": ("gpm", {"M": N}),
        "replay": ("replay", {"B": built.whole - 1}),
        "replay_buffer_read": ("replay", {"B": built.whole - 1}),
        "sparse_memory_chosen": ("sparse_memory", {}),
        "lora": ("lora", {"rank": comparison.RANK}),
        "editing_null_space": ("editing", {}),
        "progressive": ("progressive", {"N": 1, "T": N}),
        "self_rehearsal": ("self_rehearsal", {"copies": 2, "M": N / 0.5}),
        "self_rehearsal_seeded": ("self_rehearsal", {"copies": 2}),
    }
    quantities = {
        "ewc_diagonal": "diagonal_state",
        "self_rehearsal_seeded": "seeded_state",
    }
    if method == "masks":
        bits = BY_ID["masks"].value("state_bits", b=comparison.BITS, N=N, outputs=OUTPUTS, a=1 / N).value
        return bits / comparison.BITS
    id, extra = accounts.get(method, (method, {}))
    return BY_ID[id].value(quantities.get(method, "state"), **({"N": N, "outputs": OUTPUTS} | extra)).value


@pytest.mark.parametrize("method", comparison.METHODS)
def test_every_method_spends_the_same_state(method):
    built = comparison.system(method, STATE, OUTPUTS)
    total = spent(method, built)
    step = 3 * (OUTPUTS + 4 * built.N)  # N and B are whole numbers: one more would cost about this much
    assert STATE - step < total <= STATE * (1 + 1e-9)


def test_the_table():
    rows = comparison.table(STATE, OUTPUTS)
    assert sorted(row.method for row in rows) == sorted(comparison.METHODS)
    assert [row.length for row in rows] == sorted((row.length for row in rows), reverse=True)
    for row in rows:
        assert row.store + row.protective == pytest.approx(STATE)
        assert 0 < row.whole_share <= 1
        assert row.whole_share == pytest.approx(row.whole * OUTPUTS / STATE)
        assert row.fails in ("forgets", "stops learning", "all facts fade together, learning slows")
    by_method = {row.method: row for row in rows}
    assert by_method["progressive"].whole_share == 1
    assert by_method["gpm"].N == by_method["ewc"].N == by_method["editing"].N == by_method["editing_null_space"].N
    assert by_method["editing_null_space"].length == by_method["ewc"].length
    assert by_method["sparse_memory_chosen"].length == by_method["experts"].N
    assert by_method["sparse_memory"].length == pytest.approx(by_method["experts"].length / comparison.SLOTS, rel=0.2)
    assert by_method["ewc"].length == pytest.approx(2 * by_method["gpm"].length)
    assert by_method["finetuning"].length / by_method["finetuning"].N == pytest.approx(np.log(2), rel=0.01)
    assert by_method["sparse_memory"].length < by_method["experts"].length


@pytest.mark.parametrize("outputs", [100, 200, 800])
@pytest.mark.parametrize("depth", [0.2, 0.5, 0.9])
def test_no_other_split_between_store_and_buffer_holds_longer(outputs, depth):
    """Every whole B, with the lengths counted fact by fact from the depths."""
    best = {"replay": 0, "replay_buffer_read": 0}
    for B in range(1, int(STATE / outputs)):
        N = int((STATE - B * outputs) / (outputs + B))
        if N < comparison.LEAST_WIDTH:
            break
        later = np.arange(1, int(3 * N) + 1)
        best["replay_buffer_read"] = max(best["replay_buffer_read"], B + 1 + np.sum((1 - 1 / N) ** later >= depth))
        if B <= N - 2:
            best["replay"] = max(best["replay"], B + 1 + np.sum((1 - 1 / (N - B)) ** later >= depth))
    for method, longest in best.items():
        assert np.floor(comparison.system(method, STATE, outputs, depth).length) == longest


def test_one_strength_for_all_delta_rules():
    """The oldest fact under fine-tuning, ROME and experts is as deep as the best of many strengths leaves it."""
    for method in ("finetuning", "editing", "experts"):
        N = comparison.system(method, STATE, OUTPUTS).N
        for M in (10, int(N), int(3 * N)):
            strengths = np.linspace(0.001, 1, 4000)
            best = np.max(strengths * (1 - strengths / N) ** (M - 1))
            assert comparison.least(method, M, STATE, OUTPUTS) == pytest.approx(best, rel=1e-5)


@pytest.mark.parametrize("depth", [0.3, 0.5])
def test_when_second_order_state_pays(depth):
    outputs = 500
    width = BY_ID["ewc"].value("break_even", outputs=outputs, depth=depth).value
    assert width == pytest.approx(2 * outputs * depth / (1 - depth) ** 2)
    for factor, better in ((0.9, "ewc"), (1.1, "annealed")):
        lengths = {name: comparison.system(name, factor * width * outputs, outputs, depth).length for name in ("ewc", "annealed")}
        assert max(lengths, key=lambda name: lengths[name]) == better


def test_wrong_questions():
    with pytest.raises(UserError, match="choose one of finetuning"):
        comparison.system("dropout", STATE, OUTPUTS)
    with pytest.raises(UserError, match="raise state"):
        comparison.table(1000, 100)
    with pytest.raises(UserError, match="raise state"):
        comparison.system("replay", 1000, 100)
