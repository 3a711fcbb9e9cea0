"""A checkpoint that lies: whatever is changed in its configuration, weights or tokenizer is refused in one line, or changes
nothing."""

import copy
import hashlib
import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from realmodels.model import checkpoint
from realmodels.model.architectures import ARCHITECTURES, config_for
from realmodels.model.checkpoint import CONFIG, DIGEST, MODEL, TOKENIZER
from realmodels.model.schema import checked_config, config_digest, shapes
from realmodels.model.transformer import Transformer
from realmodels.text.tokenizer import train
from theory.errors import UserError

ENCODER = train([f"the city of {a}{b} is in a place" for a in ("bar", "lem", "tis") for b in ("vok", "run", "sal")], 290)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, dict[str, bytes]]:
    """{architecture: {file name: bytes}} of checkpoints that are as they should be."""
    made = {}
    for name in ("dense", "mla", "memory", "kwta", "nsa"):
        folder = tmp_path_factory.mktemp("good") / name
        checkpoint.write(folder, Transformer(config_for(name, "tiny"), seed=3), ENCODER, {"log": [1.5]})
        made[name] = {path.name: path.read_bytes() for path in folder.iterdir()}
    return made


def laid(folder, files: dict[str, bytes], config=None, *, honest_sums: bool = True):
    """The folder with these files; the sums of weights and tokenizer are made right, as a liar who knows the format would."""
    config = json.loads(files[CONFIG]) if config is None else config
    if honest_sums and isinstance(config, dict) and isinstance(config.get("sha256"), dict):
        config["sha256"] = {name: hashlib.sha256(files[name]).hexdigest() for name in (MODEL, TOKENIZER)}
    folder.mkdir(parents=True)
    for name, data in {**files, CONFIG: json.dumps(config).encode()}.items():
        (folder / name).write_bytes(data)
    return folder


def refused(folder, match: str | None = None) -> str:
    with pytest.raises(UserError, match=match) as raised:
        checkpoint.read(folder)
    message = str(raised.value)
    assert message.isprintable()
    assert str(folder) in message
    return message


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_is_written_is_in_the_schema_and_its_shapes_are_those_of_the_model(architecture):
    config = config_for(architecture, "tiny")
    assert checked_config(json.loads(json.dumps(config.to_json())), "here") == config
    state = Transformer(config).state_dict()
    assert shapes(config, "here") == {name: tuple(tensor.shape) for name, tensor in state.items()}


def test_other_heads_that_fit_the_shapes_are_another_model(files, tmp_path):
    """Shapes cannot tell two heads of 16 from four of 8, nor can a hyperparameter be seen in them: the digest can."""
    config = json.loads(files["dense"][CONFIG])
    config["model"]["heads"] = 4
    refused(laid(tmp_path / "heads", files["dense"], config), "not the one that the weights were trained with")
    config = json.loads(files["memory"][CONFIG])
    config["model"]["hyperparameters"]["memory"]["topk"] = 2
    refused(laid(tmp_path / "topk", files["memory"], config), "not the one that the weights were trained with")


# Values that no field takes, and values that fields of the other kinds take.
STRANGE = st.sampled_from(
    [None, True, -1, 0, -3, 5, 10**12, 10**30, 2.5, 1e308, "x", "", "..", "../x", "dense.", "a" * 300, [], {}, [None], [2]]
)  # fmt: skip
NESTED = st.recursive(
    STRANGE, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
)
ARCHITECTURE = st.sampled_from(["dense", "mla", "memory", "kwta", "nsa"])


@st.composite
def lies(draw):
    """(architecture, a change of its config.json): one entry at any depth set to something else, left out, or added."""
    path = draw(st.lists(st.integers(0, 30), min_size=1, max_size=4))
    kind = draw(st.sampled_from(["set", "drop", "add"]))
    value = draw(NESTED)

    def change(config):
        place, last = config, None
        for step in path:
            keys = list(place) if isinstance(place, dict) else list(range(len(place))) if isinstance(place, list) else []
            if not keys:
                break
            holder, last = place, keys[step % len(keys)]
            place = holder[last]
        if last is None:
            return config
        if kind == "set":
            holder[last] = value
        elif kind == "drop":
            del holder[last]
        elif isinstance(holder, dict):
            holder["more"] = value
        return config

    return draw(ARCHITECTURE), change


