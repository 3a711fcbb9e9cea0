"""What reads of slots say: how unevenly slots are read, what a slot tells of its token, and where rare slots are read.

With S the slot of one read of a token, drawn by its weight, and X something about the token, I(S; X) is the mutual information in
bits. The reads are a function of the context, so that all that can be told of S is I(S; context) = H(S) less the mean over tokens
of the entropy of a token's own reads. A table of counts makes too much of chance. So what is counted with labels shuffled over
the tokens is subtracted. Where the dependence is strong this is too much, for shuffling fills cells that are in truth empty. The
truth lies between the two numbers (`Information`), but for noise.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from realmodels.model.slots import Reads

SHUFFLES = 3  # whose mean information is subtracted
BUSIEST = 0.01  # share of the slots that count as the busiest


class Concentration(NamedTuple):
    """How unevenly slots are read.

    top: share of all reads that the busiest hundredth of the slots take. effective: exp of the entropy, in slots. never: share of
    slots that are never read. gini: 0 if all are read alike, near 1 if one takes all.
    """

    top: float
    effective: float
    never: float
    gini: float


def concentration(reads: np.ndarray) -> Concentration:
    """Of reads per slot [S], counted or weighed."""
    share = np.sort(reads) / reads.sum()
    some, size = share[share > 0], len(share)
    return Concentration(
        float(share[-round(BUSIEST * size) :].sum()),
        float(np.exp(-(some * np.log(some)).sum())),
        float((share == 0).mean()),
        float(((2 * np.arange(1, size + 1) - size - 1) * share).sum() / size),
    )


def entropy(weights: np.ndarray) -> float:
    """Entropy in bits of weights that need not sum to 1."""
    share = weights[weights > 0] / weights.sum()
    return float(-(share * np.log2(share)).sum())


def context_information(reads: Reads) -> tuple[float, float]:
    """(H(S), I(S; context)) in bits, of reads [N, R]."""
    tokens, each = reads.slots.shape
    code = np.arange(tokens).repeat(each) * reads.table + reads.slots.ravel()
    whole = entropy(reads.shares)
    return whole, whole - (entropy(_sums(code, reads.weights.ravel())) - np.log2(tokens))


def _sums(codes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Total weight of each kind of code."""
    return np.bincount(np.unique(codes, return_inverse=True)[1], weights)


class Information(NamedTuple):
    """Mutual information in bits: as counted, and with that of shuffled labels subtracted. The truth lies between."""

    counted: float
    corrected: float


def information(reads: Reads, labels: np.ndarray, rng: np.random.Generator, given: np.ndarray | None = None) -> Information:
    """I(S; labels), or I(S; labels | given), of reads [N, R] and whole numbers [N]: labels, given >= 0.

    Labels are shuffled over all tokens, or over those of the same `given`.
    """
    held = np.zeros(len(labels), dtype=np.int64) if given is None else given.astype(np.int64)
    counted = _conditional(reads, labels, held)
    chance = np.mean([_conditional(reads, shuffled(labels, held, rng), held) for _ in range(SHUFFLES)])
    return Information(counted, counted - float(chance))


def _conditional(reads: Reads, labels: np.ndarray, given: np.ndarray) -> float:
    """I(S; labels | given) = H(S, G) + H(L, G) - H(S, L, G) - H(G), as counted."""
    both = np.unique(given * (labels.max() + 1) + labels, return_inverse=True)[1]
    each, weights = reads.slots.shape[1], reads.weights.ravel()

    def with_slots(of: np.ndarray) -> float:
        return entropy(_sums(of.repeat(each) * reads.table + reads.slots.ravel(), weights))

    return with_slots(given) + entropy(np.bincount(both)) - with_slots(both) - entropy(np.bincount(given))


def shuffled(values: np.ndarray, given: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The values [N] in a random order within each group of equal `given` [N]."""
    found = np.empty_like(values)
    found[np.argsort(given, kind="stable")] = values[np.lexsort((rng.random(len(given)), given))]
    return found


def rank_correlation(x: np.ndarray, y: np.ndarray, given: np.ndarray | None = None) -> float:
    """Spearman's correlation of x [N] and y [N]; with `given` [N], of what their ranks differ by from their group's mean rank.

    0 if one of them does not vary, within a group.
    """
    a, b = _ranks(x, given), _ranks(y, given)
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale else 0.0


def rank_chance(x: np.ndarray, y: np.ndarray, times: int, rng: np.random.Generator, given: np.ndarray | None = None) -> float:
    """Largest size of `rank_correlation` among so many shuffles of y over all tokens, or within groups of `given`."""
    groups = np.zeros(len(x), dtype=np.int64) if given is None else given
    a, b = _ranks(x, given), _ranks(y, given)
    scale = np.sqrt((a @ a) * (b @ b))
    return float(max(abs(a @ shuffled(b, groups, rng)) for _ in range(times)) / scale) if scale else 0.0


def _ranks(values: np.ndarray, given: np.ndarray | None) -> np.ndarray:
    """Ranks [N], less the mean of their group."""
    ranks = rankdata(values)
    groups = np.zeros(len(ranks), dtype=np.int64) if given is None else np.unique(given, return_inverse=True)[1]
    return ranks - (np.bincount(groups, ranks) / np.bincount(groups))[groups]


def profile(x: np.ndarray, y: np.ndarray, given: np.ndarray | None = None, parts: int = 10) -> np.ndarray:
    """Mean of y [N] in each tenth [parts] of the x [N], from the least; with `given` [N], both relative to their group.

    Relative are the rank of x less its group's mean rank, and y less its group's mean.
    """
    level = _ranks(x, given)
    if given is not None:
        groups = np.unique(given, return_inverse=True)[1]
        y = y - (np.bincount(groups, y) / np.bincount(groups))[groups]
    return np.array([part.mean() for part in np.array_split(y[np.argsort(level, kind="stable")], parts)])


def effective_labels(reads: Reads, labels: np.ndarray) -> float:
    """exp of the entropy of the labels [N] of the tokens at which a slot is read, of reads [N, R].

    Geometric mean over the busiest hundredth of the slots, by weight.
    """
    busiest = np.argsort(reads.shares)[-round(BUSIEST * reads.table) :]
    weights = [np.where(reads.slots == slot, reads.weights, 0).sum(1) for slot in busiest]
    return float(np.exp(np.log(2) * np.mean([entropy(np.bincount(labels, weight)) for weight in weights])))
