"""What a model is, for those who want to ask, measure or write it: `cwb model`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from realmodels.model.loaded import Loaded, as_loaded
from realmodels.model.matrices import matrices
from realmodels.model.memory import GIB
from realmodels.model.needs import sizes, to_measure, to_read, to_write
from realmodels.model.reading import context, logits_at
from realmodels.text.encoder import Encoder
from simulate.runs.answer import Answer, field, short
from theory.errors import UserError

TOKENS = 16  # of a fact, where memory is estimated
OUTPUTS = 10  # of a fact, where the memory of a kernel is estimated
PROMPTS = ("The capital of France is", 'In 2006, she said: "', "def f(x):\n    return", "中国的首都是", "a")


@dataclass(frozen=True)
class Description(Answer):
    """A model's shape, its matrices, its conventions for text, and the memory that it takes."""

    family: str = field("", "Family of the network: model_type of transformers, or the architecture of a model trained here.")
    parameters: int = field("parameters", "Numbers that were learned, tied ones once.")
    in_matrices: float = field("share of parameters", "How much of the model the writable matrices below are.")
    layers: int = field("layers", "Blocks of attention and feed-forward.")
    width: int = field("numbers", "Width of the residual stream.")
    context: int = field("tokens", "Longest text that it reads.")
    window: int | None = field("tokens", "How far back layers with a sliding window see; none if all see the whole text.")
    dtype: str = field("", "Format of most numbers in the files; here all are float32.")
    tied: bool = field("", "Whether the embedding is also the output matrix.")
    tokens: int = field("tokens", "Vocabulary of the tokenizer.")
    start: str | None = field("", "What a document begins with; none if with the text itself.")
    padding: str | None = field("", "Token for padding; none is needed here.")
    chat: bool = field("", "Whether it has a chat template (--template chat).")
    space: bool = field("", "Whether the token of a word within a text begins with the space before it.")
    facts: int = field("facts", f"Facts for which memory is estimated, of {TOKENS} tokens each.")
    memory_read: float = field("GiB", "To ask these facts at once.")
    memory_write_matrix: float = field(
        "GiB", "To write a task of all of them into one matrix of the last layer by gradient descent."
    )
    memory_write_all: float = field("GiB", "To write it into all parameters with AdamW.")
    memory_measure_matrix: float = field("GiB", f"To measure the writes into one matrix, {OUTPUTS} outputs a fact.")
    memory_measure_all: float = field("GiB", "To measure the writes into all matrices.")
    matrices: Mapping[str, Mapping[str, int]] = field(
        "", "Writable matrices by role: how many, numbers read and numbers written."
    )
    path: str = field("", "Folder of the files.")
    sha256: str = field("", "Digest of weights and configuration.")
    check: Mapping[str, Any] | None = field("", "With --check: how far the logits are from those of transformers by itself.")

    def show(self) -> str:
        """The text of the command line."""
        listed = {name: row for name, *row in self.lines() if name not in ("matrices", "check", "path", "sha256")}
        shown = {name: f"{short(value)} {unit}".rstrip() for name, (value, unit, _) in listed.items()}
        shown |= {name: repr(getattr(self, name)) for name in ("start", "padding") if getattr(self, name) is not None}
        shown["parameters"] = f"{self.parameters:,}"
        widths = [max(map(len, column)) for column in (shown, shown.values())]
        lines = [f"{name:<{widths[0]}}  {text:<{widths[1]}}  {listed[name][2]}" for name, text in shown.items()]
        total = sum(row["count"] for row in self.matrices.values())
        lines += [
            "",
            f"{total} writable matrices (name one as layer.role, as in {self.layers - 1}.{next(iter(self.matrices), '')}):",
        ]
        lines += [f"  {role:<28} {row['count']:>4} of {row['inputs']} x {row['outputs']}" for role, row in self.matrices.items()]
        lines += ["", f"path    {self.path}", f"sha256  {self.sha256}"]
        if self.check is not None:
            lines += ["", *(f"{key.replace('_', ' ')}: {short(value)}" for key, value in self.check.items())]
        return "\n".join(lines)


