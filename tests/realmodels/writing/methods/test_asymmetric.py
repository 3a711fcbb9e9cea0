"""Asymmetric finetuning: whose parameter is whose, by what moves what; what `slow` does; how the indexer learns."""

import pytest
import torch

from realmodels.model.transformer import norm
from realmodels.writing.kernel import logit_kernel
from realmodels.writing.methods.asymmetric import COMPRESSED, INDEXER, SELECTED, flow, indexer_loss
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import answer_loss, facts_from_ids, outputs
from realmodels.writing.stream import stream, write_task

ALL = ("nsa", "dsa", "mla_dsa")
NSA_SELECTED = {"selected.key", "selected.value", "selected.gate"}
PHI = {f"compressed.phi_{which}.{part}" for which in ("key", "value") for part in ("position", "first.weight", "second.weight")}


def inner(names) -> set[str]:
    """Names within block 0's attention."""
    begin = "blocks.0.attention."
    return {name.removeprefix(begin).removesuffix(".weight") for name in names if name.startswith(begin)}


def test_each_flow_has_these_parameters_in_every_block(any_model):
    nsa, dsa, mla = (any_model(kind) for kind in ALL)
    assert inner(flow(nsa, SELECTED)) == NSA_SELECTED
    compressed = {"compressed.key", "compressed.value", "compressed.gate", *(name.removesuffix(".weight") for name in PHI)}
    assert inner(flow(nsa, COMPRESSED)) == compressed
    assert inner(flow(dsa, SELECTED)) == {f"projections.{name}" for name in ("query", "key", "value", "output")}
    ups = ("query_up", "query_rope", "latent", "key_up", "key_rope", "value_up", "output")
    assert inner(flow(mla, SELECTED)) == {f"projections.{name}" for name in ups}
    for model in (dsa, mla):
        indexer = {"query", "key", "key_norm", "key_norm.bias", "weight"}
        assert inner(flow(model, INDEXER)) == {f"indexer.{name}" for name in indexer}
    for model, flows in ((nsa, (SELECTED, COMPRESSED)), (dsa, (SELECTED, INDEXER)), (mla, (SELECTED, INDEXER))):
        for beginnings in flows:
            assert len(flow(model, beginnings)) == len(model.blocks) * len(inner(flow(model, beginnings)))


