"""One symbol, one meaning: every quantity that the laws speak of, with its unit and the range in which it makes sense.

The names are the keyword arguments of `theory.proof.claim`, the column names of results and the labels of figures. A `Term`
ties a SymPy symbol to its meaning, and `TERMS` is the glossary. Symbols without a term (`x`, `u`, `k`, ...) are bound variables
of one derivation and mean nothing outside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp


@dataclass(frozen=True)
class Term:
    """A symbol, its meaning, its unit, the interval it lives in, and three values at which identities are tried out."""

    symbol: sp.Symbol
    meaning: str
    unit: str
    interval: str
    samples: tuple[Any, Any, Any]

    def admits(self, value: Any) -> bool:
        """Whether the number, or every number of the array, lies in the interval."""
        low, high = (float(end) for end in self.interval[1:-1].split(","))
        above = np.greater_equal if self.interval.startswith("[") else np.greater
        below = np.less_equal if self.interval.endswith("]") else np.less
        return bool(np.all(above(value, low) & below(value, high)))


TERMS: dict[str, Term] = {}


def _term(name: str, interval: str, unit: str, samples: str, meaning: str) -> sp.Symbol:
    """Enter a term; symbols are positive, so that SymPy simplifies powers (values at the edge are left to the tests)."""
    symbol = sp.Symbol(name, positive=True)
    first, second, third = (sp.Rational(sample) for sample in samples.split())
    TERMS[name] = Term(symbol, meaning, unit, interval, (first, second, third))
    return symbol


# fmt: off
N = _term("N", "[1, inf)", "parameters", "64 100 37", "parameters (or cells) of one store")
d = _term("d", "[1, inf)", "parameters", "1000 64 4096", "all parameters of a system")
T = _term("T", "[1, inf)", "tasks", "5 20 7", "tasks written one after another")
D = _term("D", "[1, inf)", "facts", "3 1 8", "facts in a task (bits, where cells hold them)")
M = _term("M", "[1, inf)", "facts", "150 20 56", "facts in all, M = T*D")
P = _term("P", "(1, inf)", "patterns", "150 20 56", "patterns added into one Hebbian store")
a = _term("a", "(0, 1]", "fraction", "1/10 1/3 1/2", "active fraction of a code; s = 1 - a is its sparsity")
c = _term("c", "[0, 1]", "fraction", "1 2/3 1/4", "squared mean over mean square of active magnitudes; 0 for centred codes")
f = _term("f", "(0, 1)", "fraction", "1/10 1/2 1/5", "coding level of stored outputs")
eta = _term("eta", "(0, 1]", "fraction", "1/10 1/2 9/10", "write strength of the delta rule")
lam = _term("lambda", "[0, 1]", "fraction", "1/50 1/5 1/2", "an eigenvalue of Sigma = E[u u^T], whose trace is 1")
age = _term("age", "[0, inf)", "facts", "3 10 0", "writes made since a fact was written, 0 for the newest")
depth = _term("depth", "(0, 1]", "retained fraction", "1/10 1/2 1", "retained depth of a fact, d(readout)/d(target)")
b = _term("b", "(0, inf)", "bits", "1 4 2", "bits that one cell holds")
R = _term("R", "[0, inf)", "bits", "10 60 30", "bits of structure shared by all tasks")
D_s = _term("D_s", "(0, inf)", "bits", "1 5 1/2", "private bits of each task")
r = _term("r", "[0, inf)", "ratio", "10 3 100", "shared over private bits, r = R/D_s")
sigma = _term("sigma", "(0, inf)", "target units", "1 1/2 2", "standard deviation of the private part of a target")
J = _term("J", "(0, inf)", "target units^2", "1/10 1/20 3", "steady mean-square error on the shared part")
S = _term("S", "[0, inf)", "bits", "64 100 7", "whole persistent state of a system: parameters and protective state")
m = _term("m", "[2, inf)", "alternatives", "2 10 3", "equally likely alternatives of one fact")
error = _term("error", "[0, 1)", "fraction", "1/10 1/100 1/5", "probability that a fact (or a unit) is read wrongly")
snr = _term("snr", "(0, inf)", "power ratio", "1 3 1/10", "power signal-to-noise ratio of a read")
load = _term("load", "(0, inf)", "patterns per synapse", "1/5 1/3 2", "patterns stored per synapse of a unit, P/N")
cue = _term("cue", "[0, inf)", "bits", "0 10 1/2", "bits of a stored cue: of a fact, or of its share for one unit")
fast = _term("fast", "(0, inf)", "bits per cell", "1/2 1 2", "bits that one cell of the fast store holds")
copies = _term("copies", "[1, inf)", "copies", "1 2 3", "states of the slow store that exist at once")
stability = _term("stability", "[0, inf)", "field units", "0 1/2 1", "least margin of a stored pattern, weights of norm sqrt N")
outputs = _term("outputs", "[1, inf)", "outputs", "10 30 64", "outputs of a layer, each with N parameters of its own")
B = _term("B", "[0, inf)", "facts", "5 8 2", "facts that a replay buffer holds, or cues that a sleep rehearses")
rank = _term("rank", "[1, inf)", "directions", "4 10 2", "rank of a matrix: of an adapter's update, or of a span of keys")
experts = _term("experts", "[1, inf)", "experts", "4 10 2", "experts of a layer; each fact is routed to one")
sleeps = _term("sleeps", "[0, inf)", "sleeps", "3 10 1", "rehearsals of all that is held, one between two tasks")
noise = _term("noise", "[0, inf)", "target units^2", "1/10 1/100 1", "variance of the error with which an answer is rehearsed")
sweeps = _term("sweeps", "[0, inf)", "passes", "3 10 1", "presentations per held fact in one rehearsal, on average")
eps = _term("eps", "(0, 1)", "fraction", "1/10 1/100 1/2", "share of the squared error that a rehearsal may leave")
hold = _term("hold", "[1, inf)", "tasks", "2 5 1", "tasks that the fast store holds between two sleeps")
price = _term("price", "(0, inf)", "presentations", "100 7 1000", "cost of holding one more task, in presentations")
share = _term("share", "(0, 1]", "fraction", "1/10 1/4 1", "share of the writes that are deep, in the long run")
drift = _term("drift", "[0, 1.5707963267948966]", "radians", "1/10 1/2 1", "angle between two successive write directions")
shortfall = _term("shortfall", "(0, inf)", "facts", "1/10 1/2 1/100", "facts by which a total stays below its least upper bound")
gain = _term("gain", "(0, inf)", "ratio", "1 2 1/2", "operator norm of the map from targets to outputs")
jump = _term("jump", "(0, inf)", "ratio", "1 10 100", "jump of an output over the standard deviation of its target")
energy = _term("energy", "(0, inf)", "target units^2", "1 3 1/2", "squared norm of the true weights of a task")
rho = _term("rho", "[0, 1]", "fraction", "1/3 1/10 3/4", "cosine between the true weights of two tasks")
M_s = _term("M_s", "[2, inf)", "states", "4 2 9", "internal states of a bounded synapse")
rate = _term("rate", "(0, inf)", "events per time unit", "1 3 1/2", "plasticity events per unit of time, at every synapse")
t = _term("t", "[0, inf)", "time units", "7 40 300", "time since a write, or of training")
beakers = _term("beakers", "[1, inf)", "beakers", "3 6 10", "coupled variables in a chain inside a synapse")
alpha = _term("alpha", "(0, inf)", "ratio", "1/2 2 3", "examples over parameters of a student")
teacher_snr = _term("teacher_snr", "(0, inf)", "power ratio", "1 4 1/2", "signal power over noise power in the targets")
delta = _term("delta", "(0, 1)", "fraction", "1/10 1/100 1/5", "probability that a task's bits cannot be recovered")
damage = _term("damage", "[0, 1)", "fraction", "1/1000 1/100 1/50", "share of the always-on cells that one task destroys")
erasure = _term("erasure", "[0, 1)", "fraction", "1/10 1/100 1/5", "probability that a cell cannot be read, and is known to be")
flip = _term("flip", "[0, 1]", "fraction", "1/10 1/100 1/5", "probability that a bit is read, or a shared bit seen, wrongly")
C_slow = _term("C_slow", "(0, inf)", "labels per number", "2 9/5 3/2", "labels that the slow store holds per number of its state")
c_fast = _term("c_fast", "(0, inf)", "numbers per label", "7/5 3 1", "numbers of the fast store's state per label that it holds")
C_other = _term("C_other", "(0, inf)", "labels per number", "2 4/3 3/2", "C_slow of the system compared with")
c_other = _term("c_other", "(0, inf)", "numbers per label", "3 7/5 1", "c_fast of the system compared with")
C_one = _term("C_one", "(0, inf)", "labels per number", "1/3 1 3/4", "labels per number that one store holds under the same rule")
p_b = _term("p_b", "(0, inf)", "bits", "16 4 2", "bits in which one number of a store is kept")
features = _term("features", "[1, inf)", "features", "4 10 2", "features that an embedding represents, each by one direction")
dims = _term("dims", "[1, inf)", "dimensions", "2 3 1", "dimensions of that embedding")
density = _term("density", "(0, 1]", "fraction", "1/10 1/2 1", "probability that a feature is active, 1 - sparsity")
importance = _term("importance", "(0, inf)", "ratio", "1/3 1 2", "weight of the second feature's squared error over the first's")
# fmt: on
