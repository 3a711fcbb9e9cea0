"""The kernel of models from elsewhere against explicit Jacobians in float64, for every kind of parameter, prompt and answer."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import OPTConfig, Qwen2MoeConfig
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from realmodels.model import matrices
from realmodels.model.reading import inputs_of
from realmodels.writing import streamed, terms
from realmodels.writing.kernel import jacobian_kernel, layer_kernel, logit_kernel, shared_grams, shared_outputs, statistics
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.editor import second_moment
from realmodels.writing.methods.writer import Background
from realmodels.writing.outputs import Facts, fold
from realmodels.writing.signals import sources
from tests.realmodels import toys

CONTEXT = 320


def model_of(family: str, dtype: torch.dtype = torch.float32) -> torch.nn.Module:
    """A random model of a family whose numbers are those of a file of this type."""
    torch.manual_seed(0)
    config = toys.config(family)
    setattr(config, "n_positions" if family == "gpt2" else "max_position_embeddings", CONTEXT)
    config._attn_implementation = "eager" if family == "gemma2" else "sdpa"
    model = AutoModelForCausalLM.from_config(config).to(dtype).float().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.2 * torch.randn(parameter.shape))
    return model


def facts_of(lengths: list[int], answers: list[int], seed: int = 0, tasks: int = 2) -> Facts:
    """Random prompts of these lengths, and answers of so many tokens; 2 to 4 options an item, the answer's own among them."""
    rng = np.random.default_rng(seed)
    texts, row, place, target, options = [], [], [], [], []
    for index, (length, tokens) in enumerate(zip(lengths, answers, strict=True)):
        ids = rng.integers(3, 400, length + tokens)
        texts.append(ids[:-1])
        for number in range(tokens):
            own = int(ids[length + number])
            here = [own, *(n for n in rng.permutation(np.arange(10, 20)).tolist() if n != own)][: rng.integers(2, 5)]
            rng.shuffle(here)
            row.append(index)
            place.append(length - 1 + number)
            target.append(here.index(own))
            options.append([*here, *[-1] * (4 - len(here))])
    size = max(map(len, texts))
    padded = torch.tensor(np.array([[*ids, *[0] * (size - len(ids))] for ids in texts]))
    last = torch.tensor([len(ids) - 1 for ids in texts])
    of_task = torch.arange(len(texts)) * tasks // len(texts)
    items = (torch.tensor(values) for values in (row, place, target, options))
    return Facts(padded, last, of_task, *items, 9, torch.tensor(lengths) - 1)


def by_hand(model: torch.nn.Module, facts: Facts, names: list[str], read=None) -> torch.Tensor:
    """Jacobians [I, O, P] in float64, one output of one fact at a time."""
    exact = copy.deepcopy(model).double()
    parameters = [exact.get_parameter(name) for name in names]
    rows = []
    for index in range(len(facts)):
        one = facts[index : index + 1]
        logits = _logits(exact, one)
        z = fold(logits, one) if read is None else read(logits)
        for item in z:
            of_item = []
            for number in item:
                gradients = [None] * len(names)
                if torch.isfinite(number):
                    gradients = torch.autograd.grad(number, parameters, retain_graph=True, allow_unused=True)
                pairs = zip(parameters, gradients, strict=True)
                of_item.append(torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for p, g in pairs]))
            rows.append(torch.stack(of_item))
    return torch.stack(rows)


def _logits(model: torch.nn.Module, facts: Facts) -> torch.Tensor:
    return model(input_ids=facts.tokens, use_cache=False).logits[facts.row, facts.place]


def close(found: torch.Tensor, expected: torch.Tensor, tolerance: float = 1e-5) -> bool:
    return bool((found.double() - expected).abs().max() <= tolerance * expected.abs().max())


MIXED = facts_of([5, 2, 9, 1, 7], [1, 3, 2, 2, 1])


@pytest.mark.parametrize(
    ("family", "dtype"),
    [*((family, torch.float32) for family in toys.FAMILIES), ("gpt2", torch.bfloat16), ("qwen2", torch.bfloat16)],
)
def test_full_kernel_equals_jacobians(family, dtype):
    model = model_of(family, dtype)
    writer = bind("full", model, MIXED)
    assert not sources(model, writer.parameters).rest  # every parameter of these families has its formula
    rows = by_hand(model, MIXED, list(writer.parameters))
    kernel = logit_kernel(model, writer, MIXED)
    assert close(kernel.response, torch.einsum("iop,jqp->iojq", rows, rows))
    assert torch.equal(kernel.response, kernel.writes)


