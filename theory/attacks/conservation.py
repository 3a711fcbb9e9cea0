"""C1 under attack: directions, orders, strengths, generators of loops, and the ensembles of independent writes are free."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from theory.attacks.attack import Attack, Witness
from theory.conservation import C1, turning_directions
from theory.winding import winding_directions

PLANAR_WRITES, LOOP_WRITES, RANDOM_WRITES, SCHEDULE = 9, 400, 48, 8


def _written(directions: np.ndarray, strengths: np.ndarray) -> float:
    """Total depth by writing: target i is 1, all others 0, and the readout of fact i at the end is added up."""
    count, size = directions.shape
    weights = np.zeros((count, size))  # one experiment per fact
    for i, (direction, strength) in enumerate(zip(directions, strengths, strict=True)):
        wanted = np.arange(count) == i
        weights += strength * np.outer(wanted - weights @ direction, direction)
    return float(np.sum(weights * directions))


def _from_angles(angles: np.ndarray) -> np.ndarray:
    """Unit vectors [M, N] from spherical angles [M, N - 1]."""
    count, rest = angles.shape
    directions = np.ones((count, rest + 1))
    for k in range(rest):
        directions[:, k] *= np.cos(angles[:, k])
        directions[:, k + 1 :] *= np.sin(angles[:, k : k + 1])
    return directions


def _to_angles(directions: np.ndarray) -> np.ndarray:
    """Spherical angles [M, N - 1] of unit vectors."""
    tails = np.sqrt(np.maximum(np.cumsum(directions[:, ::-1] ** 2, axis=1)[:, ::-1], 0))
    angles = np.arctan2(tails[:, 1:], directions[:, :-1])
    angles[:, -1] = np.arctan2(directions[:, -1], directions[:, -2])
    return angles


def _stream(size: int, count: int) -> Callable[[np.ndarray], Witness]:
    def decode(point: np.ndarray) -> Witness:
        angles = point[: count * (size - 1)].reshape(count, size - 1)
        return {"directions": _from_angles(angles).tolist(), "strengths": point[count * (size - 1) :].tolist()}

    return decode


def _over_supremum(witness: Witness) -> float:
    directions = np.array(witness["directions"])
    return _written(directions, np.array(witness["strengths"])) / C1.value("supremum", N=directions.shape[1]).value


def _over_planar(witness: Witness) -> float:
    return _written(np.array(witness["directions"]), np.array(witness["strengths"])) / PLANAR_MOST


PLANAR_MOST = C1.value("planar_total", M=PLANAR_WRITES).value


def _orders(size: int, count: int) -> Attack:
    stream = winding_directions(size, count)
    reached = C1.value("winding_total", N=size, M=count, eta=1).value / C1.value("supremum", N=size).value
    return Attack(
        claim="C1",
        name=f"orders in {size} dimensions",
        text=f"{count} write directions and strengths in [0, 1]: total depth over 2N - 1, N = {size} "
        f"(the shortest loop keeps {reached:.3f} of it in as many)",
        bounds=((-2 * np.pi, 2 * np.pi),) * (count * (size - 1)) + ((0.0, 1.0),) * count,
        decode=_stream(size, count),
        ratio=_over_supremum,
        starts=((*_to_angles(stream).ravel(), *np.ones(count)),),
    )


def _shortest_generator(size: int) -> np.ndarray:
    """Generator [N, N] of the shortest loop, in a basis whose first axis is where it starts."""
    speeds = np.sort(np.arange(size) * 2 - size + 1)[-(size // 2) :] * np.pi
    generator, cosines = np.zeros((size, size)), 2 * np.arange(size // 2)
    generator[cosines, cosines + 1], generator[cosines + 1, cosines] = -speeds, speeds
    slow = winding_directions(size, 1)[0]
    start = np.zeros(size)
    start[cosines] = np.abs(slow[: size // 2])
    start[2 * (size // 2) :] = slow[2 * (size // 2) :]
    basis = np.linalg.qr(np.column_stack([start, np.eye(size)]))[0]
    return basis.T @ generator @ basis


def _loop(size: int) -> Attack:
    """Closed or open paths exp(t X) u written in many equal steps of one strength."""
    upper = np.triu_indices(size, 1)

    def decode(point: np.ndarray) -> Witness:
        return {"dimensions": size, "generator": point[:-1].tolist(), "strength": float(point[-1]), "writes": LOOP_WRITES}

    def ratio(witness: Witness) -> float:
        generator = np.zeros((size, size))
        generator[upper] = witness["generator"]
        generator -= generator.T
        shorter = np.eye(size)
        shorter[0, 0] -= witness["strength"]
        angles, axes = np.linalg.eigh(1j * generator)  # exp(t X) = axes exp(-i t angles) axes^H

        def turn(share: float) -> np.ndarray:
            return ((axes * np.exp(-1j * share * angles)) @ axes.conj().T).real

        step = np.linalg.matrix_power(shorter @ turn(-1 / witness["writes"]), witness["writes"])
        return float(size - np.trace(turn(1.0) @ step)) / C1.value("supremum", N=size).value

    half_circle = np.zeros(len(upper[0]))
    half_circle[0] = np.pi
    return Attack(
        claim="C1",
        name=f"loops in {size} dimensions",
        text=f"directions exp(t X) u, X any generator of rotations, {LOOP_WRITES} writes of one strength: total over 2N - 1, "
        f"N = {size}",
        bounds=((-4 * np.pi, 4 * np.pi),) * len(upper[0]) + ((0.05, 1.0),),
        decode=decode,
        ratio=ratio,
        starts=((*_shortest_generator(size)[upper], 1.0), (*half_circle, 1.0)),
    )


def _ensemble(point: np.ndarray) -> Witness:
    chances = point[8:12] / point[8:12].sum()
    return {
        "directions": _from_angles(point[:8].reshape(4, 2)).tolist(),
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
    Attack(
        claim="C1",
        name="planar orders",
        text=f"{PLANAR_WRITES} write directions and strengths in the plane: total depth over 2 + cos^M(pi/M)",
        bounds=((-2 * np.pi, 2 * np.pi),) * PLANAR_WRITES + ((0.0, 1.0),) * PLANAR_WRITES,
        decode=_stream(2, PLANAR_WRITES),
        ratio=_over_planar,
        starts=((*_to_angles(turning_directions(2, PLANAR_WRITES)).ravel(), *(1.0,) * PLANAR_WRITES),),
    ),
    _orders(2, 20),
    _orders(3, 13),
    _orders(4, 10),
    _loop(2),
    _loop(3),
    _loop(4),
    Attack(
        claim="C1",
        name="independent writes",
        text=f"four directions with any probabilities and any schedule of {RANDOM_WRITES} writes, N = 3: expected total over N",
        bounds=((0.0, np.pi),) * 8 + ((0.01, 1.0),) * 4 + ((0.0, 1.0),) * SCHEDULE,
        decode=_ensemble,
        ratio=_independent,
        starts=((*_to_angles(np.eye(3)[[0, 1, 2, 0]]).ravel(), 0.5, 1.0, 1.0, 0.5, *(1.0,) * SCHEDULE),),
    ),
)
