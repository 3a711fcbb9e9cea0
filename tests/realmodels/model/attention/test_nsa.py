"""Native sparse attention: against loops over the equations of the paper, in float64, and in the limits where it is dense.

Expected values come from `paper`, written token by token from Yuan et al. 2025 (arXiv 2502.11089, section 3.3) and the choices
that the module's docstring states, or from dense attention. There is no official implementation to compare with.
"""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from realmodels.model.architectures import SIZES, config_for, described
from realmodels.model.attention.dense import DenseAttention
from realmodels.model.attention.nsa import NsaAttention, Phi
from realmodels.model.part import Cache
from realmodels.model.transformer import Transformer
from realmodels.training.optimisers import groups
from tests.realmodels.model.attention.nsa_paper import SHAPES, SMALL, SPARSE, WRONG, config_of, hold, inputs, layer, paper
from theory.errors import UserError


@pytest.mark.parametrize("gathered", [False, True])
@pytest.mark.parametrize(("shape", "length", "seed"), [(s, 25 + 2 * i, i) for i, s in enumerate(SHAPES)] + [(SPARSE, 45, 7)])
def test_the_layer_is_the_paper_s_token_by_token(shape, length, seed, gathered):
    made, x, record = layer(shape, seed), inputs(length, seed + 10), {}
    made.selected.gathered = gathered
    expected, seen = paper(made, x[0])
    torch.testing.assert_close(made(x, record)[0], expected, atol=1e-9, rtol=0)
    assert torch.equal(record["seen"][0][0], seen)
    assert seen.sum() < length * (length + 1) / 2 or shape[4] > length  # something is left unseen


@pytest.mark.parametrize("wrong", WRONG)
def test_each_mistake_would_be_seen(wrong):
    """Every trap, put into the loop, moves its outputs by far more than the comparison above (of SPARSE too) allows."""
    made, x = layer(SPARSE, 3), inputs(45, 4)
    found = made(x)[0]
    assert (found - paper(made, x[0], wrong)[0]).abs().max() > 1e-3