@given(lies())
@settings(max_examples=200, deadline=None)
def test_a_changed_configuration_is_refused_or_is_the_same_model(files, tmp_path_factory, lie):
    name, change = lie
    good = json.loads(files[name][CONFIG])
    config = change(copy.deepcopy(good))
    folder = laid(tmp_path_factory.mktemp("lie") / "model", files[name], config, honest_sums=False)
    unchanged = isinstance(config, dict) and all(config.get(key) == good[key] for key in ("format", "model"))
    if (
        unchanged
        and isinstance(config.get("meta"), dict)
        and all(
            isinstance(config.get("sha256"), dict) and config["sha256"].get(n) == good["sha256"][n] for n in (MODEL, TOKENIZER)
        )
    ):
        model = checkpoint.read(folder)[0]
        assert model.config == config_for(name, "tiny")
    else:
        refused(folder)


@pytest.mark.parametrize("text", ["null", "[]", '"x"', "[" * 100_000, '{"format":' * 50_000, "9" * 5000, '{"a": NaN}', "\ufeff"])
def test_a_config_that_is_no_object_is_refused(files, tmp_path, text):
    folder = laid(tmp_path / "model", files["dense"])
    (folder / CONFIG).write_text(text)
    refused(folder, "config.json")


@pytest.mark.parametrize("made_for", ["compression-writability model 9", "", "pickle"])
def test_a_format_of_the_future_is_refused(files, tmp_path, made_for):
    config = {**json.loads(files["dense"][CONFIG]), "format": made_for}
    refused(laid(tmp_path / "model", files["dense"], config), "format")


@st.composite
def damage(draw):
    """(what it is, a change of the tensors of a checkpoint)."""
    which, bad = draw(st.integers(0, 50)), draw(st.sampled_from([float("nan"), float("inf"), float("-inf")]))
    kind = draw(st.sampled_from(["not finite", "missing", "extra", "renamed", "shape", "empty"]))

    def change(tensors):
        name = sorted(tensors)[which % len(tensors)]
        if kind == "not finite":
            tensors[name].view(-1)[which % tensors[name].numel()] = bad
        elif kind == "missing":
            del tensors[name]
        elif kind == "extra":
            tensors["x.y"] = torch.zeros(2)
        elif kind == "renamed":
            tensors[f"x.{name}"] = tensors.pop(name)
        elif kind == "shape":
            tensors[name] = torch.zeros(*tensors[name].shape, 2)
        else:
            tensors.clear()
        return name

    return kind, change


@given(ARCHITECTURE, damage())
@settings(max_examples=60, deadline=None)
def test_tensors_that_are_not_those_of_the_model_are_named(files, tmp_path_factory, name, damaged):
    kind, change = damaged
    tensors = load(files[name][MODEL])
    changed = change(tensors)
    data = save(tensors, {DIGEST: config_digest(config_for(name, "tiny").to_json())})
    message = refused(laid(tmp_path_factory.mktemp("weights") / "model", {**files[name], MODEL: data}))
    assert {"extra": "x.y", "empty": "lacks"}.get(kind, changed) in message


@given(st.binary(max_size=40), st.integers(0, 10**6), st.sampled_from(["garbage", "cut", "prefix"]))
@settings(max_examples=60, deadline=None)
def test_weights_that_are_no_tensors_are_refused(files, tmp_path_factory, garbage, cut, kind):
    data = files["dense"][MODEL]
    bad = {"garbage": garbage, "cut": data[: cut % len(data)], "prefix": garbage + b"!" + data}[kind]
    refused(laid(tmp_path_factory.mktemp("weights") / "model", {**files["dense"], MODEL: bad}), MODEL)


def test_weights_without_the_digest_are_refused(files, tmp_path):
    data = save(load(files["dense"][MODEL]))
    refused(laid(tmp_path / "model", {**files["dense"], MODEL: data}), "not the one that the weights were trained with")


def test_a_tokenizer_that_is_none_or_too_large_is_refused(files, tmp_path):
    for number, bad in enumerate([b"\xff\xfe", b"", b"{}", b"null", b"[" * 10_000]):
        refused(laid(tmp_path / str(number), {**files["dense"], TOKENIZER: bad}))
    large = json.loads(files["dense"][TOKENIZER])
    last = large["added_tokens"][-1]
    large["added_tokens"] += [{**last, "id": 290 + number, "content": f" Atlantis {number}"} for number in range(31)]
    refused(laid(tmp_path / "large", {**files["dense"], TOKENIZER: json.dumps(large).encode()}), "the model knows 320 tokens")


def test_a_model_that_is_not_finite_is_never_written(tmp_path):
    model = Transformer(config_for("dense", "tiny"))
    with torch.no_grad():
        model.blocks[1].feedforward.output.weight[0, 0] = float("inf")
    with pytest.raises(UserError, match=r"blocks\.1\.feedforward\.output\.weight holds NaN or infinity"):
        checkpoint.write(tmp_path / "model", model, ENCODER, {})
    assert not list(tmp_path.iterdir())
