"""Baselines: how well do token frequencies, token pairs and a general compressor predict the held-out text?"""

from collections.abc import Sequence
from pathlib import Path

from realmodels.model.architectures import SIZES
from realmodels.text.corpora import CorpusConfig
from realmodels.text.encoded import encoded
from realmodels.training.baselines import baselines
from realmodels.training.recipe import CORPORA
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows


def cells(preset: Preset) -> Sequence[Cell]:
    """One cell: the text and vocabulary of the pretrained models."""
    return [{"corpus": CORPORA[preset].to_json(), "vocabulary": SIZES["small"]["vocabulary"]}]


def run(cell: Cell, workspace: Path) -> Rows:
    """One row per baseline and source ("all": the sources together)."""
    text = encoded(CorpusConfig(**cell["corpus"]), cell["vocabulary"], workspace)
    return [
        {"name": name, "source": source, "bits_per_byte": value}
        for name, by_source in baselines(text).items()
        for source, value in by_source.items()
    ]


EXPERIMENT = Experiment(
    name="baselines",
    question="How many bits per byte of held-out text do predictors need that know no more than frequencies, pairs or repeats?",
    prediction="unigram > bigram on every source; lzma comes nearest to the models where text is formulaic (factbook).",
    falsifier="The bigram is not better than the unigram on some source: then the tokens or the counts are wrong.",
    controls="Same training text, same held-out bytes, same tokens as the language models; the bigram's discount is tuned.",
    columns={
        "name": Column("Predictor: unigram, bigram or lzma.", str),
        "source": Column("Source of the held-out text; all means the sources together.", str),
        "bits_per_byte": Column("Cross-entropy (lzma: compressed size) of the held-out text.", unit="bits per byte"),
    },
    cells=cells,
    run=run,
)