@pytest.mark.parametrize("family", toys.FAMILIES)
def test_every_parameter_by_itself_equals_jacobians(family):
    model, facts = model_of(family), facts_of([4, 6], [2, 1])
    outside = ("wte", "wpe", "embed_tokens", "lm_head", "ln_f", "model.norm")
    names = [name for name, _ in model.named_parameters() if ".1." in name or any(part in name for part in outside)]
    for name in names:
        writer = bind("full", model, facts)
        writer.parameters = {name: model.get_parameter(name)}
        rows = by_hand(model, facts, [name])
        assert close(logit_kernel(model, writer, facts).response, torch.einsum("iop,jqp->iojq", rows, rows)), name


def begun(facts: Facts, beginning: list[int]) -> Facts:
    """The facts with so many tokens of this beginning in place of their own first ones."""
    tokens = facts.tokens.clone()
    tokens[:, : len(beginning)] = torch.tensor(beginning)
    return replace(facts, tokens=tokens)


@pytest.mark.parametrize("family", ["gpt2", "mistral", "qwen2"])
def test_what_all_prompts_begin_with_is_treated_exactly(family):
    """Keys at the shared tokens are the same for all facts, and 1,000 times as large as their differences elsewhere may be."""
    model, facts = model_of(family), begun(facts_of([5, 4, 9, 4, 7], [1, 3, 2, 1, 1]), [7, 3, 8])
    for where, k in (("1", 0), ("0.feedforward.output", 2)):
        writer = bind("off_mode", model, facts, where=where, k=k) if k else bind("full", model, facts, where=where)
        cut = streamed.work(model, sources(model, writer.parameters), facts, 5)
        assert cut.shared is not None
        assert cut.shared.count == 3
        rows = [by_hand(model, facts, [name]).view(len(facts.row), 5, *p.shape) for name, p in writer.parameters.items()]
        kept = [
            writer.restriction(facts, ())({name: r.float()})[name].double()
            for name, r in zip(writer.parameters, rows, strict=True)
        ]
        expected = sum(torch.einsum("ioab,jqab->iojq", r, k) for r, k in zip(rows, kept, strict=True))
        assert close(logit_kernel(model, writer, facts).response, expected)


def test_no_place_that_answers_counts_as_shared():
    model, same = model_of("llama"), begun(facts_of([3, 5, 6, 3], [1, 1, 2, 1]), [7, 3, 8])
    writer = bind("full", model, same, where="1")
    where = sources(model, writer.parameters)
    assert streamed.work(model, where, same, 5).shared.count == 2  # the third token of two prompts is their last
    assert streamed.work(model, where, MIXED, 5).shared is None
    last = bind("full", model, same, where="last.feedforward.output")  # signals at one position only: nothing to share
    assert streamed.work(model, sources(model, last.parameters), same, 5).shared is None
    rows = by_hand(model, same, list(writer.parameters))
    assert close(logit_kernel(model, writer, same).response, torch.einsum("iop,jqp->iojq", rows, rows))


@pytest.mark.parametrize("family", ["gpt2", "mistral"])
def test_length_one_two_and_three_hundred(family):
    model, facts = model_of(family), facts_of([1, 2, 300], [1, 2, 1])
    writer = bind("full", model, facts, where="1")
    rows = by_hand(model, facts, list(writer.parameters))
    assert close(logit_kernel(model, writer, facts).response, torch.einsum("iop,jqp->iojq", rows, rows))


@pytest.mark.parametrize("family", ["gpt2", "llama"])
@pytest.mark.parametrize("where", ["last", "1.attention.output"])
def test_off_mode_kernel_is_that_of_projected_keys(family, where):
    """GPT-2's attention output is a square Conv1D: only its type says which side the keys are on."""
    model, background = model_of(family), facts_of([6, 4, 5, 8], [1, 1, 1, 1], seed=3)
    writer = bind("off_mode", model, background, where=where, k=2)
    ((name, weight),) = writer.parameters.items()
    rows = by_hand(model, MIXED, [name]).view(len(MIXED.row), 5, *weight.shape)
    restricted = writer.restriction(MIXED, ())({name: rows.float()})[name].double()
    kernel = logit_kernel(model, writer, MIXED)
    assert close(kernel.response, torch.einsum("ioab,jqab->iojq", rows, restricted))
    plain = torch.einsum("ioab,jqab->iojq", rows, rows)
    assert not close(kernel.response, plain, 1e-2)


