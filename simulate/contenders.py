"""Systems of equal state that hold labels (S3): two stores and their controls, and the most facts that each of them holds.

Every system here is set up for one cell of the experiment `regimes`. A cell is a mapping with these keys:
N (state per unit), T (tasks; 0 if every fact is a task of its own), sweeps (passes per sleep), flip (share of labels rehearsed
wrongly), shared (share of labels that follow one linear teacher), error (share of labels that may be read wrongly).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulate.backend import jax, jnp
from simulate.labels import LabelledFacts, error_after_sleeps, labelled_facts
from simulate.memories import label_list, single_store
from simulate.memories.second_order import error_after_tasks
from simulate.memories.second_order import width as layer_width
from simulate.memories.two_stores import cells_per_unit, handed_over, numbers_per_label
from simulate.runs.experiment import Cell

# Units, one label of each per fact: an error of 1% is seen on some hundred labels.
OUTPUTS = 16
# Units that share the matrix of a second-order store.
LAYER = 1000
# Loads above this are never tried: Gardner's largest load is 2.
LARGEST_LOAD = 2.2

Hyperparameters = dict[str, Any]
Counts = np.ndarray
"""Numbers of facts, one per seed."""


def largest(error: Callable[[Counts], np.ndarray], seeds: int, top: int, allowed: float, guess: int) -> Counts:
    """Most facts M [seeds] in 0 .. top of which at most a share `allowed` is read wrongly, for every seed by itself.

    error(M [seeds]): that share [seeds]. From the guess M moves by steps that double until it passes the threshold. Then it is
    found by bisection.
    """
    M = np.full(seeds, min(max(guess, 1), top))
    most, least_failed, step = np.zeros(seeds, int), np.full(seeds, top + 1), max(1, guess // 16)
    while np.any(least_failed - most > 1):
        good = np.asarray(error(M)) <= allowed
        most = np.where(good, M, most)
        least_failed = np.where(good, np.maximum(least_failed, M + 1), np.minimum(least_failed, M))
        middle = np.maximum((most + least_failed) // 2, 1)
        lower = np.where(most == 0, np.maximum(least_failed - step, 1), middle)
        M = np.where(least_failed > top, np.minimum(most + step, top), lower)
        step *= 2
    return most


@dataclass(frozen=True)
class Contender:
    """One system at fixed hyperparameters, with a total state of N numbers per unit.

    error(M [seeds]): share of the labels of M facts that is read wrongly after the last sleep, [seeds].
    fast(D): numbers per unit that its fast store takes for tasks of D facts; 0 for a system without one.
    """

    error: Callable[[Counts], np.ndarray]
    fast: Callable[[Any], Any]


Build = Callable[[Cell, Hyperparameters, jax.Array], Contender]
"""build(cell, hyperparameters, keys [seeds]) -> Contender: how a system is set up."""


def _for_each_seed(keys: jax.Array, error: Callable[[jax.Array, int], Any]) -> Callable[[Counts], np.ndarray]:
    """error(M [seeds]) [seeds] from error(key, M). One seed after another, as each stops as soon as it has learned."""
    return lambda M: np.array([float(error(key, int(m))) for key, m in zip(keys, M, strict=True)])


def most_facts(N: int) -> int:
    """Upper end of the search for the most facts that N numbers hold."""
    return round(LARGEST_LOAD * N)


def _facts(cell: Cell, key: jax.Array, M: int, S: int) -> LabelledFacts:
    """M facts of one seed in the cell's number of tasks, with cues of S entries."""
    T, N = cell["T"] or M, cell["N"]
    return labelled_facts(key, M, T, S, P_max=most_facts(N), N=N, outputs=OUTPUTS, shared=cell["shared"])


def _no_fast_store(D: Any) -> Any:
    return 0 * D


def _beside_slow_store(
    cell: Cell, keys: jax.Array, fast: Callable[[Any], Any], labels: Callable[[LabelledFacts, int], Any]
) -> Contender:
    """A slow store of all numbers that `fast` leaves; labels(facts, D) hands over each task's labels at its end."""

    def error(key: jax.Array, M: int) -> Any:
        T = cell["T"] or M
        D = -(-M // T)
        room = int(fast(D))
        if room >= cell["N"]:
            return 1.0
        facts = _facts(cell, key, M, cell["N"] - room)
        return error_after_sleeps(facts, labels(facts, D), T, cell["sweeps"], cell["flip"])

    return Contender(_for_each_seed(keys, error), fast)


def _true_labels(facts: LabelledFacts, D: int) -> Any:
    return facts.y


def two_stores(cell: Cell, chosen: Hyperparameters, keys: jax.Array, idle: bool = False) -> Contender:
    """A one-shot fast store beside a slow one. idle: it takes its place, but the true labels are there at every sleep."""
    k = chosen["k"]
    per_input = cells_per_unit(k)
    per_fact = 0.0 if cell["T"] == 0 else chosen["room"] * numbers_per_label(k, cell["error"])

    def inputs(D: Any) -> Any:
        return np.maximum(1, np.rint(per_fact * D / per_input)).astype(int)

    def fast(D: Any) -> Any:
        return inputs(D) * per_input

    def labels(facts: LabelledFacts, D: int) -> Any:
        return handed_over(facts, int(inputs(D)), k)

    return _beside_slow_store(cell, keys, fast, _true_labels if idle else labels)


def buffer(cell: Cell, chosen: Hyperparameters, keys: jax.Array, packed: int = 1) -> Contender:
    """A list of one task's labels beside a slow store, `packed` labels to a number."""
    return _beside_slow_store(cell, keys, lambda D: label_list.numbers(jnp.asarray(D), packed), _true_labels)


def one_store(cell: Cell, chosen: Hyperparameters, keys: jax.Array) -> Contender:
    """One store that writes each fact once and rehearses at sleep (S3-one)."""
    N, top = cell["N"], most_facts(cell["N"])
    stabilities = jnp.asarray(chosen["share"] * single_store.largest_stability(np.arange(1, top + 1) / N))

    def error(key: jax.Array, M: int) -> Any:
        T = cell["T"] or M
        target = chosen["target"] * float(single_store.best_target(T))
        facts = _facts(cell, key, M, N)
        return single_store.error_after_sleeps(facts, T, target, stabilities, cell["sweeps"], cell["flip"])

    return Contender(_for_each_seed(keys, error), _no_fast_store)


def one_store_with_passes(cell: Cell, chosen: Hyperparameters, keys: jax.Array) -> Contender:
    """One store under many passes: the labels of the task are there, so that nothing is written between sleeps."""
    return _beside_slow_store(cell, keys, _no_fast_store, _true_labels)


def second_order(cell: Cell, chosen: Hyperparameters, keys: jax.Array) -> Contender:
    """Ridge regression on all facts, its matrix shared by LAYER units."""
    N = layer_width(cell["N"], LAYER)  # the other columns are zeros, which the ridge leaves without weight

    def error(key: jax.Array, M: int) -> Any:
        return error_after_tasks(_facts(cell, key, M, N), cell["T"] or M, chosen["ridge"])

    return Contender(_for_each_seed(keys, error), _no_fast_store)