@torch.no_grad()
def flows_of(model, kind: str, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
    """What each flow of block 0 gives for these tokens, through its gate; of an indexer its scores."""
    part, x = model.blocks[0].attention, norm(norm(model.embedding(tokens)))
    seen: dict[str, torch.Tensor] = {}

    def keep(name):
        return lambda module, inputs, output: seen.update({name: output[0] if isinstance(output, tuple) else output})

    if kind == "nsa":
        hooks = [getattr(part, name).register_forward_hook(keep(name)) for name in ("selected", "compressed", "window")]
    else:
        hooks = [part.indexer.register_forward_hook(keep("indexer"))]
    part(x)
    for hook in hooks:
        hook.remove()
    if kind == "nsa":
        return {name: getattr(part, name).open(x) * y for name, y in seen.items()}
    return {**seen, "selected": part(x)}


@pytest.mark.parametrize("kind", ALL)
def test_a_parameter_moves_its_own_flow_and_what_is_shared_moves_more(any_model, kind):
    """Every parameter of block 0 is changed in turn. The block's input does not move, so a flow moves only by its own."""
    tokens = torch.randint(1, 320, (2, 32), generator=torch.Generator().manual_seed(0))
    model = any_model(kind)
    for name, parameter in model.named_parameters():
        if name.endswith("second.weight"):  # 0 in a fresh phi, whose other matrix then moves nothing
            parameter.data.normal_(generator=torch.Generator().manual_seed(2))
    before, other = flows_of(model, kind, tokens), "compressed" if kind == "nsa" else "indexer"
    own = {"selected": flow(model, SELECTED), other: flow(model, COMPRESSED if kind == "nsa" else INDEXER)}
    for name, parameter in model.blocks[0].attention.named_parameters("blocks.0.attention"):
        kept = parameter.detach().clone()
        parameter.data.add_(0.5 * torch.randn(kept.shape, generator=torch.Generator().manual_seed(1)))
        moved = {flow for flow, y in flows_of(model, kind, tokens).items() if not torch.equal(y, before[flow])}
        parameter.data.copy_(kept)
        if name in own[other]:  # another selection too, where more tokens are there than are selected
            assert other in moved
            assert moved <= {other, "selected"}
        elif name in own["selected"]:
            assert moved == {"selected"}
        elif kind == "mla_dsa":
            assert moved == {"selected", "indexer"}
        elif ".output" not in name and ".window." not in name:
            assert moved == {"selected", "compressed", "window"}


@pytest.mark.parametrize("kind", ALL)
def test_with_slow_1_both_flows_are_written_alike(any_model, spelled_facts, background, kind):
    """As by a plain writer of these parameters; where there is an indexer, its own loss is added by hand."""
    facts, (one, other) = spelled_facts(1, 3), [any_model(kind) for _ in range(2)]
    write_task(bind("asymmetric", one, background, part="both"), facts, 0.1, 3)
    names = [*flow(other, SELECTED), *flow(other, COMPRESSED), *flow(other, INDEXER)]
    parameters = {name: dict(other.named_parameters())[name] for name in names}
    for _ in range(3):
        loss = answer_loss(outputs(other, facts), facts) + (0 if kind == "nsa" else indexer_loss(other, facts))
        gradients = torch.autograd.grad(loss, list(parameters.values()))
        with torch.no_grad():
            for parameter, g in zip(parameters.values(), gradients, strict=True):
                parameter.sub_(0.1 * g)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    if kind == "nsa":
        third = any_model(kind)
        write_task(Writer(third, {name: dict(third.named_parameters())[name] for name in names}), facts, 0.1, 3)
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), third.parameters(), strict=True))


@pytest.mark.parametrize("kind", ALL)
def test_slow_divides_the_step_of_the_other_flow_and_leaves_the_rest(any_model, spelled_facts, background, kind):
    facts, start = spelled_facts(1, 3), dict(any_model(kind).named_parameters())
    one, slowed, alone = (any_model(kind) for _ in range(3))
    write_task(bind("asymmetric", one, background, part="both"), facts, 0.5, 1)
    write_task(bind("asymmetric", slowed, background, part="both", slow=8.0), facts, 0.5, 1)
    write_task(bind("asymmetric", alone, background), facts, 0.5, 1)
    other = {**flow(one, COMPRESSED), **flow(one, INDEXER)}
    for name, parameter in slowed.named_parameters():
        fast, selected = (dict(model.named_parameters())[name] for model in (one, alone))
        if name in other:
            assert torch.allclose(parameter - start[name], (fast - start[name]) / 8, atol=3e-7)
            assert torch.equal(selected, start[name])
        else:
            assert torch.equal(parameter, fast)
            assert torch.equal(parameter, selected)
            assert (name in flow(one, SELECTED)) != torch.equal(parameter, start[name])


def test_the_slower_the_other_flow_the_nearer_to_the_selected_one_alone(any_model, spelled_facts, background):
    """The distance falls as 1 / slow, in what is learned by the selected flow and in what is said."""
    facts = spelled_facts(2, 2)

    def written(**options):
        model = any_model("nsa").double()
        list(stream(bind("asymmetric", model, background, **options), facts, 0.1, 3))
        learned = torch.cat([p.detach().flatten() for p in flow(model, SELECTED).values()])
        z = outputs(model, facts).detach()
        return torch.cat([learned, z[z.isfinite()]])

    alone = written()
    distances = [float((written(part="both", slow=slow) - alone).norm()) for slow in (1e3, 1e4, 1e5)]
    assert distances[0] / distances[1] == pytest.approx(10, rel=0.02)
    assert distances[1] / distances[2] == pytest.approx(10, rel=0.02)


