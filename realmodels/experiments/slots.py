"""What the slots of a memory layer store: hubs, the information of a read, and whether reads mark where a name ends."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from realmodels.model import checkpoint
from realmodels.model.slots import read
from realmodels.model.transformer import Transformer
from realmodels.text.counterfactuals import subjects
from realmodels.text.encoded import Encoded
from realmodels.text.encoder import Encoder
from realmodels.training.baselines import Unigram
from realmodels.training.loop import one_thread
from realmodels.training.pretrain import pretrained, text_of
from realmodels.training.recipe import SEEDS
from realmodels.training.slots_of_text import concentration_of, information_of, overlap_of, surprise_of
from realmodels.writing.models import ModelSpec, checkpoint_of, model_spec
from realmodels.writing.scenario import STREAM
from realmodels.writing.subject_slots import WORDINGS, at_equal_index, by_place, chosen, prompts
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

STAGES = ("untrained", "pretrained", "finetuned")
SIZES: dict[Preset, dict[str, int]] = {
    "quick": {"heldout": 24, "training": 128, "subjects": 512},
    "paper": {"heldout": 100, "training": 512, "subjects": 2048},
}
"""Windows of held-out text per source (at most), windows of training text, subjects of prompts."""
BLOCK = 8  # positions of a window that count as one place
WRITTEN = 32  # slots per fact: sparse memory finetuning writes 256 for a task of eight


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per model."""
    return [{"model": model_spec("memory", preset, seed).to_json(), "seed": seed, **SIZES[preset]} for seed in SEEDS[preset]]


def run(cell: Cell, workspace: Path) -> Rows:
    """For the model before its training, after pretraining and after format finetuning: a row of running text, and one per place
    of a prompt."""
    spec = ModelSpec.from_json(cell["model"])
    rows = []
    with one_thread():
        for stage in STAGES:
            model, encoder, text = _model(spec, stage, workspace)
            own = {**dict.fromkeys(EXPERIMENT.columns), "seed": cell["seed"], "stage": stage}
            rows.append({**own, "place": "text", **_of_text(model, text, cell)})
            rows += [{**own, **row} for row in _of_prompts(model, encoder, cell)]
    return rows


def _model(spec: ModelSpec, stage: str, workspace: Path) -> tuple[Transformer, Encoder, Encoded]:
    """The model at a stage, its encoder, and the text of its pretraining."""
    path = checkpoint_of(spec, workspace)
    if stage != "finetuned":
        path = pretrained(spec.architecture, spec.size, spec.seed, spec.preset, workspace)
    model, tokenizer, meta = checkpoint.read(path)
    encoder = Encoder.ours(tokenizer, model.config.vocabulary)
    return (Transformer(model.config, spec.seed) if stage == "untrained" else model), encoder, text_of(meta, workspace)


def _windows(tokens: np.ndarray, length: int, count: int, rng: np.random.Generator) -> Tensor:
    """So many windows [count, length] of a stream of tokens, or all, that do not overlap."""
    whole = len(tokens) // length
    rows = np.sort(rng.permutation(whole)[:count])
    return torch.from_numpy(tokens[: whole * length].reshape(whole, length)[rows].astype(np.int64))


