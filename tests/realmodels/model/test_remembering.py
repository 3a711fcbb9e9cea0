"""What is recalled is what would be computed: for every family, through writes, nesting, threads and errors."""

import copy
import threading

import pytest
import torch
from torch import nn

from realmodels.model import remembering as module
from realmodels.model.matrices import blocks, find
from realmodels.model.reading import first_block, inputs_of, logits_at
from realmodels.model.remembering import remembering
from tests.realmodels.toys import FAMILIES, WINDOW, tokenizer

LENGTH = 4 * WINDOW  # the window of every other layer of Gemma-2, and of Mistral, ends within


def texts(rows: int = 2, length: int = LENGTH, seed: int = 0) -> torch.Tensor:
    return torch.randint(3, 300, (rows, length), generator=torch.Generator().manual_seed(seed))


def everywhere(model: nn.Module, tokens: torch.Tensor) -> torch.Tensor:
    """Logits [F, L, V] by transformers itself."""
    with torch.no_grad():
        return model(input_ids=tokens, use_cache=False).logits


def read(model: nn.Module, tokens: torch.Tensor) -> torch.Tensor:
    """The same through `logits_at`."""
    count, length = tokens.shape
    row, place = torch.arange(count).repeat_interleave(length), torch.arange(length).repeat(count)
    with torch.no_grad():
        return logits_at(model, tokens, row, place).view(count, length, -1)


