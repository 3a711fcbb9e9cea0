"""Facts that a small one-shot store holds: C3's threshold with what is left out in large stores.

A store of n inputs keeps P facts with random unit cues; the labels of k units are one active cell of 2^k, read by the most active
(k = 1: one unit, read by sign). Three terms vanish as n grows. A fact disturbs P - 1 others, not P. The noise of a cell comes
from the few facts that have it active, binomial in number, so that its tails are heavier than normal. And labels are counted: of
M facts at most a whole number may be wrong, which for few facts is none.
"""

from functools import cache
from math import comb

import numpy as np
from scipy.special import ndtr
from scipy.stats import binom

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
MANY = 50
"""So many facts in a row that fail end the sum: the chance that more hold is then nil."""


@cache
def group_error(inputs: int, facts: int, k: int) -> float:
    """Probability that a group of k units is read wrongly, of a fact among `facts` in a store of that many inputs.

    The noise of a cell that is active in K other facts is normal of variance K/inputs.
    """
    others = facts - 1
    if others < 1:
        return 0.0
    if k == 1:
        return float(ndtr(-np.sqrt(inputs / others)))
    active = np.arange(others + 1)
    chance = binom.pmf(active, others, 2.0**-k)
    kept = chance > 1e-14
    spread, chance = np.sqrt(active[kept] / inputs), chance[kept]
    read = 1 + spread[:, None] * NODES  # [K, nodes], the fact's own cell
    with np.errstate(divide="ignore"):
        below = np.where(spread > 0, ndtr(read[..., None] / np.where(spread > 0, spread, 1)), (read[..., None] > 0)) @ chance
    right = (below ** (2**k - 1)) @ (WEIGHTS / WEIGHTS.sum())
    return float(1 - right @ chance)


def chance_held(inputs: int, facts: int, k: int, tasks: int, outputs: int, error: float) -> float:
    """Probability that of `facts` in `tasks` tasks, each written into the emptied store, at most a share `error` is read wrongly.

    facts: of all tasks. outputs: labels of a fact, a multiple of k. A wrong cell is any other one: its labels differ by chance.
    """
    groups = facts * outputs // k
    wrong = group_error(inputs, -(-facts // tasks), k)
    one = np.array([1 - wrong, *(wrong * comb(k, j) / (2**k - 1) for j in range(1, k + 1))])
    length = groups * k + 1
    total = np.fft.irfft(np.fft.rfft(one, 2 * length) ** groups, 2 * length)
    return float(min(1.0, np.sum(total[: int(error * facts * outputs + 1e-9) + 1])))


def facts_held(inputs: int, k: int, tasks: int, outputs: int, error: float) -> float:
    """Mean of the largest number of facts that a store of so many inputs holds: the sum of the chances that so many are held."""
    total, facts, failed = 0.0, 0, 0
    while failed < MANY:
        facts += 1
        chance = chance_held(inputs, facts, k, tasks, outputs, error)
        total += chance
        failed = failed + 1 if chance < 1e-4 else 0
    return total
