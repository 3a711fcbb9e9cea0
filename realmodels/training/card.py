"""The card of a trained model: data, tokens, time, bits per byte beside simple predictors, and what it writes by itself."""

import json
from pathlib import Path
from typing import Any

import torch

from realmodels.model import checkpoint
from realmodels.model.architectures import ARCHITECTURES, active_parameters, flops_per_token, parameters
from realmodels.model.transformer import Transformer
from realmodels.text.encoded import Encoded
from realmodels.text.tokenizer import Tokenizer
from realmodels.training.baselines import baselines
from realmodels.training.evaluate import bits_per_byte
from realmodels.training.pretrain import text_of
from realmodels.training.recipe import PretrainConfig

START, LENGTH = 8, 40  # tokens of a held-out text that a sample starts from, and that it adds at most
TEMPERATURE = 0.8


def samples(model: Transformer, tokenizer: Tokenizer, text: Encoded) -> list[dict[str, str]]:
    """For each source: the start of a held-out text, and its continuation drawn at TEMPERATURE."""
    drawn = []
    for source, tokens in text.heldout.items():
        start = torch.from_numpy(tokens[: START + 1].astype("int64"))[None]
        room = model.config.context - start.shape[1] + 1  # the last token drawn is not read again
        whole = model.generate(start, min(LENGTH, room), TEMPERATURE)[0].tolist()
        sample = {
            "source": source,
            "start": tokenizer.decode(whole[: START + 1]),
            "continued": tokenizer.decode(whole[START + 1 :]),
        }
        drawn.append({name: " ".join(value.split()) for name, value in sample.items()})
    return drawn


def about(folder: Path, workspace: Path) -> dict[str, Any]:
    """Everything on the card of the pretrained checkpoint in `folder`, as JSON values; bits per byte are measured anew."""
    model, tokenizer, meta = checkpoint.read(folder)
    config = PretrainConfig.from_json(meta["pretraining"])
    text = text_of(meta, workspace)
    bits = {"model": bits_per_byte(model, text), **baselines(text)}
    return {
        "architecture": config.model.architecture,
        "about": ARCHITECTURES[config.model.architecture].about,
        "size": config.model.size,
        "seed": config.seed,
        "parameters": parameters(config.model),
        "active_parameters": active_parameters(config.model),
        "flops_per_token": flops_per_token(config.model),
        "steps": config.total_steps,
        "tokens": config.total_steps * config.batch * config.model.context,
        "training_tokens": len(text.train),
        "training_bytes": text.bytes_of(text.train),
        "bits_per_byte": {name: {source: by[source] for source in sorted(bits["model"])} for name, by in bits.items()},
        "samples": samples(model, tokenizer, text),
        "log": meta["log"],
        "configuration": meta["pretraining"],
        "training": json.loads((folder / "training.json").read_text()) if (folder / "training.json").is_file() else None,
    }


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 'es' if what.endswith('s') else 's'}"


def markdown(card: dict[str, Any], curve: str | None = None) -> str:
    """The card as Markdown; `curve` is the name of a picture beside it."""
    took = card["training"] or {}
    rows = {
        "what it is": card["about"],
        "parameters": f"{card['parameters']:,}, of which one token uses {card['active_parameters']:,}",
        "operations": f"{card['flops_per_token']:.3g} FLOPs a token forward, three times that in training",
        "data": f"{card['training_tokens']:,} tokens ({card['training_bytes']:,} bytes) of packaged English text",
        "training": f"{card['steps']:,} steps, {card['tokens']:,} tokens; rule {card['configuration']['rule']}, "
        f"{card['configuration']['precision']}",
    }
    if took:
        rows["time"] = (
            f"{took['seconds']:,.0f} s on {took['device']}, {_count(took['threads'], 'thread')}, "
            f"{_count(took['processes'], 'process')}: "
            f"{took['tokens_per_second']:,.0f} tokens a second"
        )
    sources = list(card["bits_per_byte"]["model"])
    lines = [f"# {card['architecture']}, size {card['size']}, seed {card['seed']}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in rows.items()]
    lines += ["", "Bits per byte of held-out text:", "", f"| | {' | '.join(sources)} |", "|---" * (len(sources) + 1) + "|"]
    for name, by in card["bits_per_byte"].items():
        lines.append(f"| {name} | {' | '.join(f'{by[source]:.3f}' for source in sources)} |")
    if curve:
        lines += ["", f"![Loss and held-out bits per byte by tokens]({curve})"]
    lines += ["", f"Samples (held-out start, continued at temperature {TEMPERATURE}):", ""]
    lines += [f"* {one['source']}: **{one['start']}** {one['continued']}" for one in card["samples"]]
    return "\n".join(lines) + "\n"