@pytest.mark.parametrize(("l", "d", "long"), [(4, 2, 4), (4, 2, 8), (8, 2, 8), (6, 2, 8), (32, 16, 64), (5, 5, 5), (2, 2, 8)])
def test_scores_are_eq_9_counted_from_1(l, d, long):
    """p'[j] = sum_m sum_n p[j l'/d - m - n], blocks and selection blocks counted from 1; heads of a group summed (eq. 10)."""
    made = layer((l, d, long, 3, 4, 2))
    total = 3 * long + 1
    p = torch.rand(1, 4, 5, (total - l) // d + 1, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    found = made.selected.scores(p, total)
    assert found.shape == (1, 2, 5, 4)
    for g in range(2):
        for t in range(5):
            for j in range(1, 5):
                places = [long // d * j - m - n for m in range(long // d) for n in range(l // d)]
                one = sum(float(p[0, h, t, i - 1]) for i in places if 1 <= i <= p.shape[-1] for h in (2 * g, 2 * g + 1))
                assert math.isclose(float(found[0, g, t, j - 1]), one, abs_tol=1e-12)


def test_equal_blocks_are_scored_by_their_own_weights():
    """l = d = l': "we can directly obtain" p' = p, says the paper."""
    made = layer((4, 4, 4, 3, 4, 4))
    p = torch.rand(1, 4, 5, 6, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    torch.testing.assert_close(made.selected.scores(p, 24), p)


@pytest.mark.parametrize("length", [17, 32])
@pytest.mark.parametrize("G", [1, 2, 4])
@pytest.mark.parametrize("branch", ["selected", "window"])
def test_one_open_branch_that_sees_everything_is_dense_attention(branch, G, length):
    config = config_of((4, 2, 4, 8, 32, G))
    made, dense, x = layer((4, 2, 4, 8, 32, G), dtype=torch.float32), DenseAttention(config), inputs(length, dtype=torch.float32)
    hold(made, **{name: float(name == branch) for name in ("compressed", "selected", "window")})
    own = getattr(made, branch)
    wide = {
        name: getattr(own, name).weight.unflatten(0, (G, 8)).repeat_interleave(4 // G, 0).flatten(0, 1)
        for name in ("key", "value")
    }
    weights = {"query": made.query.weight, "output": made.output.weight, **wide}
    dense.load_state_dict({f"projections.{name}.weight": weight for name, weight in weights.items()})
    torch.testing.assert_close(made(x), dense(x), atol=1e-5, rtol=0)
    made.selected.gathered = True
    torch.testing.assert_close(made(x), dense(x), atol=1e-5, rtol=0)
    own.count, own.width = 3, 6
    assert (made(x) - dense(x)).abs().max() > 1e-2


def test_a_token_reads_nothing_compressed_before_the_first_block_is_complete():
    made, x = layer(SPARSE), inputs(20)
    hold(made, compressed=1, selected=0, window=0)
    found = made(x)[0]
    assert torch.equal(found[:5], torch.zeros(5, 32, dtype=torch.float64))
    assert (found[5:].abs().amax(-1) > 1e-3).all()


@pytest.mark.parametrize("gathered", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_no_token_sees_a_later_one_wherever_blocks_begin_and_end(shape, gathered):
    made, x = layer(shape), inputs(27)
    made.selected.gathered = gathered
    before = made(x)[0]
    for s in range(27):
        changed = x.clone()
        changed[:, s] += inputs(1, seed=8)[:, 0]
        after = made(changed)[0]
        torch.testing.assert_close(after[:s], before[:s], atol=1e-12, rtol=0)
        assert (after[s] - before[s]).abs().max() > 1e-3


def test_the_first_block_the_local_ones_and_the_best_are_chosen():
    """Shape SPARSE: n = 4 blocks of 8 tokens, all weight of the compressed branch on its block i."""
    made, t = layer(SPARSE).selected, 79
    for i in range(38):
        p = torch.zeros(1, 4, 80, 38, dtype=torch.float64)
        p[..., i] = 1
        tokens = range(2 * i, 2 * i + 6)
        best = max(range(10), key=lambda j, tokens=tokens: sum(s // 8 == j for s in tokens) + 0.01 * (10 - j))
        chosen = set(made.choose(p, 0)[0, 0, t].tolist())
        assert {0, 8, 9} <= chosen
        assert best in chosen
        assert len(chosen) == 4


def test_heads_of_a_group_select_together_and_groups_apart():
    made, p = layer(SPARSE).selected, torch.zeros(1, 4, 80, 38, dtype=torch.float64)
    p[:, 0, :, 10], p[:, 1, :, 22], p[:, 2, :, 14], p[:, 3, :, 22] = 0.4, 0.5, 0.9, 0.3
    chosen = made.choose(p, 0)[0, :, 79].sort(-1).values.tolist()
    assert chosen == [[0, 5, 8, 9], [0, 3, 8, 9]]
    assert made.choose(p[:, [0, 1, 3, 2]], 0)[0, :, 79].sort(-1).values.tolist() == chosen


def test_of_equal_blocks_the_earlier_is_chosen():
    chosen = layer(SPARSE).selected.choose(torch.zeros(1, 4, 80, 38), 0)
    assert sorted(chosen[0, 0, 79].tolist()) == [0, 1, 8, 9]


@pytest.mark.parametrize("gathered", [False, True])
@pytest.mark.parametrize("pieces", [(1,) * 37, (3, 1, 5, 6, 1, 13, 8), (36, 1), (5, 32)])
@pytest.mark.parametrize("shape", [SMALL, SPARSE, (3, 1, 4, 3, 1, 2)])
def test_pieces_with_a_cache_equal_one_pass(shape, pieces, gathered):
    made, x, record, cache = layer(shape), inputs(37, batch=2), {}, Cache()
    expected = made(x, record)
    made.selected.gathered = gathered
    found, seen = [], []
    for piece in x.split(pieces, 1):
        mine: dict = {}
        found.append(made(piece, mine, cache))
        cache.length += piece.shape[1]
        seen.append(F.pad(mine["seen"][0], (0, 37 - cache.length)))
    torch.testing.assert_close(torch.cat(found, 1), expected, atol=1e-11, rtol=0)
    assert torch.equal(torch.cat(seen, 1), record["seen"][0])


def test_a_cache_keeps_a_window_the_complete_blocks_and_the_tokens_of_the_next():
    made, cache = layer(SPARSE), Cache()
    for piece in inputs(37).split(4, 1):
        made(piece, None, cache)
        cache.length += piece.shape[1]
    kept = {name: tensor.shape for name, tensor in cache.tensors.items()}
    lengths = {"window": 7, "selected": 37, "compressed": 16, "compressed_tail": 5}
    assert kept == {f"{name}_{part}": (1, 2, length, 8) for name, length in lengths.items() for part in "kv"}


@pytest.mark.parametrize(("length", "pieces"), [(150, (150,)), (64, (64,)), (65, (1, 64)), (3, (3,))])
def test_gathered_tokens_give_what_masked_ones_give_and_the_same_gradients(length, pieces):
    outcomes = []
    for gathered in (False, True):
        made, x, cache = layer(SPARSE), inputs(length, batch=2).requires_grad_(), Cache()
        made.selected.gathered = gathered
        found = []
        for piece in x.split(pieces, 1):
            found.append(made(piece, None, cache if len(pieces) > 1 else None))
            cache.length += piece.shape[1]
        torch.cat(found, 1).square().sum().backward()
        outcomes.append([torch.cat(found, 1), x.grad, *(p.grad for p in made.parameters())])
    for one, other in zip(*outcomes, strict=True):
        if one is None or other is None:
            assert length < 6  # no block is complete: phi is idle
            assert all(g is None or not g.any() for g in (one, other))
        else:
            torch.testing.assert_close(one, other, atol=1e-9, rtol=1e-9)


def test_gradients_are_those_of_finite_differences():
    made, x = layer(SPARSE, 2), inputs(19).requires_grad_()
    names = ["compressed.phi_key.position", "compressed.phi_value.first.weight", "compressed.gate.weight", "selected.key.weight"]
    values = [made.get_parameter(name) for name in names]

    def outcome(x: Tensor, *values: Tensor) -> Tensor:
        return torch.func.functional_call(made, dict(zip(names, values, strict=True)), x)[:, ::3, ::8]

    assert torch.autograd.gradcheck(outcome, (x, *values), fast_mode=True)


def test_the_text_teaches_every_parameter_and_the_selection_none():
    model = Transformer(config_for("nsa", "tiny"))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            p += 0.1 * torch.randn(p.shape, generator=generator)
    tokens = torch.randint(0, 320, (3, 30), generator=generator)

    def gradients() -> dict[str, Tensor | None]:
        model.zero_grad()
        F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten()).backward()
        return {name: p.grad for name, p in model.named_parameters()}

    assert all(g is not None and g.abs().max() > 0 and g.isfinite().all() for g in gradients().values())
    for block in model.blocks:
        hold(block.attention, compressed=0)
    before = model(tokens)
    found = gradients()
    assert any(".compressed." in name for name in found)
    for name, g in found.items():
        assert (g is None or not g.any()) == (".compressed." in name), name
    with torch.no_grad():
        for block in model.blocks:
            block.attention.compressed.key.weight.neg_()
    assert (model(tokens) - before).abs().max() > 1e-3  # and yet it decides what is selected


def test_gates_are_a_sigmoid_for_each_branch_and_head():
    made, x = layer(SPARSE), 3 * inputs(20)
    for branch in (made.compressed, made.selected, made.window):
        gates = branch.open(x)
        assert gates.shape == (1, 4, 20, 1)
        assert ((gates > 0) & (gates < 1)).all()
        assert torch.equal(branch.open(0 * x), torch.full_like(gates, 0.5))
        assert (gates[:, 1:] != gates[:, :-1]).all()


def test_phi_starts_as_the_mean_of_its_block_and_learns_its_positions_by_adam():
    model = Transformer(config_for("nsa", "tiny"))
    found = groups(model)
    for block in model.blocks:
        phi = block.attention.compressed.phi_value
        assert isinstance(phi, Phi)
        u = inputs(12, dtype=torch.float32).reshape(1, 1, 3, 4, 32)[..., :16]
        torch.testing.assert_close(phi(u), (u + phi.position).mean(-2))
        assert 0 < phi.position.abs().max() < 0.1
        assert any(p is phi.position for p in found["embedding"])
        assert any(p is phi.first.weight for p in found["matrices"])


def test_branches_share_no_keys_no_values_and_no_gates():
    names = [name for name, _ in NsaAttention(config_of(SPARSE)).named_parameters()]
    branches = {f"{branch}.{part}.weight" for branch in ("compressed", "selected", "window") for part in ("key", "value", "gate")}
    phi = {f"compressed.phi_{part}.{name}" for part in ("key", "value") for name in ("position", "first.weight", "second.weight")}
    assert set(names) == branches | phi | {"query.weight", "output.weight"}


@pytest.mark.parametrize("length", [1, 3, 5, 6, 9])
@pytest.mark.parametrize("gathered", [False, True])
def test_short_texts_have_finite_outputs_and_gradients_in_low_precision_too(length, gathered):
    made, x = layer(SPARSE, dtype=torch.float32), inputs(length, dtype=torch.float32)
    made.selected.gathered = gathered
    exact = made(x)
    with torch.autocast("cpu", torch.bfloat16):
        found = made(x)
    torch.testing.assert_close(found.float(), exact, atol=0.1, rtol=0)
    found.float().square().sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in made.parameters())


@pytest.mark.parametrize(
    ("context", "l", "d", "long", "n", "w"),
    [
        (32, 4, 2, 4, 4, 8),
        (128, 8, 4, 8, 4, 32),
        (256, 16, 8, 16, 4, 128),
        (1024, 32, 16, 64, 8, 512),
        (4096, 32, 16, 64, 8, 512),
    ],
)
def test_lengths_grow_with_the_context_up_to_the_paper_s(context, l, d, long, n, w):
    sizes = described("nsa", "tiny", context=context).hyperparameters["nsa"]
    assert [sizes[name] for name in ("block", "stride", "selected_block", "selected", "window")] == [l, d, long, n, w]


@pytest.mark.parametrize("size", SIZES)
def test_every_size_has_groups_of_whole_heads(size):
    config = config_for("nsa", size)
    number = config.hyperparameters["nsa"]["groups"]
    assert config.heads % number == 0
    assert config.heads // number >= min(3, config.heads)
    assert number == {"base": 4, "large": 2}.get(size, 1)


@pytest.mark.parametrize(
    "shape", [(4, 3, 4, 4, 8, 1), (4, 2, 5, 4, 8, 1), (8, 2, 4, 4, 8, 1), (4, 2, 4, 2, 8, 1), (4, 2, 4, 4, 8, 3)]
)
def test_dials_that_do_not_fit_together_are_refused(shape):
    with pytest.raises(UserError, match="choose block and selected_block"):
        NsaAttention(config_of(shape))
