"""Bounded synapses and chains: what Lahiri and Ganguli, and Benna and Fusi found, by our computation."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from theory.chain import geometric, kernel, kernel_power
from theory.envelope import area, binary, by_age, curve, serial
from theory.literature.agreement import Agreement

LAHIRI = "Lahiri and Ganguli 2013, NeurIPS 26, A memory frontier for complex synapses"
BENNA = "Benna and Fusi 2016, Nature Neuroscience 19, 1697"


def _late_constant() -> float:
    """Largest height times time of the curves of two states, over times, for switching chances 1, 1/3 and 1/30."""
    largest = []
    for switch in (1.0, 1 / 3, 1 / 30):
        synapse = binary(switch)
        best = minimize_scalar(
            lambda z, synapse=synapse: -float(curve(synapse, np.exp(z))) * np.exp(z), bounds=(-2, 6), method="bounded"
        )
        largest.append(-float(best.fun))
    return max(largest)


def _chain_slope() -> float:
    ages = np.geomspace(1e2, 1e7, 200)
    return float(np.polyfit(np.log(ages), np.log(kernel(geometric(16), ages)), 1)[0])


def _lifetime_slope() -> float:
    """Exponent of the age at SNR 1 in N, its logarithm taken out, for chains with beakers to spare."""
    sizes, lasts = 10.0 ** np.arange(8, 13), []
    for size in sizes:
        chain = geometric(int(np.log2(size) / 2) + 3)
        ages = np.geomspace(1, size, 4000)
        powers = size * kernel(chain, ages) ** 2 / kernel_power(chain)
        lasts.append(ages[np.flatnonzero(powers >= 1)[-1]] * kernel_power(chain))
    return float(np.polyfit(np.log(sizes), np.log(lasts), 1)[0])


AGREEMENTS = (
    Agreement(
        name="Initial SNR of bounded synapses",
        claim="C6",
        quantity="largest SNR(0)/sqrt(N)",
        theirs=1.0,
        source=LAHIRI,
        provenance="their formula, evaluated here",
        how="two states that always switch: the first event of the recursion",
        tolerance=1e-12,
        why="exact arithmetic up to rounding",
        ours=lambda: float(by_age(binary(1.0), 1)[0]),
    ),
    Agreement(
        name="Area under the memory curve",
        claim="C6",
        quantity="rate * area/sqrt(N) of the serial model of 8 states, M_s - 1",
        theirs=7.0,
        source=LAHIRI,
        provenance="their formula, evaluated here",
        how="serial model whose ends are left with chance 1e-6: linear solve for the summed signal",
        tolerance=1e-4,
        why="the bound is approached linearly in the chance of leaving an end, here 1e-6 times a few tens",
        ours=lambda: area(serial(8, 1e-6)),
    ),
    Agreement(
        name="Late envelope",
        claim="C6",
        quantity="SNR(t) rate t/sqrt(N) of the best two-state synapse, 1/e",
        theirs=float(np.exp(-1)),
        source=LAHIRI,
        provenance="their formula, evaluated here",
        how="matrix exponentials of two states, maximised over time",
        tolerance=1e-8,
        why="second order in the error of the maximum's place, 1e-5",
        ours=_late_constant,
    ),
    Agreement(
        name="Decay of the Benna-Fusi chain",
        claim="C6-chain",
        quantity="exponent of the SNR in the age",
        theirs=-0.5,
        source=BENNA,
        provenance="recalled from the print, not read again",
        how="regression over ages 1e2 ... 1e7 on the exact kernel of 16 beakers",
        tolerance=1e-3,
        why="ripple of the grid of ratio 2, 0.3% in height over 11.5 e-folds",
        ours=_chain_slope,
    ),
    Agreement(
        name="Memory lifetime of the Benna-Fusi chain",
        claim="C6-chain",
        quantity="exponent of the lifetime in N once the logarithm is taken out",
        theirs=1.0,
        source=BENNA,
        provenance="recalled from the print, not read again",
        how="age at SNR 1 on the exact kernel, N = 1e8 ... 1e12, times the sum of h^2",
        tolerance=5e-3,
        why="ripple of 0.3% and a grid of ages of 0.7%, over 9.2 e-folds of N",
        ours=_lifetime_slope,
    ),
)