def describe(model: str | Path | Loaded, facts: int = 100, check: bool = False) -> Description:
    """Describe a model. facts: number of facts for which memory is estimated. check: compare its logits with transformers' own.

    Raises UserError if the model cannot be read, or `facts` is not positive.
    """
    if not 1 <= facts <= 10**9:
        raise UserError(f"memory for {facts} facts: give a number from 1 to 1,000,000,000")
    loaded = as_loaded(model)
    network, words = loaded.model, loaded.words
    size, known = sizes(network), matrices(network)
    one = ([m for m in known if m.role == "feedforward.output"] or known)[-1:]
    bytes_ = {
        "memory_read": to_read(size, facts, TOKENS),
        "memory_write_matrix": to_write(size, sum(m.inputs * m.outputs for m in one), facts, TOKENS, layers=1),
        "memory_write_all": to_write(size, size.parameters, facts, TOKENS, states=2),
        "memory_measure_matrix": to_measure(size, one, facts, TOKENS, OUTPUTS),
        "memory_measure_all": to_measure(size, known, facts, TOKENS, OUTPUTS),
    }
    return Description(
        family=_family(loaded),
        parameters=size.parameters,
        in_matrices=sum(m.inputs * m.outputs for m in known) / size.parameters,
        layers=size.layers,
        width=size.width,
        context=context(network),
        window=_window(loaded),
        dtype=_dtype(loaded),
        tied=_tied(loaded),
        tokens=words.size,
        start="".join(words.pieces(words.start)) or None,
        padding=None if loaded.ours else loaded.tokenizer.pad_token,  # pyright: ignore[reportAttributeAccessIssue]
        chat=words.chats is not None,
        space=_space(words),
        facts=facts,
        **{name: value / GIB for name, value in bytes_.items()},
        matrices=_by_role(network),
        path=str(loaded.path),
        sha256=loaded.sha256,
        check=checked(loaded) if check else None,
    )


def _family(loaded: Loaded) -> str:
    config: Any = loaded.model.config
    return config.architecture if loaded.ours else config.model_type


def _window(loaded: Loaded) -> int | None:
    """Tokens that a layer with a sliding window sees; None if no layer has one."""
    if loaded.ours:
        return None
    config: Any = loaded.model.config
    config = config.get_text_config()
    kinds = getattr(config, "layer_types", None)
    none = kinds is not None and "sliding_attention" not in kinds
    return None if none or getattr(config, "use_sliding_window", True) is False else getattr(config, "sliding_window", None)


def _dtype(loaded: Loaded) -> str:
    gguf = loaded.meta.get("gguf")
    return gguf["numbers"] if gguf else str(loaded.dtype).removeprefix("torch.")


def _tied(loaded: Loaded) -> bool:
    model: Any = loaded.model
    return loaded.ours or model.get_output_embeddings().weight is model.get_input_embeddings().weight


def _space(words: Encoder) -> bool:
    """Whether a token of a common text is a space and the beginning of a word."""
    pieces = words.pieces(words.encode("It is the capital of a country in the north, and the airport has a code."))
    return any(len(piece) > 1 and piece[0] == " " for piece in pieces[1:])


def _by_role(model: nn.Module) -> dict[str, dict[str, int]]:
    """{role: how many matrices have it, and their shape (that of the last, where they differ)}."""
    found: dict[str, dict[str, int]] = {}
    for matrix in matrices(model):
        count = found.get(matrix.role, {}).get("count", 0) + 1
        found[matrix.role] = {"count": count, "inputs": matrix.inputs, "outputs": matrix.outputs}
    return found


@torch.no_grad()
def checked(loaded: Loaded, prompts: tuple[str, ...] = PROMPTS) -> dict[str, Any]:
    """Largest difference between our logits (all prompts in one padded batch) and those of transformers by itself (one by one).

    Keys: prompts, largest_difference, largest_logit, and in_DTYPE, the difference if the network runs in the format of the file.
    Of a model trained here: {"none": why}, since transformers has no such network.
    """
    if loaded.ours:
        return {"none": "transformers has no network for a model that was trained here"}
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from realmodels.model.pretrained.quiet import quiet

    ids = [loaded.words.prompt(prompt) for prompt in prompts]
    longest = max(map(len, ids))
    batch = torch.tensor([[*row, *[0] * (longest - len(row))] for row in ids])
    places = [(row, place) for row, tokens in enumerate(ids) for place in range(len(tokens))]
    rows, columns = torch.tensor(places).T
    found = logits_at(loaded.model, batch, rows, columns)

    def plain(dtype: torch.dtype) -> torch.Tensor:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(loaded.path, local_files_only=True, trust_remote_code=False)
            network = AutoModelForCausalLM.from_pretrained(
                loaded.path, dtype=dtype, local_files_only=True, use_safetensors=True, trust_remote_code=False
            ).eval()
        return torch.cat([network(**tokenizer(prompt, return_tensors="pt")).logits[0].float() for prompt in prompts])

    exact = plain(torch.float32)
    if exact.shape != found.shape:
        raise UserError(
            f"{loaded.path}: the tokenizer of transformers makes other tokens of the prompts of --check: report this model"
        )
    answer: dict[str, Any] = {
        "prompts": len(prompts),
        "largest_difference": (found - exact).abs().max().item(),
        "largest_logit": exact.abs().max().item(),
    }
    if loaded.dtype != torch.float32:
        name = str(loaded.dtype).removeprefix("torch.")
        answer[f"in_{name}"] = (plain(loaded.dtype) - exact).abs().max().item()
    return answer