def _of_text(model: Transformer, text: Encoded, cell: Cell) -> dict[str, Any]:
    """The columns of running text. Neighbours are those of the tokens that have one before and one after in their window."""
    rng, size = np.random.default_rng([cell["seed"], 0]), model.config.context
    windows = torch.cat([_windows(source, size, cell["heldout"], rng) for source in text.heldout.values()])
    reads, surprise = read(model, windows)
    earlier, _ = read(model, _windows(text.train, size, cell["training"], rng))
    tokens, middle = windows.numpy(), reads[:, 1:-1].flat
    before, own, after = (tokens[:, at : at + size - 2].ravel() for at in range(3))
    place = np.tile(np.arange(1, size - 1) // BLOCK, len(tokens))
    bits = -np.log2(Unigram(text.train, model.config.vocabulary).p)
    return {
        **concentration_of(reads, tokens, rng),
        **information_of(middle, before, own, after, place, rng),
        **surprise_of(middle, earlier, surprise, own, bits, rng),
        **overlap_of(reads.flat, tokens.ravel(), rng),
    }


def _of_prompts(model: Transformer, encoder: Encoder, cell: Cell) -> Iterator[dict[str, Any]]:
    """The rows of the places of prompts."""
    rng, pool = np.random.default_rng([cell["seed"], 1]), subjects(STREAM)
    some = [pool[at] for at in rng.permutation(len(pool))[: cell["subjects"]]]
    first, second = (prompts(model, encoder, some, wording) for wording in WORDINGS)
    written, reads = chosen(first, WRITTEN), first.reads
    for place, found in by_place((first, second), rng).items():
        at = first.at(place)
        share = float((reads.weights[at] * written[at]).sum(-1).mean())
        yield {"place": place, **vars(found), "specificity": found.specificity, "written": share, "tokens": len(at[0])}
    names = ("inside_equal", "last_equal")
    for place, value in zip(names, at_equal_index((first, second), rng), strict=True):
        yield {"place": place, "specificity": value}


EXPERIMENT = Experiment(
    name="slots",
    question="What do the slots of a memory layer store? Are a few read everywhere? Do rare slots carry information? Do reads "
    "tell the subject of a prompt where its name ends?",
    prediction="Training at least halves the effective number of slots, by weight and by count (P9-hubs). Where the model is "
    "less sure of what comes next it reads commoner slots, also among occurrences of one token (P9-surprise). The last token of "
    "a name tells no more of the subject than a token inside a longer name (P9-boundary). After pretraining the subject is told "
    "at its name and not where the answer is due; after format finetuning it is told there, and better than at the name "
    "(P9-answer). So it is on the development model: effective slots 792 before training and 156 after, by weight; rank "
    "correlations of -0.15; specificity 0.11 inside a name and 0.10 at its end, at the answer 0.00 before format finetuning "
    "and 0.22 after.",
    falsifier="The simultaneous 95% interval over seeds of one of two quantities lies beyond its border: a ratio of effective "
    "numbers above 1/2; a rank correlation above -0.05; specificities at equal numbers further apart than 0.05; less at the "
    "answer than at the name after format finetuning, or more before it.",
    controls="The same layer before its training; slots that are equally likely to be read; information of shuffled tokens "
    "subtracted; correlations among occurrences of one token, against shuffles; different subjects with the same token at the "
    "place; names compared at the same number of a token; prompts with the same tokens of the name in both wordings.",
    columns={
        "seed": Column("Seed of the model, of windows and of subjects.", int),
        "stage": Column("Before training, after pretraining, or after format finetuning.", str),
        "place": Column(
            "Running text (text), or a place of a prompt: the name's first token, inside, last; the token after; the one before "
            "the answer; inside_equal and last_equal at the same number of the token within the name.",
            str,
        ),
        "slots": Column("Slots of the layer.", unit="slots", optional="no running text"),
        "reads": Column("Reads counted: tokens times slots that a token reads.", unit="reads", optional="no running text"),
        "shares": Column("Share of each slot in the weight of all reads, largest first.", list, optional="no running text"),
        "top": Column("Share of all reads, by weight, that the busiest hundredth takes.", optional="no running text"),
        "effective": Column("exp of the entropy of the shares, by weight.", unit="slots", optional="no running text"),
        "never": Column("Share of the slots that are never read.", optional="no running text"),
        "gini": Column("Gini coefficient of the reads of all slots, by weight.", optional="no running text"),
        "counted_top": Column("As `top`, every read counted alike.", optional="no running text"),
        "counted_effective": Column("As `effective`, every read counted alike.", unit="slots", optional="no running text"),
        "counted_gini": Column("As `gini`, every read counted alike.", optional="no running text"),
        "even_top": Column("As `counted_top`, of a draw in which all slots are equally likely.", optional="no running text"),
        "even_effective": Column("As `counted_effective`, of that draw.", unit="slots", optional="no running text"),
        "even_never": Column("As `never`, of that draw.", optional="no running text"),
        "even_gini": Column("As `counted_gini`, of that draw.", optional="no running text"),
        "hub_tokens": Column(
            "exp of the entropy of the tokens at which a slot is read; geometric mean over the busiest hundredth.",
            unit="tokens",
            optional="no running text",
        ),
        "text_tokens": Column("exp of the entropy of the tokens of the text.", unit="tokens", optional="no running text"),
        "slot_bits": Column("Entropy of the slot of a read, by weight.", unit="bits", optional="no running text"),
        "context_bits": Column("Of these, how many the context fixes.", unit="bits", optional="no running text"),
        "token_bits": Column(
            "Information of a read on its token, that of shuffled tokens subtracted.", unit="bits", optional="no running text"
        ),
        "before_bits": Column("The same on the token before, given the token.", unit="bits", optional="no running text"),
        "after_bits": Column("The same on the next token, given the token.", unit="bits", optional="no running text"),
        "next_bits": Column("The same on the next token.", unit="bits", optional="no running text"),
        "position_bits": Column(
            "The same on the position in the window, in blocks of eight.", unit="bits", optional="no running text"
        ),
        "token_bits_counted": Column("As `token_bits`, nothing subtracted.", unit="bits", optional="no running text"),
        "before_bits_counted": Column("As `before_bits`, nothing subtracted.", unit="bits", optional="no running text"),
        "after_bits_counted": Column("As `after_bits`, nothing subtracted.", unit="bits", optional="no running text"),
        "next_bits_counted": Column("As `next_bits`, nothing subtracted.", unit="bits", optional="no running text"),
        "position_bits_counted": Column("As `position_bits`, nothing subtracted.", unit="bits", optional="no running text"),
        "rarity": Column(
            "Mean rarity of the slots that a token reads: -log2 of their share in training text.",
            unit="bits",
            optional="no running text",
        ),
        "rho_frequency": Column("Rank correlation of rarity and the token's -log2 frequency.", optional="no running text"),
        "rho_token": Column("Rank correlation of rarity and the model's surprise at the token.", optional="no running text"),
        "rho_token_within": Column("The same among occurrences of one token.", optional="no running text"),
        "rho_next": Column("Rank correlation of rarity and the model's surprise at the next token.", optional="no running text"),
        "rho_next_within": Column("The same among occurrences of one token.", optional="no running text"),
        "chance_next": Column("Largest size of `rho_next` in 99 shuffles.", optional="no running text"),
        "chance_next_within": Column("Largest size of `rho_next_within` in 99 shuffles.", optional="no running text"),
        "rarity_profile": Column(
            "Mean rarity by tenths of the surprise at the next token.", list, unit="bits", optional="no running text"
        ),
        "rarity_profile_within": Column(
            "The same relative to the occurrences of one token.", list, unit="bits", optional="no running text"
        ),
        "overlap_any": Column("Overlap of the reads of two tokens of running text.", optional="no running text"),
        "overlap_alike": Column("The same of two occurrences of one token.", optional="no running text"),
        "pairs": Column("Pairs of different subjects with the same token at the place.", optional="no place of a prompt"),
        "same": Column("Overlap of the reads of one subject between two wordings.", optional="no place of a prompt"),
        "other": Column("The same of different subjects with the same token at the place.", optional="no place of a prompt"),
        "alike": Column("The same in one wording.", optional="no place of a prompt"),
        "any": Column("Overlap of different subjects, whatever their token, in one wording.", optional="no place of a prompt"),
        "specificity": Column("`same` less `other`: what reads tell of the subject beyond the token.", optional="running text"),
        "written": Column(
            "Share of the reads at the place, by weight, that sparse memory finetuning would write for the prompt alone.",
            optional="no place of a prompt",
        ),
        "tokens": Column("Tokens at the place.", unit="tokens", optional="no place of a prompt"),
    },
    cells=cells,
    run=run,
    after=("format_finetuning",),
)
