"""Superposition at rest in print: feature dimensionality of a polytope, capacity, and loss against the width."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import minimize

from theory.literature.agreement import Agreement
from theory.superposition import capacities, toy_loss

ELHAGE = "Elhage et al. 2022, Toy Models of Superposition, section on the geometry of superposition (feature dimensionality)"


def antiprism() -> np.ndarray:
    """The square antiprism whose eight corners form a tight frame: squares at heights +-1/sqrt(3), turned by an eighth."""
    angles = np.pi * np.arange(8) / 4
    heights = np.where(np.arange(8) % 2 == 0, 1, -1) / np.sqrt(3)
    return np.array([np.cos(angles) * np.sqrt(2 / 3), np.sin(angles) * np.sqrt(2 / 3), heights])


def _largest_total() -> float:
    """Largest sum of capacities per dimension of 4 features in 2 dimensions, by ascent from five random embeddings."""
    rng = np.random.default_rng(0)
    results = (
        minimize(lambda W: -capacities(W.reshape(2, 4)).sum() / 2, rng.normal(size=8), options={"gtol": 1e-8}) for _ in range(5)
    )
    return max(-float(result.fun) for result in results)


def _width_exponent() -> float:
    """Slope of the logarithm of the mean squared overlap of 4000 pairs of random directions on that of the width."""
    rng, widths, overlaps = np.random.default_rng(0), np.array([16, 32, 64, 128, 256]), []
    for width in widths:
        pairs = rng.normal(size=(2, 4000, width))
        pairs /= np.linalg.norm(pairs, axis=2, keepdims=True)
        overlaps.append(np.mean(np.sum(pairs[0] * pairs[1], axis=1) ** 2))
    return float(-np.polyfit(np.log(widths), np.log(overlaps), 1)[0])


def _sparse_pair_weight() -> float:
    """w_1 w_2 of the least loss on a grid of weights and biases, two equally important features of density 0.1."""
    grid = itertools.product(np.linspace(0.5, 1.5, 5), np.linspace(-1.5, 1.5, 13), (0.0, 0.05), (0.0, 0.05))
    best = min(grid, key=lambda point: toy_loss(point[:2], point[2:], 0.1, 1.0))
    return float(best[0] * best[1])


AGREEMENTS = (
    Agreement(
        name="feature dimensionality, square antiprism",
        claim="U1",
        quantity="dimensions per feature",
        theirs=3 / 8,
        source=ELHAGE,
        provenance="quoted from a secondary source",
        how="mean of our capacities of the corners of a square antiprism, which form a tight frame of 8 vectors in space",
        tolerance=1e-12,
        why="an exact fraction",
        ours=lambda: float(np.mean(capacities(antiprism()))),
    ),
    Agreement(
        name="total capacity",
        claim="U1",
        quantity="largest sum of capacities over dimensions",
        theirs=1.0,
        source="Scherlis et al. 2022, Polysemanticity and Capacity in Neural Networks, section 2",
        provenance="quoted from a secondary source",
        how="numerical maximum over embeddings of 4 features in 2 dimensions, from random starts",
        tolerance=1e-6,
        why="second order in the error of the place of the maximum, of which finite differences leave 1e-4 at most",
        ours=_largest_total,
    ),
    Agreement(
        name="squared overlap against width, the loss of strong superposition",
        claim="U1",
        quantity="exponent of 1/width",
        theirs=1.0,
        source="Liu, Liu and Gore 2025, Superposition Yields Robust Neural Scaling, abstract: loss falls as 1/width",
        provenance="printed value",
        how="fit of the mean squared overlap of random directions, widths 16 to 256",
        tolerance=0.05,
        why="five standard errors of the slope: each point has relative error sqrt(2/4000)",
        ours=_width_exponent,
    ),
    Agreement(
        name="sparse features share a dimension as an antipodal pair",
        claim="U1",
        quantity="w_1 w_2 at density 0.1",
        theirs=-1.0,
        source="Elhage et al. 2022, phase diagram for two features in one dimension: W = (1, -1)",
        provenance="quoted from a secondary source",
        how="least exact loss on a grid of weights and biases",
        tolerance=0.1,
        why="the grid of weights",
        ours=_sparse_pair_weight,
    ),
)