def test_memory_changes_what_is_read_again_and_not_a_bit(monkeypatch):
    model, facts = model_of("llama"), facts_of([5, 2, 9, 3, 7, 4, 6, 8], [1, 2, 1, 1, 3, 1, 2, 1])
    writer = bind("full", model, facts)
    monkeypatch.setattr(streamed, "PIECE", 1)  # one fact a piece
    read: list[int] = []
    piece = streamed.piece
    monkeypatch.setattr(streamed, "piece", lambda *given: (read.append(1), piece(*given))[1])
    found = {}
    for name, room in (("all", 10**9), ("some", 400_000), ("none", 0)):
        where = sources(model, writer.parameters)
        cut = streamed.work(model, where, facts, 5)
        read.clear()
        found[name] = streamed.products(model, writer, where, facts, cut, room), len(read)
    assert torch.equal(found["all"][0], found["some"][0])
    assert torch.equal(found["all"][0], found["none"][0])
    assert found["all"][1] == 8 < found["some"][1] < found["none"][1] == 8 * 9 // 2


def test_facts_do_not_depend_on_each_other_nor_on_padding():
    model = model_of("gemma2")
    facts = facts_of([5, 2, 9, 3, 7, 40], [1, 2, 1, 1, 3, 1])
    writer = bind("full", model, facts)
    whole, part = logit_kernel(model, writer, facts), logit_kernel(model, writer, facts[torch.tensor([4, 1])])
    items = torch.cat([torch.nonzero(facts.row == row)[:, 0] for row in (4, 1)])
    assert close(part.response, whole.response[items][:, :, items].double())


@pytest.mark.parametrize("method", ["full", "off_mode"])
def test_our_own_models_have_the_same_kernel_by_both_roads(random_model, random_facts, monkeypatch, method):
    model, facts = random_model("dense"), random_facts(3, 4)
    writer = bind(method, model, random_facts(8, 4, seed=7))
    plain = logit_kernel(model, writer, facts)
    monkeypatch.setattr("realmodels.writing.kernel.PLAIN", 0)
    assert close(logit_kernel(model, writer, facts).response, plain.response.double())


def test_parameters_without_a_formula_go_by_jacobians(random_model, random_facts):
    model, facts = random_model("moe"), random_facts(2, 2)
    writer = bind("full", model, facts)
    where = sources(model, writer.parameters)
    assert any("experts" in name or "feedforward" in name for name in where.rest)
    assert where.layers
    assert close(logit_kernel(model, writer, facts, 2**40).response, jacobian_kernel(model, writer, facts).response.double())


def test_shared_gram_is_over_all_tokens_of_the_answers():
    """Items with options of their own are compared by the logits of the same tokens: here all of them, by hand."""
    model = model_of("llama")
    writer = bind("full", model, MIXED, where="1")
    tokens = MIXED.options[MIXED.options >= 0].unique()
    rows = by_hand(model, MIXED, list(writer.parameters), lambda logits: logits[:, tokens])
    centred = rows - rows.mean(1, keepdim=True)
    expected = torch.einsum("iop,jop->ij", centred, centred) / (len(tokens) - 1)
    exactly, outs = shared_outputs(MIXED, probes=len(tokens))
    assert outs == len(tokens) - 1
    chosen = jacobian_kernel(model, writer, MIXED, read=exactly, outs=outs).response
    assert close(torch.einsum("iojo->ij", chosen), expected)
    kernel = logit_kernel(model, writer, MIXED)  # by random directions
    shape = lambda gram: gram / gram.diagonal().rsqrt().reciprocal().outer(gram.diagonal().rsqrt().reciprocal())  # noqa: E731
    assert (shape(kernel.writes_gram) - shape(expected)).abs().mean() < 0.1
    assert kernel.writes_gram.trace() == pytest.approx(expected.trace().item(), rel=0.5)


