"""Knowledge: facts that are read many times in pretraining, and recalled in phrasings that were never read.

A phrasing is of one of three sorts:
* "read": the texts have it.
* "prefixed": the texts have it from the name on, but never with these words before the name.
* "heldout": the words between name and answer are in no text.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from realmodels.model import checkpoint
from realmodels.model.architectures import parameters
from realmodels.model.part import code
from realmodels.model.transformer import Transformer
from realmodels.text.biographies import RELATIONS, Biographies, Question, Relation, people, sentence
from realmodels.text.candidates import CANDIDATES
from realmodels.text.known_cities import CITY, cities
from realmodels.text.tokenizer import Tokenizer
from realmodels.training import pretrain, recipe
from realmodels.training.evaluate import bits_per_byte
from realmodels.training.loop import one_thread
from realmodels.training.pretrain import text_of
from realmodels.training.recall import recall_scores
from realmodels.training.recipe import CORPORA, PretrainConfig
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.progress import reporter
from simulate.runs.store import Rows

MODELS = ("dense", "memory")
SEEDS: dict[Preset, tuple[int, ...]] = {"quick": (0,), "paper": (21, 22, 23)}  # of all models that read facts in pretraining
PEOPLE, CITIES, EXPOSURES = 32, 4, 300  # people; cities per country; texts per person and per city in the corpus
STEPS = 1788  # of pretraining with facts: 1000 times all tokens over those of the English text, so that both read as much of it
PHRASINGS = ("read", "prefixed", "heldout")
CITY_HELDOUT = ("{} is a city located in", "{} is a town that lies in")  # those that biographies hold out are "prefixed"


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


def phrasings(relation: Relation, phrasing: str) -> tuple[str, ...]:
    """The phrasings of a relation that are "read", "prefixed" or "heldout"."""
    if phrasing == "read":
        return relation.phrasings
    read = {text.split("{}")[1] for text in relation.phrasings}
    others = (*relation.heldout, *(CITY_HELDOUT if relation is CITY else ()))
    return tuple(text for text in others if (text.split("{}")[1] in read) == (phrasing == "prefixed"))


def facts(seed: int) -> dict[str, list[tuple[Relation, str, str]]]:
    """(relation, name, value) of what the models of a seed may be taught, by kind: "people", "cities"."""
    known = [
        (relation, " ".join(person.name), value)
        for person in people(Biographies(PEOPLE, seed))
        for relation, value in zip(RELATIONS.values(), person.values, strict=True)
    ]
    return {"people": known, "cities": [(CITY, city, country) for city, country in cities(CITIES).items()]}


def questions(seed: int, phrasing: str) -> dict[str, list[Question]]:
    """The questions on the facts of a seed in phrasings of one sort, by kind of fact."""
    choices = {"people": Biographies(PEOPLE, seed).choices, "cities": len(CANDIDATES)}
    return {
        kind: [
            Question(*sentence(relation, text, name, value), choices[kind])
            for relation, name, value in known
            for text in phrasings(relation, phrasing)
        ]
        for kind, known in facts(seed).items()
    }


def run(cell: Cell, workspace: Path) -> Rows:
    """Train the model, or read it if it is there. One row per kind of fact and phrasing.

    The facts are those of the model's seed, whether it has read them or not.
    """
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
    """What the model recalls of the facts of a seed: one row per kind of fact and phrasing."""
    rows, known = [], facts(seed)
    for phrasing in PHRASINGS:
        for kind, batch in questions(seed, phrasing).items():
            scores = recall_scores(model, tokenizer.encode, batch)
            rows.append(
                {
                    "kind": kind,
                    "phrasing": phrasing,
                    "facts": len(known[kind]),
                    "questions": len(batch),
                    "recall": scores.recall,
                    "bits": scores.learned / len(batch),
                    "most_bits": float(scores.most.mean()),
                    "answer_bits": float(scores.bits.mean()),
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
    "amount of English text. Held-out phrasings are in no text, from the name on, and are made of words that are.",
    columns={
        "architecture": Column("Architecture, as `cwb models` names it.", str),
        "seed": Column("Seed of weights, order of texts and people.", int),
        "taught": Column("Whether the facts were in the training text.", bool),
        "parameters": Column("Parameters of the model.", int, unit="parameters"),
        "tokens": Column("Tokens read in training.", int, unit="tokens"),
        "read": Column("Tokens read over tokens of the training text."),
        "exposures": Column("Texts about each person or city in the training text.", int, unit="texts"),
        "heldout_bits_per_byte": Column("Cross-entropy on held-out text.", unit="bits per byte"),
        "kind": Column("Kind of fact: people or cities.", str),
        "phrasing": Column("read (in the training text), prefixed (other words before the name) or heldout (never read).", str),
        "facts": Column("Facts asked for.", int, unit="facts"),
        "questions": Column("Questions asked: facts times phrasings.", int, unit="questions"),
        "recall": Column("Share of the questions whose greedy answer is exactly right."),
        "bits": Column("Mean per question of log2(choices) minus the bits that the answer costs, at least 0.", unit="bits"),
        "most_bits": Column("Mean of log2(choices): bits of an answer known for certain.", unit="bits"),
        "answer_bits": Column("Mean bits that the right answer costs the model.", unit="bits"),
    },
    cells=cells,
    run=run,
    after=("pretraining",),
)
