"""Knowledge: facts that are read many times in pretraining, and recalled in phrasings that were never read."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from realmodels import checkpoint, pretrain, recipe
from realmodels.architectures import parameters
from realmodels.biographies import Biographies, Question, city_questions, questions
from realmodels.evaluate import bits_per_byte
from realmodels.part import code
from realmodels.pretrain import text_of
from realmodels.recall import examine
from realmodels.recipe import CORPORA, SEEDS, PretrainConfig
from realmodels.tokenizer import Tokenizer
from realmodels.training import one_thread
from realmodels.transformer import Transformer
from simulate.experiment import Cell, Experiment, Preset
from simulate.progress import reporter
from simulate.store import Rows

MODELS = ("dense", "memory")
PEOPLE, CITIES, EXPOSURES = 32, 4, 300  # persons; cities of each of the 16 countries; texts on each in the corpus
STEPS = 1788  # of pretraining with facts: 1000 times all tokens over those of the English text, so that both read as much of it


def taught(architecture: str, seed: int, preset: Preset, steps: int = STEPS) -> PretrainConfig:
    """The pretraining of a model of size "small" that reads the facts among the text; each seed has people of its own."""
    corpus = replace(CORPORA[preset], people=PEOPLE, cities=CITIES, exposures=EXPOSURES, people_seed=seed)
    return recipe.config(architecture, "small", seed, preset, corpus=corpus, steps=steps)


def cells(preset: Preset) -> Sequence[Cell]:
    """Every model and seed with facts in its text, and without (the models of the experiment `pretraining`)."""
    configs = [
        make(architecture, seed)
        for make in (
            lambda architecture, seed: taught(architecture, seed, preset),
            lambda architecture, seed: recipe.config(architecture, "small", seed, preset),
        )
        for architecture in MODELS
        for seed in SEEDS[preset]
    ]
    return [{**config.to_json(), "code": code(config.model)} for config in configs]


def asked(seed: int, heldout: bool) -> dict[str, list[Question]]:
    """The questions on what the models of a seed may be taught, by kind: "people", "cities"."""
    return {"people": questions(Biographies(PEOPLE, seed), heldout), "cities": city_questions(CITIES, heldout)}


def run(cell: Cell, workspace: Path) -> Rows:
    """Train (or find) the model; a row a kind of fact and phrasing, on the facts of its seed whether it has read them or not."""
    config = PretrainConfig.from_json(cell)
    tell = reporter(workspace, f"knowledge {config.model.architecture} {config.seed}")
    model, tokenizer, meta = checkpoint.read(pretrain.train(config, workspace, tell))
    text = text_of(meta, workspace)
    with one_thread():
        own = {
            "architecture": config.model.architecture,
            "seed": config.seed,
            "taught": config.corpus.people > 0,
            "parameters": parameters(config.model),
            "tokens": config.total_steps * config.batch * config.model.context,
            "read": config.total_steps * config.batch * config.model.context / len(text.train),
            "exposures": config.corpus.exposures,
            "heldout_bits_per_byte": bits_per_byte(model, text)["all"],
        }
        return [{**own, **row} for row in recalled(model, tokenizer, config.seed)]


def recalled(model: Transformer, tokenizer: Tokenizer, seed: int) -> Rows:
    """What the model recalls of the facts of a seed: a row a kind of fact and phrasing."""
    rows = []
    for phrasing in ("read", "heldout"):
        for kind, found in asked(seed, phrasing == "heldout").items():
            marks = examine(model, tokenizer.encode, found)
            rows.append(
                {
                    "kind": kind,
                    "phrasing": phrasing,
                    "questions": len(found),
                    "recall": marks.recall,
                    "bits": marks.learned / len(found),
                    "most_bits": float(marks.most.mean()),
                    "answer_bits": float(marks.bits.mean()),
                }
            )
    return rows


EXPERIMENT = Experiment(
    name="knowledge",
    question="Do the dense and the memory model know facts that they have read often enough for forgetting to be measured on "
    "knowledge?",
    prediction="Greedy answers to phrasings that were never read are exactly right for at least 95% of the facts, people and "
    "cities alike, in both models; held-out text costs less than 0.15 bits per byte more than without the facts.",
    falsifier="Recall on held-out phrasings below 95% in either model: what is measured as forgetting would partly be noise.",
    controls="The same models without the facts: their recall is chance, their held-out text is the price; they read the same "
    "amount of English text. Held-out phrasings are in no text, and are made of words that are.",
    cells=cells,
    run=run,
    after=("pretraining",),
)