def test_shared_gram_is_summed_as_pieces_come_and_never_held_whole(monkeypatch):
    """A thousand facts of smollm2 once took 2.6 GiB that nobody had counted."""
    model, facts = model_of("llama"), facts_of([5, 2, 9, 3, 7, 4, 6, 8] * 6, [1] * 48)
    writer = bind("last_matrix", model, facts)
    items, outs = len(facts.row), shared_outputs(facts)[1]
    cut = streamed.pieces_of
    monkeypatch.setattr(streamed, "pieces_of", lambda facts, size: cut(facts, 12))  # pieces of twelve facts
    with torch.profiler.profile(profile_memory=True) as seen:
        gram, _ = shared_grams(model, writer, facts)
    assert max(event.cpu_memory_usage for event in seen.events()) < 4 * items**2 * outs**2 / 4
    whole = jacobian_kernel(model, writer, facts, read=shared_outputs(facts)[0], outs=outs).response
    assert close(gram, torch.einsum("iojo->ij", whole).double())


def test_shared_gram_of_common_options_is_that_of_the_kernel(random_model, random_facts):
    model, facts = random_model("dense"), random_facts(3, 4)
    writer = bind("last_matrix", model, facts)
    kernel = logit_kernel(model, writer, facts)
    assert kernel.grams is None
    assert statistics(kernel) == statistics(kernel.writes)
    assert torch.equal(kernel.writes_gram, kernel.response_gram)


def test_layer_kernel_of_whole_answers_equals_the_streamed_one():
    model = model_of("qwen2")
    writer = bind("full", model, MIXED, where="all")
    assert close(logit_kernel(model, writer, MIXED).response, layer_kernel(model, writer, MIXED).response.double())


def test_without_gram_matrices_the_kernel_is_the_same():
    model = model_of("llama")
    writer = bind("last_matrix", model, MIXED, where="1.feedforward.output")
    whole, bare = logit_kernel(model, writer, MIXED), logit_kernel(model, writer, MIXED, grams=False)
    assert whole.grams is not None
    assert bare.grams is None
    assert torch.equal(whole.response, bare.response)


def odd_model(kind: str) -> torch.nn.Module:
    """Models that put all texts in one row before some layers (OPT), or show a layer some of the tokens only (experts)."""
    torch.manual_seed(0)
    if kind == "opt":
        config = OPTConfig(
            vocab_size=400, hidden_size=16, ffn_dim=24, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=64,
            word_embed_proj_dim=16, dropout=0.0,
        )  # fmt: skip
    else:
        config = Qwen2MoeConfig(
            vocab_size=400, hidden_size=16, intermediate_size=24, moe_intermediate_size=8, shared_expert_intermediate_size=8,
            num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2, num_experts=4, num_experts_per_tok=2,
        )  # fmt: skip
    return AutoModelForCausalLM.from_config(config).eval()


@pytest.mark.parametrize("kind", ["opt", "qwen2_moe"])
def test_layers_that_do_not_go_text_by_text_go_by_jacobians(kind):
    model = odd_model(kind)
    writer = bind("full", model, MIXED)
    expected = jacobian_kernel(model, writer, MIXED).response
    assert close(logit_kernel(model, writer, MIXED).response, expected.double())


def test_what_a_layer_reads_is_parted_by_text_again():
    model = odd_model("opt")
    tokens = torch.randint(3, 400, (3, 5), generator=torch.Generator().manual_seed(1))
    matrix = matrices.one(model, "1.feedforward.output")
    (together,) = inputs_of(model, [matrix.module(model)], tokens)
    for row in range(3):
        (alone,) = inputs_of(model, [matrix.module(model)], tokens[row : row + 1])
        assert torch.allclose(together[row], alone[0], atol=1e-6)
    background = Background(MIXED, tokens)
    writer = bind("off_mode", model, background, where="1.feedforward.output")
    expected = jacobian_kernel(model, writer, MIXED).response
    assert close(logit_kernel(model, writer, MIXED).response, expected.double())
    assert second_moment(model, matrix, background, "memit").shape == (24, 24)


def test_overlaps_are_formed_in_portions_of_bounded_size(monkeypatch):
    model = model_of("gpt2")
    facts = facts_of([5, 9, 4, 7], [6, 3, 8, 5])
    writer = bind("full", model, facts)
    whole = logit_kernel(model, writer, facts).response
    most = []
    monkeypatch.setattr(terms, "OVERLAP", 500)
    plain = terms._summed

    def watched(g, h, overlap):
        def seen(some):
            found = overlap(some)
            most.append(found.numel() if some.stop - some.start > 1 else 0)
            return found

        return plain(g, h, seen)

    monkeypatch.setattr(terms, "_summed", watched)
    assert close(logit_kernel(model, writer, facts).response, whole.double())
    assert len(most) > 0
    assert max(most) <= 500