@pytest.mark.parametrize(("kind", "options"), [("nsa", {"part": "both", "slow": 10.0}), ("dsa", {"part": "both"}), ("nsa", {})])
def test_the_kernel_says_how_a_write_moves_all_outputs(random_model, random_facts, background, kind, options):
    model, facts = random_model(kind).double(), random_facts(2, 2)
    writer = bind("asymmetric", model, background, **options)
    assert writer.forecastable
    kernel, z = logit_kernel(model.float(), writer, facts).response.double(), outputs(model.double(), facts).detach()
    writer = bind("asymmetric", model, background, **options)
    write_task(writer, facts.of_task(0), 1e-3, 1)
    error = z[:2].softmax(-1) - torch.nn.functional.one_hot(facts.target[:2], z.shape[1])
    predicted = -1e-3 / 2 * torch.einsum("icjd,jd->ic", kernel[:, :, :2], error)
    change = outputs(model, facts).detach() - z
    assert (change - predicted).norm() < 0.02 * change.norm()


@pytest.mark.parametrize("kind", ["dsa", "mla_dsa"])
def test_the_indexer_learns_from_attention_on_the_texts_of_the_task(any_model, spelled_facts, background, kind):
    model, facts = any_model(kind), spelled_facts(1, 4)
    alone = []
    for index in range(len(facts)):  # one fact at a time needs no padding
        record: dict[str, list[torch.Tensor]] = {}
        model.features(facts[index : index + 1].tokens, record)
        alone.append(torch.stack(record["auxiliary"]).sum())
    assert indexer_loss(model, facts).item() == pytest.approx(torch.stack(alone).mean().item(), rel=1e-5)
    writer, before = bind("asymmetric", model, background, part="both"), indexer_loss(model, facts).item()
    write_task(writer, facts, 0.05, 10)
    assert indexer_loss(model, facts).item() < 0.9 * before


@pytest.mark.parametrize("kind", ["dsa", "mla_dsa"])
def test_no_answer_reaches_the_indexer_so_it_cannot_be_written_alone(any_model, kind):
    """Its gradient is the same to the bit whichever answer is right, and where all tokens are selected it moves no output."""
    model = any_model(kind)
    prompts = torch.randint(20, 320, (4, 8), generator=torch.Generator().manual_seed(0)).tolist()
    facts, others = (facts_from_ids(prompts, target, [0] * 4, [10, 11, 12]) for target in ([0, 1, 2, 0], [1, 2, 0, 2]))
    parameters = list(flow(model, INDEXER).values())
    pairs = [torch.autograd.grad(indexer_loss(model, some), parameters) for some in (facts, others)]
    assert all(torch.equal(a, b) for a, b in zip(*pairs, strict=True))
    assert any(g.abs().max() > 0 for g in pairs[0])
    gradients = torch.autograd.grad(answer_loss(outputs(model, facts), facts), parameters, allow_unused=True)
    assert gradients == (None,) * len(parameters)
    before = outputs(model, facts).detach()
    with torch.no_grad():
        for parameter in parameters:
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    assert torch.equal(outputs(model, facts), before)  # 8 tokens, of which 8 are selected


@pytest.mark.parametrize("kind", ["dsa", "mla_dsa"])
@torch.no_grad()
def test_an_indexer_that_selects_everything_moves_no_output(any_model, kind):
    """At prompts no longer than what it selects; at longer ones it does."""
    model = any_model(kind)
    most = int(model.config.hyperparameters[kind]["indexer_topk"])
    assert most < model.config.context
    tokens = torch.randint(0, model.config.vocabulary, (2, model.config.context), generator=torch.Generator().manual_seed(0))
    before = model.features(tokens)
    for parameter in flow(model, INDEXER).values():
        parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    after = model.features(tokens)
    assert torch.equal(before[:, :most], after[:, :most])
    assert not torch.equal(before[:, most:], after[:, most:])
