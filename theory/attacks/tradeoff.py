"""Attacks on C4: schedules of strengths. sigma = 1; a write falls on one of N axes at random, so that J is a mean over them.

Periodic schedules are run to their limit cycle exactly: one period is an affine map of J.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from theory.attacks.attack import Attack, Witness

WRITES, BLOCKS = 24, 8
LARGEST = 9.0  # natural logarithm of the largest N, and of the longest block


def _edge(depth: float) -> float:
    return depth / (2 - depth)


def _after(error: float, rate: float, size: float) -> float:
    """J after a write: the axis that it falls on keeps (1 - rate)^2 of its error and takes rate^2 of the private part."""
    return ((size - 1) * error + (1 - rate) ** 2 * error + rate**2) / size


def _decode_annealed(point: np.ndarray) -> Witness:
    """Strengths that never rise, and a start at or above the steady error of the first."""
    strengths = np.cumprod(np.clip(point[:WRITES], 1e-3, 1))
    start = _edge(strengths[0]) + point[WRITES + 1]
    return {"N": float(np.exp(point[WRITES])), "start": float(start), "strengths": strengths.tolist()}


def _annealed(witness: Witness) -> float:
    error, ratios = witness["start"], []
    for rate in witness["strengths"]:
        error = _after(error, rate, witness["N"])
        ratios.append(_edge(rate) / error)
    return max(ratios)


def _fastest(witness: Witness) -> float:
    """Rise of 1/J over the one that N and the number of writes allow; the best is taken over all stopping times."""
    error, ratios = 1.0, []
    for count, rate in enumerate(witness["strengths"], start=1):
        error = _after(error, rate, witness["N"])
        ratios.append((1 / error - 1) * witness["N"] / count)
    return max(ratios)


def _decode_free(point: np.ndarray) -> Witness:
    return {"N": float(np.exp(point[WRITES])), "strengths": point[:WRITES].tolist(), "depth": float(point[-1])}


def _peak(witness: Witness, most: float) -> float:
    """Least peak error for the share of writes that reach the depth, over the peak of the limit cycle."""
    strengths, depth, size = np.array(witness["strengths"]), witness["depth"], witness["N"]
    root = np.sqrt(np.mean(strengths >= depth))
    if root == 0 or root**2 > most:
        return 0.0
    offset, slope = 0.0, 1.0
    for rate in strengths:
        offset, slope = _after(offset, rate, size), slope * _after(1.0, rate, size) - slope * rate**2 / size
    error, peak = offset / (1 - slope), 0.0
    for rate in strengths:
        error = _after(error, rate, size)
        peak = max(peak, error)
    return float(depth * root / (1 + (1 - depth) * root) / peak)


def _decode_blocks(point: np.ndarray) -> Witness:
    lengths = np.maximum(1, np.floor(np.exp(point[:BLOCKS])))
    strengths = np.maximum(point[BLOCKS : 2 * BLOCKS] ** 4, 1e-12)
    return {
        "N": float(np.exp(point[-2])),
        "lengths": lengths.tolist(),
        "strengths": strengths.tolist(),
        "depth": float(point[-1]),
    }


def _mean(witness: Witness, most: float) -> float:
    """Share of the writes that reach the depth times the steady error of that depth, over the mean error of the limit cycle."""
    lengths, strengths, size = np.array(witness["lengths"]), np.array(witness["strengths"]), witness["N"]
    fall = strengths * (2 - strengths) / size  # share of the distance to the steady error that one write covers
    steady = strengths / (2 - strengths)
    share = lengths[strengths >= witness["depth"]].sum() / lengths.sum()
    with np.errstate(divide="ignore"):
        left = np.exp(lengths * np.log1p(-fall))
    error, slope = 0.0, np.prod(left)
    if slope >= 1 or share > most:
        return 0.0
    for goal, rest in zip(steady, left, strict=True):
        error = goal + rest * (error - goal)
    error, total = error / -np.expm1(np.log(slope)) if slope > 0 else error, 0.0
    for goal, rest, count, part in zip(steady, left, lengths, fall, strict=True):
        total += goal * count + (error - goal) * (1 - part) * (1 - rest) / part
        error = goal + rest * (error - goal)
    return float(share * _edge(witness["depth"]) * lengths.sum() / total)


def _even(depth: float, every: int) -> list[float]:
    """Deep writes spaced evenly, the strength that lowers J most in between, at the largest N."""
    root = np.sqrt(1 / every)
    error = depth * root / (1 + (1 - depth) * root)
    return [*(depth if write % every == 0 else error / (1 + error) for write in range(WRITES)), LARGEST, depth]


def _long_blocks(depth: float) -> list[float]:
    """A block of deep writes, then blocks twice as long each time at strengths that halve."""
    lengths = [LARGEST, *(LARGEST + 1.5 - 1.3 * block for block in reversed(range(BLOCKS - 1)))]
    rates = [depth, *(0.4 * np.exp(-1.3 * block) for block in range(BLOCKS - 1))]
    return [*lengths, *(rate**0.25 for rate in rates), 0.0, depth * (1 - 1e-9)]


FREE = ((0.0, 1.0),) * WRITES

ATTACKS = (
    Attack(
        claim="C4",
        name="annealed",
        text=f"{WRITES} strengths that never rise, N, a start above the steady error: largest J_min(eta_t)/J_t",
        bounds=(*FREE, (0.0, LARGEST), (0.0, 1.0)),
        decode=_decode_annealed,
        ratio=_annealed,
        starts=(([0.3] + [1.0] * (WRITES - 1)) + [1.0, 0.0],),
    ),
    Attack(
        claim="C4",
        name="fastest-annealing",
        text=f"{WRITES} strengths in [0, 1] and N, from J = sigma^2: rise of sigma^2/J over writes/N",
        bounds=(*FREE, (0.0, LARGEST), (0.0, 1.0)),
        decode=_decode_free,
        ratio=_fastest,
        starts=([*(1 / (2 + write) for write in range(WRITES)), 0.0, 1.0],),
    ),
    *(
        Attack(
            claim="C4",
            name=f"{name}-of-{'any' if most == 1 else 'rare'}-deep-writes",
            text=f"{text}; at most a share {most:.2g} of the writes is that deep",
            bounds=bounds,
            decode=decode,
            ratio=partial(ratio, most=most),
            starts=starts,
        )
        for most in (1.0, 0.25)
        for name, text, bounds, decode, ratio, starts in (
            (
                "peak",
                f"period of {WRITES} writes of any strengths, N, a depth: J_peak_min(depth, share that deep)/peak J",
                (*FREE, (0.0, LARGEST), (0.01, 1.0)),
                _decode_free,
                _peak,
                (_even(0.5, 4), _even(1.0, 6), _even(0.3, 1)),
            ),
            (
                "mean",
                f"period of {BLOCKS} blocks of writes (lengths, strengths), N, a depth: share that deep * J_min(depth)/mean J",
                (*((0.0, LARGEST + 2),) * BLOCKS, *((0.0, 1.0),) * BLOCKS, (0.0, LARGEST), (0.01, 1.0)),
                _decode_blocks,
                _mean,
                (_long_blocks(1.0), _long_blocks(0.5)),
            ),
        )
    ),
)
