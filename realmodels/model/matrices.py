"""The writable matrices of a model: every linear map inside a layer, by layer and by what it does.

Embeddings and the output head are not among them. GPT-2's `Conv1D` is a linear map whose weight is [inputs, outputs], not
[outputs, inputs]; `transposed` says so, since for a square matrix nothing else does.
"""

import re
from dataclasses import dataclass

from torch import nn

from theory.errors import UserError

ATTENTION = re.compile(r"attn|attention")
FEEDFORWARD = re.compile(r"mlp|ffn|feed_?forward|^ff$|moe")
NAMES = {
    "q_proj": "query",
    "k_proj": "key",
    "v_proj": "value",
    "o_proj": "output",
    "out_proj": "output",
    "c_attn": "query_key_value",
    "qkv_proj": "query_key_value",
    "Wqkv": "query_key_value",
    "c_proj": "output",
    "gate_proj": "gate",
    "up_proj": "input",
    "down_proj": "output",
    "gate_up_proj": "gate_input",
    "c_fc": "input",
    "fc1": "input",
    "fc2": "output",
    "fc_in": "input",
    "fc_out": "output",
    "w1": "gate",
    "w2": "output",
    "w3": "input",
    "dense_h_to_4h": "input",
    "dense_4h_to_h": "output",
    "q_a_proj": "query_down",
    "q_b_proj": "query_up",
    "kv_a_proj_with_mqa": "latent",
    "kv_b_proj": "key_value_up",
}
"""What a matrix is called in the families of transformers, and what it does."""
GENERIC = ("projections", "self")  # parts of a name that tell nothing


@dataclass(frozen=True)
class Matrix:
    """One linear map: y = W x, or y = x W where `transposed`.

    name: of the parameter. layer: its number, from 0. role: what it does, as "attention.query" or "feedforward.output". inputs,
    outputs: numbers read and written. transposed: whether the weight is stored as [inputs, outputs].
    """

    name: str
    layer: int
    role: str
    inputs: int
    outputs: int
    transposed: bool

    def module(self, model: nn.Module) -> nn.Module:
        """The layer of this model, or of a copy, that holds the matrix."""
        return model.get_submodule(self.name.removesuffix(".weight"))

    def parameter(self, model: nn.Module) -> nn.Parameter:
        """The weight in this model, or in a copy."""
        return model.get_parameter(self.name)


def matrices(model: nn.Module) -> list[Matrix]:
    """All writable matrices in order of layers, and within a layer in the model's own order."""
    stack = _stack(model)
    if stack is None:
        return []
    name, layers = stack
    found = []
    for index, layer in enumerate(layers):
        for inner, module in layer.named_modules():
            shape = _shape(module)
            if shape is not None:
                path = f"{name}.{index}.{inner}.weight"
                found.append(Matrix(path, index, _role(inner), *shape))
    return found


def _stack(model: nn.Module) -> tuple[str, nn.ModuleList] | None:
    """(name, layers) of the list of layers that has most parameters; those inside another list do not count."""
    best: tuple[int, str, nn.ModuleList] | None = None
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and not re.search(r"\.\d+\.", f".{name}."):
            size = sum(parameter.numel() for parameter in module.parameters())
            if best is None or size > best[0]:
                best = size, name, module
    return best and best[1:]


def _shape(module: nn.Module) -> tuple[int, int, bool] | None:
    """(inputs, outputs, transposed) of a linear map; None for other modules."""
    if isinstance(module, nn.Linear):
        return module.in_features, module.out_features, False
    if type(module).__name__ == "Conv1D" and type(module).__module__.startswith("transformers."):
        return *module.weight.shape, True  # pyright: ignore[reportReturnType]
    return None


def _role(inner: str) -> str:
    """What a matrix does, from its name within the layer."""
    *path, last = inner.split(".")
    part = "attention" if any(ATTENTION.search(word) for word in path) else "feedforward"
    if part == "feedforward" and not any(FEEDFORWARD.search(word) for word in path) and (path or last not in NAMES):
        return ".".join((*path, NAMES.get(last, last)))  # neither, as the mixer of a state-space model
    kept = [word for word in path if word not in GENERIC and not ATTENTION.search(word) and not FEEDFORWARD.search(word)]
    last = "output" if last == "dense" and not kept else NAMES.get(last, last)
    return ".".join((part, *kept, last))


def find(model: nn.Module, spec: str) -> list[Matrix]:
    """The matrices that `spec` names, in order.

    spec: "24" (a layer), "20-29", "last" (the last layer), "feedforward.output" or "attention" (a role or the beginning of one),
    "24.feedforward.output" (both), "all", the name of a parameter, or several of these with commas between them. Raises
    UserError that lists what there is.
    """
    known = matrices(model)
    if not known:
        raise UserError(f"this model ({type(model).__name__}) has no layers with matrices: take another")
    last = known[-1].layer
    wanted: set[str] = set()
    for word in map(str.strip, spec.split(",")):
        found = {matrix.name for matrix in known if _fits(matrix, word, last)}
        if not found:
            roles = ", ".join(dict.fromkeys(matrix.role for matrix in known))
            there = f"layers (0 to {last}), a role ({roles}), both (0.{known[0].role}), last or all"
            raise UserError(f"no matrix is called {word[:60]!r}: give {there}")
        wanted |= found
    return [matrix for matrix in known if matrix.name in wanted]


def _fits(matrix: Matrix, word: str, last: int) -> bool:
    """Whether one word of a specification names the matrix; `last` is the number of the last layer."""
    if matrix.name in (word, f"{word}.weight"):
        return True
    match = re.fullmatch(r"(all|last|[0-9]{1,6}(?:-[0-9]{1,6})?)?(?:(?:^|(?<=.)\.)([A-Za-z_][\w.]*))?", word)
    if not match or not word:
        return False
    layers, role = match[1] or "all", match[2] or ""
    first, _, end = {"all": f"0-{last}", "last": str(last)}.get(layers, layers).partition("-")
    within = int(first) <= matrix.layer <= int(end or first) <= last
    return within and (not role or f"{matrix.role}.".startswith(f"{role}."))


def one(model: nn.Module, spec: str) -> Matrix:
    """The only matrix that `spec` names; "last" is the output matrix of the last layer's feed-forward part.

    Raises UserError as `find`, and if there are several.
    """
    if spec == "last":
        known = matrices(model)
        inside = [matrix for matrix in known if matrix.layer == known[-1].layer]
        found = [matrix for matrix in inside if f"{matrix.role}.".startswith("feedforward.output.")]
        if known and len(found) != 1:
            names = ", ".join(dict.fromkeys(f"where={matrix.layer}.{matrix.role}" for matrix in inside))
            raise UserError(
                f"the last layer has {len(found) or 'no'} feed-forward output matrices, and one is written: give {names}"
            )
        if known:
            return found[0]
    found = find(model, spec)
    if len(found) > 1:
        names = f"{found[0].layer}.{found[0].role}, {found[1].layer}.{found[1].role}"
        raise UserError(f"{spec!r} names {len(found)} matrices ({names} ...), and one is wanted: name one of them")
    return found[0]


def blocks(model: nn.Module) -> nn.ModuleList:
    """The layers of the model, in order. Raises UserError for a model that has no list of them."""
    stack = _stack(model)
    if stack is None:
        raise UserError(f"model {type(model).__name__} has no list of layers: give a decoder-only language model")
    return stack[1]
