"""Deltas of random steps on toy models, and what lies in a folder: for the tests of writing and undoing."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from realmodels.model.loaded import load
from realmodels.writing.recorder import Recorder

ABOUT = {"method": "full", "settings": {"steps": 2}, "facts": 3, "facts_sha256": "f" * 64}
TOKENS = torch.arange(3, 12)[None]
TYPES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}


def logits(folder: Path) -> torch.Tensor:
    with torch.no_grad():
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()(TOKENS).logits


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for path in folder.glob("*.safetensors") for name, tensor in load_file(path).items()}


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Equal to the bit."""
    return one.dtype == other.dtype and torch.equal(one.reshape(-1).view(torch.uint8), other.reshape(-1).view(torch.uint8))


def written(folder: Path, out: Path, names: tuple[str, ...], tasks: int = 1, per_task: bool = False, size: float = 0.1):
    """A delta of random steps on parameters of a model; (delta, the written network in float32 after each task)."""
    model, generator = load(folder), torch.Generator().manual_seed(5)
    recorder = Recorder(model, {name: model.model.get_parameter(name) for name in names}, per_task)
    after = []
    for task in range(tasks):
        with torch.no_grad():
            for parameter in recorder.parameters.values():
                parameter.add_(size * torch.randn(parameter.shape, generator=generator))
        recorder.task_done(task)
        after.append({name: tensor.clone() for name, tensor in model.model.state_dict().items()})
    return recorder.save(out, ABOUT), model.model, after
