"""C1-winding under attack: planar orders and strengths, and the generators of loops, are free."""

from __future__ import annotations

import numpy as np

from theory.attacks.attack import Attack, Witness
from theory.attacks.conservation import stream, to_angles, written
from theory.conservation import C1, turning_directions
from theory.winding import C1_WINDING, winding_directions

PLANAR_WRITES, LOOP_WRITES = 9, 400


def _over_planar(witness: Witness) -> float:
    return written(np.array(witness["directions"]), np.array(witness["strengths"])) / PLANAR_MOST


PLANAR_MOST = C1_WINDING.value("planar_total", M=PLANAR_WRITES).value


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
        claim="C1-winding",
        name=f"loops in {size} dimensions",
        text=f"directions exp(t X) u, X any generator of rotations, {LOOP_WRITES} writes of one strength: total over 2N - 1, "
        f"N = {size}",
        bounds=((-4 * np.pi, 4 * np.pi),) * len(upper[0]) + ((0.05, 1.0),),
        decode=decode,
        ratio=ratio,
        starts=((*_shortest_generator(size)[upper], 1.0), (*half_circle, 1.0)),
    )


ATTACKS = (
    Attack(
        claim="C1-winding",
        name="planar orders",
        text=f"{PLANAR_WRITES} write directions and strengths in the plane: total depth over 2 + cos^M(pi/M)",
        bounds=((-2 * np.pi, 2 * np.pi),) * PLANAR_WRITES + ((0.0, 1.0),) * PLANAR_WRITES,
        decode=stream(2, PLANAR_WRITES),
        ratio=_over_planar,
        starts=((*to_angles(turning_directions(2, PLANAR_WRITES)).ravel(), *(1.0,) * PLANAR_WRITES),),
    ),
    _loop(2),
    _loop(3),
    _loop(4),
)
