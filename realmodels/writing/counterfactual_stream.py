"""A model and a stream of counterfactual facts for it, with prompts about other subjects that are never written."""

from dataclasses import dataclass
from pathlib import Path

from realmodels.model import checkpoint
from realmodels.model.transformer import Transformer
from realmodels.text.counterfactuals import counterfactuals
from realmodels.text.encoded import Encoded
from realmodels.text.encoder import Encoder
from realmodels.text.facts import Fact
from realmodels.training.evaluate import HELDOUT_TOKENS, bits_per_byte
from realmodels.training.pretrain import text_of
from realmodels.writing.outputs import Facts, encode
from realmodels.writing.scenario import STREAM


@dataclass(frozen=True)
class CounterfactualStream:
    """model: as it is before the first write. facts, rephrased: the stream in the wording that is written and in one that is not.
    others: facts of the same kind about other subjects, for what a method and a law may look at before any write.
    """

    model: Transformer
    encoder: Encoder
    text: Encoded
    facts: Facts
    rephrased: Facts
    others: Facts

    def heldout(self, model: Transformer) -> float:
        """Cross-entropy of held-out text, bits per byte."""
        return bits_per_byte(model, self.text, HELDOUT_TOKENS)["all"]


def counterfactual_stream(path: Path, seed: int, tasks: int, D: int, background: int, workspace: Path) -> CounterfactualStream:
    """The stream of so many tasks of D facts, drawn with `seed`, and `background` facts more.

    path: checkpoint of the model. Raises UserError if there are too few subjects.
    """
    trained, tokenizer, meta = checkpoint.read(path)
    encoder = Encoder.ours(tokenizer, trained.config.vocabulary)
    drawn = counterfactuals(STREAM, tasks * D + background, D, seed)
    whole = encode(drawn, encoder)
    written = whole.task < tasks
    other = encode([Fact(fact.heldout_prompt or fact.prompt, fact.answer, fact.task) for fact in drawn], encoder)
    return CounterfactualStream(trained, encoder, text_of(meta, workspace), whole[written], other[written], whole[~written])
