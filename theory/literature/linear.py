"""Linear networks: forgetting (Lin et al. 2023), ridgeless and ridge regression (Hastie et al. 2022)."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from theory.generalisation import error_at, marchenko_pastur
from theory.linear_networks import expected_errors, expected_forgetting
from theory.literature.agreement import Agreement

LIN = "Lin, Ju, Liang and Shroff 2023, ICML, Theory on forgetting and generalization of continual learning, theorem 4.1"
HASTIE = "Hastie, Montanari, Rosset and Tibshirani 2022, Annals of Statistics 50, 949"
N, D, T, SIGMA = 40, 8, 4, 0.5
WEIGHTS = np.array([[1.0, 0.0, 0.0, 0.0], [0.6, 0.8, 0.0, 0.0], [0.0, 0.5, 1.5, 0.0], [-1.0, 0.0, 0.3, 0.4]])


def _printed(part: str) -> float:
    """Their closed forms for the tasks WEIGHTS: sums over pairs of tasks."""
    r = 1 - D / N
    norms = np.sum(WEIGHTS**2, axis=1)
    apart = np.sum((WEIGHTS[:, None] - WEIGHTS) ** 2, axis=-1)
    noise = N * SIGMA**2 / (N - D - 1)
    if part == "generalisation":
        pairs = sum(r ** (T - i) * apart[k - 1, i - 1] for i in range(1, T + 1) for k in range(1, T + 1))
        return float(r**T / T * norms.sum() + (1 - r) / T * pairs + noise * (1 - r**T))
    total = 0.0
    for i in range(1, T):
        total += (r**T - r**i) * norms[i - 1] + noise * (r**i - r**T)
        for j in range(i + 1, T + 1):
            total += (1 - r) * (r ** (T - i) - r ** (j - i) + r ** (T - j)) * apart[i - 1, j - 1]
    return float(total / (T - 1))


def _ridge(alpha: float, snr: float) -> float:
    """Least error over ridge penalties, on the spectrum."""
    values, weights = marchenko_pastur(alpha)

    def error(log_penalty: float) -> float:
        penalty = np.exp(log_penalty)
        return float(weights @ ((penalty**2 + values / snr) / (values + penalty) ** 2) + max(0.0, 1 - alpha))

    return float(minimize_scalar(error, bracket=(-2.0, 0.0), options={"xtol": 1e-10}).fun)


AGREEMENTS = (
    Agreement(
        name="Expected forgetting of four regressions",
        claim="C7",
        quantity="forgetting at p = 40, n = 8, T = 4, sigma = 0.5, unequal tasks",
        theirs=_printed("forgetting"),
        source=LIN,
        provenance="their formula, evaluated here",
        how="recursion of expected squared errors, task by task",
        tolerance=1e-12,
        why="exact arithmetic up to rounding",
        ours=lambda: expected_forgetting(WEIGHTS, N, D, SIGMA),
    ),
    Agreement(
        name="Generalisation error of four regressions",
        claim="C7",
        quantity="mean error at p = 40, n = 8, T = 4, sigma = 0.5, unequal tasks",
        theirs=_printed("generalisation"),
        source=LIN,
        provenance="their formula, evaluated here",
        how="recursion of expected squared errors, task by task",
        tolerance=1e-12,
        why="exact arithmetic up to rounding",
        ours=lambda: float(expected_errors(WEIGHTS, N, D, SIGMA)[-1].mean()),
    ),
    Agreement(
        name="Ridgeless regression, fewer weights than examples",
        claim="C7-transfer",
        quantity="variance at gamma = N/P = 1/2 and unit noise, gamma/(1 - gamma)",
        theirs=0.5 / (1 - 0.5),
        source=HASTIE,
        provenance="their formula, evaluated here",
        how="our error at a late time by quadrature over the spectrum, alpha = 2, SNR = 1",
        tolerance=1e-9,
        why="exp(-lambda_- t) at t = 1e4 is below rounding",
        ours=lambda: float(error_at(2.0, 1.0, 1e4)),
    ),
    Agreement(
        name="Ridgeless regression, more weights than examples",
        claim="C7-transfer",
        quantity="risk at gamma = 2, signal 1, noise 1/4: r^2 (1 - 1/gamma) + sigma^2/(gamma - 1)",
        theirs=0.5 + 0.25,
        source=HASTIE,
        provenance="their formula, evaluated here",
        how="our error at a late time by quadrature over the spectrum, alpha = 1/2, SNR = 4",
        tolerance=1e-9,
        why="exp(-2 lambda_- t) at t = 1e4 is below rounding",
        ours=lambda: float(error_at(0.5, 4.0, 1e4)),
    ),
    Agreement(
        name="Optimal ridge regression",
        claim="C7-transfer",
        quantity="least risk at alpha = 2, SNR = 2: [1 - alpha - 1/SNR + sqrt((alpha - 1 + 1/SNR)^2 + 4/SNR)]/2",
        theirs=(-1.5 + np.sqrt(1.5**2 + 2.0)) / 2,
        source=f"{HASTIE}, with penalty sigma^2 gamma/r^2",
        provenance="their formula, evaluated here",
        how="numerical minimum over the penalty on the spectrum",
        tolerance=1e-9,
        why="second order in the penalty's error",
        ours=lambda: _ridge(2.0, 2.0),
    ),
)
