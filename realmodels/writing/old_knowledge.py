"""Facts that a model knew before a stream: real ones of the stream's form, which it was shown in format finetuning.

A fact counts as known if the model gives its answer at least the probability SURE among all answers, in both wordings. They are
chosen before any write, and are the same for every method.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from realmodels.text.encoder import Encoder
from realmodels.text.facts import TEMPLATES, Fact
from realmodels.writing.format_finetuning import example_subjects
from realmodels.writing.outputs import Facts, asked, encode
from realmodels.writing.retained import answer_shares
from theory.errors import UserError

SURE = 0.95


@dataclass(frozen=True)
class OldKnowledge:
    """wordings: the same facts in both wordings. bits: what the model knew of each before, mean over wordings."""

    wordings: tuple[Facts, Facts]
    bits: float

    def lost(self, model: nn.Module) -> tuple[float, float]:
        """(share of the answers that are no longer the likeliest, bits that a fact's answer lost), means over both wordings."""
        now = [asked(model, facts) for facts in self.wordings]
        right = float(np.mean([one.recall.mean() for one in now]))
        return 1 - right, self.bits - float(np.mean([one.bits.mean() for one in now]))


def old_knowledge(model: nn.Module, encoder: Encoder, stream: str, each: int, count: int) -> OldKnowledge:
    """So many of the facts that format finetuning showed, evenly spread over those that the model is sure of.

    each: as in `FormatFinetuning`. Raises UserError if the model is sure of fewer.
    """
    shown = [(subject, answer) for answer, pool in example_subjects(stream, each).items() for subject in pool]
    wordings = [
        encode([Fact(wording.format(subject), f" {answer}", 0) for subject, answer in shown], encoder)
        for wording in TEMPLATES[stream]
    ]
    sure = torch.stack([torch.from_numpy(_own_share(model, facts)) >= SURE for facts in wordings]).all(0).nonzero()[:, 0]
    if len(sure) < count:
        raise UserError(f"the model is sure of {len(sure)} facts of stream {stream!r}, not of {count}: ask for fewer")
    chosen = sure[torch.from_numpy(np.linspace(0, len(sure) - 1, count).round().astype(np.int64))]
    first, second = (facts[chosen] for facts in wordings)
    return OldKnowledge((first, second), float(np.mean([asked(model, facts).bits.mean() for facts in (first, second)])))


def _own_share(model: nn.Module, facts: Facts) -> np.ndarray:
    """Probability of each fact's answer among all answers [F]."""
    return answer_shares(model, facts)[np.arange(len(facts)), facts.target.numpy()]