@pytest.mark.parametrize("first", [1, 2, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_it_recalls_what_the_model_says_for_several_shapes_in_turn(toys, family, first):
    model = toys(family).model
    batches = [texts(), texts(3, 5, 1), texts(1, 1, 2), texts().view(1, -1), texts(seed=3)]
    expected = [everywhere(model, tokens) for tokens in batches]
    with remembering(model, first):
        for _ in range(3):
            for tokens, logits in zip(batches, expected, strict=True):
                torch.testing.assert_close(read(model, tokens), logits, rtol=0, atol=2e-6)
    torch.testing.assert_close(read(model, batches[0]), expected[0], rtol=0, atol=0)
    assert not any("forward" in block.__dict__ for block in blocks(model))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_blocks_below_are_computed_once_and_writes_above_are_seen(toys, family):
    model, tokens, seen = toys(family).model, texts(), []
    lowest, middle = find(model, "0.feedforward.output")[0], find(model, "1.feedforward.output")[0]
    for index, matrix in enumerate((lowest, middle)):
        matrix.module(model).register_forward_hook(lambda *_, index=index: seen.append(index))
    first = first_block(model, [middle.parameter(model)])
    assert first == 1
    with remembering(model, first):
        before = read(model, tokens)
        with torch.no_grad():
            middle.parameter(model)[3:9].mul_(-2)
        after = read(model, tokens)
    assert seen == [0, 1, 1]
    assert not torch.allclose(after, before, atol=1e-3)
    torch.testing.assert_close(after, everywhere(model, tokens), rtol=0, atol=2e-6)


def test_gradients_above_are_those_without_it(toys):
    model, tokens = toys("gemma2").model, texts()
    weight = find(model, "2.feedforward.output")[0].parameter(model)
    row, place = torch.tensor([0, 1]), torch.tensor([LENGTH - 1, 4])

    def gradient() -> torch.Tensor:
        return torch.autograd.grad(logits_at(model, tokens, row, place).square().sum(), weight)[0]

    plain = gradient()
    with remembering(model, 2):
        for _ in range(2):
            torch.testing.assert_close(gradient(), plain, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["model.layers.0.mlp.up_proj.weight", "model.embed_tokens.weight"])
def test_a_change_below_is_noticed(toys, name):
    model, tokens = toys("llama").model, texts()
    with remembering(model, 2):
        read(model, tokens)
        with torch.no_grad():
            model.get_parameter(name).mul_(1.5)
        torch.testing.assert_close(read(model, tokens), everywhere(model, tokens), rtol=0, atol=2e-6)


def test_other_calls_of_the_model_are_computed_whole(toys):
    """Generation with padding, a cache and positions of its own must not get what was kept for plain texts."""
    model, tokens = toys("gemma2").model, texts()
    mask = torch.ones_like(tokens)
    mask[0, :9] = 0

    def continued() -> torch.Tensor:
        return model.generate(input_ids=tokens, attention_mask=mask, max_new_tokens=6, do_sample=False, pad_token_id=2)

    expected, whole = continued(), everywhere(model, tokens + 1)
    with remembering(model, 2):
        read(model, tokens)
        assert torch.equal(continued(), expected)
        assert torch.equal(everywhere(model, tokens + 1), whole)
        torch.testing.assert_close(read(model, tokens), everywhere(model, tokens), rtol=0, atol=2e-6)


def test_what_a_skipped_block_reads_can_be_looked_at(toys):
    model, tokens = toys("llama").model, texts()
    modules = [matrix.module(model) for matrix in find(model, "0")]
    expected = inputs_of(model, modules, tokens)
    with remembering(model, 2):
        for _ in range(2):
            read(model, tokens)
            assert all(torch.equal(*pair) for pair in zip(inputs_of(model, modules, tokens), expected, strict=True))


def test_within_another_the_one_of_fewer_blocks_holds(toys):
    """More would leave no gradient to a block that the inner one writes; fewer are right, and what they gave is still there."""
    model, tokens, seen = toys("gemma2").model, texts(), []
    expected = everywhere(model, tokens)
    matrices = [find(model, f"{index}.feedforward.output")[0] for index in range(3)]
    matrices[0].module(model).register_forward_hook(lambda *_: seen.append(0))

    def gradient(index: int) -> torch.Tensor | None:
        loss = logits_at(model, tokens, torch.tensor([0]), torch.tensor([LENGTH - 1])).sum()
        return torch.autograd.grad(loss, matrices[index].parameter(model), allow_unused=True)[0]

    with remembering(model, 2):
        read(model, tokens)
        with remembering(model, 3), remembering(model, 2):
            assert torch.allclose(read(model, tokens), expected, atol=2e-6)
            assert seen == [0]
            assert gradient(2).norm() > 0
        for first, computed in ((1, 2), (0, 4)):
            with remembering(model, first):
                for _ in range(2):
                    torch.testing.assert_close(read(model, tokens), expected, rtol=0, atol=2e-6)
                assert len(seen) == computed
                assert gradient(first).norm() > 0
            seen.pop() if first == 0 else None
        torch.testing.assert_close(read(model, tokens), expected, rtol=0, atol=2e-6)
        assert gradient(1) is None
    assert not any("forward" in block.__dict__ for block in blocks(model))
    torch.testing.assert_close(read(model, tokens), expected, rtol=0, atol=0)


def test_two_models_at_once_are_not_mixed_up(toys):
    one, other, tokens = toys("llama").model, toys("mistral").model, texts()
    expected = [everywhere(model, tokens) for model in (one, other)]
    with remembering(one, 2), remembering(other, 1):
        for _ in range(2):
            for model, logits in zip((one, other), expected, strict=True):
                torch.testing.assert_close(read(model, tokens), logits, rtol=0, atol=2e-6)


def test_threads_that_read_one_model_are_not_mixed_up(toys):
    model = toys("gemma2").model
    batches = [texts(2, length, length) for length in (5, 9, 14, 20)]
    expected = [everywhere(model, tokens) for tokens in batches]
    wrong: list[int] = []

    def work(index: int) -> None:
        for _ in range(12):
            if not torch.allclose(read(model, batches[index]), expected[index], atol=2e-6):
                wrong.append(index)

    with remembering(model, 2):
        threads = [threading.Thread(target=work, args=(index,)) for index in range(len(batches))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_an_error_within_a_block_leaves_nothing_behind(toys):
    model, tokens = toys("llama").model, texts()
    expected = everywhere(model, tokens)
    with remembering(model, 2):

        def fail(*_: object) -> None:
            raise ZeroDivisionError

        hook = blocks(model)[1].register_forward_pre_hook(fail)
        with pytest.raises(ZeroDivisionError):
            read(model, tokens)
        hook.remove()
        for _ in range(2):
            torch.testing.assert_close(read(model, tokens), expected, rtol=0, atol=2e-6)
    with pytest.raises(KeyError), remembering(model, 2):
        raise KeyError
    assert torch.equal(everywhere(model, tokens), expected)
    assert not model.get_output_embeddings()._forward_pre_hooks


def test_a_copy_is_refused_meanwhile_and_right_afterwards(toys):
    model, tokens = toys("llama").model, texts()
    with remembering(model, 2):
        read(model, tokens)
        with pytest.raises(RuntimeError, match="cannot be copied"):
            copy.deepcopy(model)
    assert torch.equal(everywhere(copy.deepcopy(model), tokens), everywhere(model, tokens))


def test_memory_is_bounded_and_what_was_used_last_is_kept(toys, monkeypatch):
    model, batches, seen = toys("llama").model, [texts(seed=seed) for seed in range(4)], []
    size = batches[0].numel() * 32 * 4  # of the hidden states of one batch: width 32, float32
    monkeypatch.setattr(module, "ROOM", 2 * size)
    find(model, "0.feedforward.output")[0].module(model).register_forward_hook(lambda *_: seen.append(0))
    with remembering(model, 1):
        for index, computed in ((0, 1), (1, 2), (0, 2), (2, 3), (0, 3), (1, 4), (2, 5)):
            read(model, batches[index])
            assert len(seen) == computed, index
        assert model.__dict__[module.MEMORY].size == 2 * size


def test_the_first_block_of_what_is_outside_of_blocks_is_0(toys):
    tied, untied = toys("llama_tied").model, toys("llama").model
    assert first_block(tied, [tied.get_output_embeddings().weight]) == 0
    assert first_block(untied, [untied.get_output_embeddings().weight]) == 0
    assert first_block(untied, [untied.model.norm.weight, *untied.model.layers[2].parameters()]) == 0
    assert first_block(untied, untied.model.layers[2].parameters()) == 2
    assert first_block(untied, [*untied.model.layers[2].parameters(), *untied.model.layers[1].parameters()]) == 1
    assert first_block(untied, []) == 0


def test_our_own_models_are_computed_whole(random_model):
    model = random_model("dense")
    tokens = texts(2, 9) % 20
    expected = model(tokens)
    with remembering(model, 2):
        torch.testing.assert_close(read(model, tokens), expected, rtol=0, atol=2e-6)
        copy.deepcopy(model)


def test_the_toys_share_one_tokenizer_so_that_texts_fit_all():
    assert len(tokenizer(begin=True, pad=True)) > 300
