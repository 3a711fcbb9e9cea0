"""C1 under attack: directions, orders, strengths, and the ensembles of independent writes are free."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from theory.attacks.attack import Attack, Witness
from theory.conservation import C1
from theory.winding import C1_WINDING, winding_directions

RANDOM_WRITES, SCHEDULE = 48, 8


def written(directions: np.ndarray, strengths: np.ndarray) -> float:
    """Total depth by writing: target i is 1, all others 0, and the readout of fact i at the end is added up."""
    count, size = directions.shape
    weights = np.zeros((count, size))  # one experiment per fact
    for i, (direction, strength) in enumerate(zip(directions, strengths, strict=True)):
        target = np.arange(count) == i
        weights += strength * np.outer(target - weights @ direction, direction)
    return float(np.sum(weights * directions))


def from_angles(angles: np.ndarray) -> np.ndarray:
    """Unit vectors [M, N] from spherical angles [M, N - 1]."""
    count, rest = angles.shape
    directions = np.ones((count, rest + 1))
    for k in range(rest):
        directions[:, k] *= np.cos(angles[:, k])
        directions[:, k + 1 :] *= np.sin(angles[:, k : k + 1])
    return directions


def to_angles(directions: np.ndarray) -> np.ndarray:
    """Spherical angles [M, N - 1] of unit vectors."""
    tails = np.sqrt(np.maximum(np.cumsum(directions[:, ::-1] ** 2, axis=1)[:, ::-1], 0))
    angles = np.arctan2(tails[:, 1:], directions[:, :-1])
    angles[:, -1] = np.arctan2(directions[:, -1], directions[:, -2])
    return angles


def stream(size: int, count: int) -> Callable[[np.ndarray], Witness]:
    """A point of the search as `count` write directions in `size` dimensions and their strengths."""

    def decode(point: np.ndarray) -> Witness:
        angles = point[: count * (size - 1)].reshape(count, size - 1)
        return {"directions": from_angles(angles).tolist(), "strengths": point[count * (size - 1) :].tolist()}

    return decode


def _over_supremum(witness: Witness) -> float:
    directions = np.array(witness["directions"])
    return written(directions, np.array(witness["strengths"])) / C1.value("supremum", N=directions.shape[1]).value


def _orders(size: int, count: int) -> Attack:
    loop = winding_directions(size, count)
    reached = C1_WINDING.value("winding_total", N=size, M=count, eta=1).value / C1.value("supremum", N=size).value
    return Attack(
        claim="C1",
        name=f"orders in {size} dimensions",
        text=f"{count} write directions and strengths in [0, 1]: total depth over 2N - 1, N = {size} "
        f"(the shortest loop keeps {reached:.3f} of it in as many)",
        bounds=((-2 * np.pi, 2 * np.pi),) * (count * (size - 1)) + ((0.0, 1.0),) * count,
        decode=stream(size, count),
        ratio=_over_supremum,
        starts=((*to_angles(loop).ravel(), *np.ones(count)),),
    )


def _ensemble(point: np.ndarray) -> Witness:
    chances = point[8:12] / point[8:12].sum()
    return {
        "directions": from_angles(point[:8].reshape(4, 2)).tolist(),
        "chances": chances.tolist(),
        "strengths": np.repeat(point[12:], RANDOM_WRITES // SCHEDULE).tolist(),
    }


def _independent(witness: Witness) -> float:
    """Expected total of independent writes: each mean depth from the mean of the product of all later factors."""
    directions, chances = np.array(witness["directions"]), np.array(witness["chances"])
    moment = (directions.T * chances) @ directions
    later, total = np.eye(3), 0.0
    for strength in reversed(witness["strengths"]):
        total += strength * float(np.sum(chances * np.einsum("ai,ij,aj->a", directions, later, directions)))
        later = later @ (np.eye(3) - strength * moment)
    return total / C1.value("ceiling", N=3).value


ATTACKS = (
    _orders(2, 20),
    _orders(3, 13),
    _orders(4, 10),
    Attack(
        claim="C1",
        name="independent writes",
        text=f"four directions with any probabilities and any schedule of {RANDOM_WRITES} writes, N = 3: expected total over N",
        bounds=((0.0, np.pi),) * 8 + ((0.01, 1.0),) * 4 + ((0.0, 1.0),) * SCHEDULE,
        decode=_ensemble,
        ratio=_independent,
        starts=((*to_angles(np.eye(3)[[0, 1, 2, 0]]).ravel(), 0.5, 1.0, 1.0, 0.5, *(1.0,) * SCHEDULE),),
    ),
)
