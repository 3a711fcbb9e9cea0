"""Attacks on the methods' ceilings: keys, order, strengths, importances and preconditioners free, the method run as it is.

Most ratios are the total depth of a run, a sum of d(readout)/d(own target) read off one-hot targets, over the ceiling of the
claim. For claims about an average over keys the attack chooses a finite set of keys and their probabilities; the average is
then exact.
"""

from __future__ import annotations

import numpy as np

from theory.attacks.attack import Attack, Witness
from theory.conservation import turning_directions

SIZE = 3  # width of the keys in all attacks
FACTS = 6  # of EWC and projection
EDITS = 10
WIDTH = 5  # of the keys of masks
PLANES = 5  # different tasks of merged adapters
ROUTED = 8  # facts of two experts
SLOTS, WRITES, EACH = 12, 5, 3  # of sparse memory: EACH slots a fact
CUTOFF = 1e-3  # a key whose new part is shorter counts as known


def _units(numbers: np.ndarray, count: int) -> list[list[float]]:
    """Unit keys [count, SIZE] from Cartesian coordinates; a vanishing one becomes the first axis."""
    keys = np.asarray(numbers, dtype=float).reshape(count, SIZE)
    lengths = np.linalg.norm(keys, axis=1, keepdims=True)
    keys = np.where(lengths > 1e-6, keys / np.maximum(lengths, 1e-6), np.eye(SIZE)[0])
    return keys.tolist()


def _decode_ewc(point: np.ndarray) -> Witness:
    keys, importance, decay, ridge = np.split(point, [SIZE * FACTS, SIZE * FACTS + FACTS, SIZE * FACTS + 2 * FACTS])
    return {
        "keys": _units(keys, FACTS),
        "importance": (10.0**importance).tolist(),
        "decay": decay.tolist(),
        "ridge": float(10.0 ** ridge[0]),
    }


def ewc_total(witness: Witness) -> float:
    """Total depth of EWC with the exact Hessian: importances weight the facts, and the Hessian decays before each write."""
    keys = np.array(witness["keys"])
    hessian, weights = witness["ridge"] * np.eye(SIZE), np.zeros((SIZE, len(keys)))
    for i, (key, gain, decay) in enumerate(zip(keys, witness["importance"], witness["decay"], strict=True)):
        hessian = decay * hessian
        moved = np.linalg.solve(hessian, key)
        weights += gain * np.outer(moved, np.eye(len(keys))[i] - key @ weights) / (1 + gain * key @ moved)
        hessian = hessian + gain * np.outer(key, key)
    return float(np.trace(keys @ weights))


def _decode_gpm(point: np.ndarray) -> Witness:
    return {"keys": _units(point[: SIZE * FACTS], FACTS), "strengths": point[SIZE * FACTS :].tolist()}


def gpm_total(witness: Witness) -> float:
    """Total depth of projected writes: every key's new direction is kept, and later writes are orthogonal to it."""
    keys = np.array(witness["keys"])
    complement, weights = np.eye(SIZE), np.zeros((SIZE, len(keys)))
    for i, (key, strength) in enumerate(zip(keys, witness["strengths"], strict=True)):
        across = complement @ (complement @ key)
        length = np.linalg.norm(across)
        if length > CUTOFF:
            weights += strength * np.outer(across, np.eye(len(keys))[i] - key @ weights) / length**2
            complement -= np.outer(across, across) / length**2
    return float(np.trace(keys @ weights))


def _decode_editing(point: np.ndarray) -> Witness:
    keys, strengths, mixing = np.split(point, [SIZE * EDITS, SIZE * EDITS + 1])
    factor = np.zeros((SIZE, SIZE))
    factor[np.tril_indices(SIZE)] = mixing
    factor[np.diag_indices(SIZE)] = np.exp(np.diag(factor))
    return {
        "keys": (np.array(_units(keys, EDITS)) @ factor.T).tolist(),
        "strength": float(strengths[0]),
        "factor": factor.tolist(),
    }


def editing_total(witness: Witness) -> float:
    """Total depth of ROME edits with the second moment C = L L^T, L the factor."""
    keys, factor = np.array(witness["keys"]), np.array(witness["factor"])
    moved, weights = np.linalg.solve(factor @ factor.T, keys.T).T, np.zeros((SIZE, len(keys)))
    for i, (key, along) in enumerate(zip(keys, moved, strict=True)):
        weights += witness["strength"] * np.outer(along, np.eye(len(keys))[i] - key @ weights) / (key @ along)
    return float(np.trace(keys @ weights))


def _spread(numbers: np.ndarray) -> list[float]:
    """Probabilities from numbers in [0, 1]; all vanishing: even ones."""
    return (numbers / numbers.sum()).tolist() if numbers.sum() > 1e-9 else [1 / len(numbers)] * len(numbers)


def _decode_finetuning(point: np.ndarray) -> Witness:
    keys, chances, (eta, count) = np.split(point, [SIZE * FACTS, SIZE * FACTS + FACTS])
    return {"keys": _units(keys, FACTS), "chances": _spread(chances), "eta": float(eta), "facts": round(float(count))}


def oldest_of_draws(witness: Witness) -> float:
    """M times the mean depth of the oldest of M facts whose keys are drawn independently: over all draws, write by write."""
    keys, chances, eta = np.array(witness["keys"]), np.array(witness["chances"]), witness["eta"]
    weights = eta * keys  # a row for each key that the oldest fact may have
    for _ in range(witness["facts"] - 1):
        weights = weights - eta * (weights @ keys.T * chances) @ keys
    return float(witness["facts"] * chances @ np.sum(weights * keys, axis=1))


def _decode_replay(point: np.ndarray) -> Witness:
    keys, shares, steps = np.split(point, [SIZE * FACTS, SIZE * FACTS + FACTS])
    return {"keys": _units(keys, FACTS), "shares": _spread(shares), "steps": steps.tolist()}


def interleaved_total(witness: Witness) -> float:
    """Total depth of passes over a buffer of all facts, in any shares; a step of 1 is the inverse of the largest eigenvalue."""
    keys, shares = np.array(witness["keys"]), np.array(witness["shares"])
    largest = np.linalg.eigvalsh(keys.T @ (shares[:, None] * keys))[-1]
    weights = np.zeros((SIZE, len(keys)))
    for step in witness["steps"]:
        weights += step / largest * (keys.T * shares) @ (np.eye(len(keys)) - keys @ weights)
    return float(np.trace(keys @ weights))


def _decode_masks(point: np.ndarray) -> Witness:
    keys, owners, strengths = np.split(point, [WIDTH * FACTS, WIDTH * FACTS + WIDTH])
    return {
        "keys": keys.reshape(3, FACTS // 3, WIDTH).tolist(),
        "owners": np.minimum(owners, 2).astype(int).tolist(),
        "strengths": strengths.tolist(),
    }


def masks_total(witness: Witness) -> float:
    """Total depth of tasks that fit their facts in the parameters that they own, to a part that is their strength."""
    owners, total = np.array(witness["owners"]), 0.0
    for task, (rows, strength) in enumerate(zip(witness["keys"], witness["strengths"], strict=True)):
        own = np.array(rows)[:, owners == task]
        total += strength * np.trace(own @ np.linalg.pinv(own, rcond=CUTOFF))
    return float(total)


def _decode_merged(point: np.ndarray) -> Witness:
    keys, chances, count = np.split(point, [2 * SIZE * PLANES, 2 * SIZE * PLANES + PLANES])
    planes = keys.reshape(PLANES, 2, SIZE).copy()
    flat = np.linalg.norm(np.cross(planes[:, 0], planes[:, 1]), axis=1) < CUTOFF
    planes[flat] = np.eye(SIZE)[:2]
    return {"tasks_keys": planes.tolist(), "chances": _spread(chances), "tasks": round(float(count[0]))}


def merged_total(witness: Witness) -> float:
    """Mean total depth of merged adapters whose tasks, of two facts each, are drawn independently from a list."""
    keys, chances = np.array(witness["tasks_keys"]), np.array(witness["chances"])
    writes = np.linalg.pinv(keys, rcond=1e-6)  # [tasks, SIZE, 2]: least change
    hit = np.einsum("p,pij,pjk->ik", chances, writes, keys)
    left, total = writes, 0.0
    for _ in range(witness["tasks"]):
        total += chances @ np.einsum("pij,pji->p", keys, left)
        left = left - hit @ left
    return float(total)


def _decode_adapter(point: np.ndarray) -> Witness:
    keys, up, down, ridge = np.split(point, [SIZE * FACTS, SIZE * FACTS + 2 * SIZE, SIZE * FACTS + 4 * SIZE])
    return {
        "keys": _units(keys, FACTS),
        "up": up.reshape(SIZE, 2).tolist(),
        "down": down.reshape(2, SIZE).tolist(),
        "ridge": float(10.0 ** ridge[0]),
    }


def adapter_total(witness: Witness) -> float:
    """Total depth, over all outputs, of one damped least-squares step in all numbers of B A: d(readouts)/d(values), traced."""
    keys, up, down = (np.array(witness[key]) for key in ("keys", "up", "down"))
    moves = np.hstack([np.kron(np.eye(len(up)), keys @ down.T), np.kron(up, keys)])
    damped = np.vstack([moves, np.sqrt(witness["ridge"]) * np.eye(moves.shape[1])])
    return float(np.sum(np.linalg.qr(damped)[0][: len(moves)] ** 2))


def _decode_slots(point: np.ndarray) -> Witness:
    wanted = point.reshape(WRITES, SLOTS // 2 + 1)
    first = np.minimum(wanted[:, -1] * (SLOTS // 2 + 1), SLOTS // 2).astype(int)  # supports lie in a window of half of the slots
    chosen = np.argsort(wanted[:, :-1], axis=1, kind="stable")[:, :EACH]
    return {"slots": SLOTS, "supports": (first[:, None] + np.sort(chosen, axis=1)).tolist()}


def slots_total(witness: Witness) -> float:
    """Total depth of facts that overwrite their slots: the part of each fact's slots that nobody has written since."""
    memory = np.full(witness["slots"], -1)
    for fact, support in enumerate(witness["supports"]):
        memory[support] = fact
    return sum(float(np.mean(memory[support] == fact)) for fact, support in enumerate(witness["supports"]))


def _decode_untouched(point: np.ndarray) -> Witness:
    slots = round(float(point[0]))
    return {"slots": slots, "each": 1 + int(point[1] * (slots // 2 - 1)), "age": round(float(point[2]))}


def untouched_chance(witness: Witness) -> float:
    """Probability that later supports, drawn slot by slot without repetition, miss every slot of a fact."""
    slots, each, missed = witness["slots"], witness["each"], 1.0
    for drawn in range(each):
        missed *= (slots - each - drawn) / (slots - drawn)
    return missed ** witness["age"]


def _over_independent(witness: Witness) -> float:
    """`untouched_chance` over (1 - a)^(a N age)."""
    return untouched_chance(witness) / (1 - witness["each"] / witness["slots"]) ** (witness["each"] * witness["age"])


def _decode_experts(point: np.ndarray) -> Witness:
    keys, routes, strengths = np.split(point, [SIZE * ROUTED, SIZE * ROUTED + ROUTED])
    return {"keys": _units(keys, ROUTED), "experts": routes.astype(int).clip(0, 1).tolist(), "strengths": strengths[:1].tolist()}


def experts_total(witness: Witness) -> float:
    """Total depth of two experts of width SIZE that protect what they hold, each fact being written by the one it is sent to."""
    keys, experts = np.array(witness["keys"]), np.array(witness["experts"])
    sent = [keys[experts == expert].tolist() for expert in (0, 1)]
    return sum(gpm_total({"keys": own, "strengths": witness["strengths"] * len(own)}) for own in sent if own)


def _decode_columns(point: np.ndarray) -> Witness:
    first, second, (lateral, ridge) = np.split(point, [6, 26])
    second = second.reshape(5, 4) if lateral > 0.5 else second.reshape(5, 4)[:, :2]
    return {"columns": [first.reshape(3, 2).tolist(), second.tolist()], "ridge": float(10.0**ridge)}


def facts_in_columns(witness: Witness) -> float:
    """Total depth of facts that a column each, with or without lateral inputs, fits by damped least squares, per parameter."""
    total, parameters = 0.0, 0
    for rows in witness["columns"]:
        keys = np.array(rows)
        damped = np.vstack([keys, np.sqrt(witness["ridge"]) * np.eye(keys.shape[1])])
        total += float(np.sum(np.linalg.qr(damped)[0][: len(keys)] ** 2))
        parameters += keys.shape[1]
    return total / parameters


def _decode_sleeps(point: np.ndarray) -> Witness:
    """Keys on a grid, so that a set of them is dependent or far from it; then the sizes of the first two of three tasks."""
    grid = np.rint(10 * point[: SIZE * FACTS])
    first, second = np.rint(point[SIZE * FACTS :]).astype(int).tolist()
    return {"keys": _units(grid, FACTS), "sizes": [first, second, FACTS - first - second]}


def shallowest_after_sleeps(witness: Witness) -> float:
    """Depth of the shallowest fact if each sleep fits the new facts and the store's own answers to all old cues."""
    keys = np.array(witness["keys"])
    weights, seen, targets = np.zeros((SIZE, len(keys))), 0, np.eye(len(keys))
    for size in witness["sizes"]:
        wanted = np.vstack([keys[:seen] @ weights, targets[seen : seen + size]])
        seen += size
        weights = np.linalg.pinv(keys[:seen], rcond=1e-6) @ wanted
    return float(np.min(np.diag(keys @ weights)))


_AXES = np.tile(np.eye(SIZE), (FACTS // SIZE, 1)).ravel()
_TURN = turning_directions(SIZE, EDITS // (SIZE - 1)).ravel()
_LOW, _HIGH = [0.0] * 3 + [1.0] * 3, [1.0] * 3 + [0.0] * 3
_WINDOWS = ((_LOW, 0.0), (_HIGH, 0.0), (_LOW, 1.0), (_HIGH, 1.0), (_HIGH, 1.0))
_NO_MIXING = np.zeros(SIZE * (SIZE + 1) // 2)

ATTACKS = (
    Attack(
        claim="ewc",
        name="ceiling",
        text="total depth over N: keys, their order, importances, decay of the Hessian and ridge are free",
        bounds=((-1.0, 1.0),) * (SIZE * FACTS) + ((-3.0, 3.0),) * FACTS + ((0.1, 1.0),) * FACTS + ((-4.0, 1.0),),
        decode=_decode_ewc,
        ratio=lambda witness: ewc_total(witness) / SIZE,
        starts=(np.concatenate([_AXES, np.full(FACTS, 3.0), np.full(FACTS, 1.0), [-4.0]]).tolist(),),
    ),
    Attack(
        claim="gpm",
        name="rank",
        text="total depth over N: keys, their order and strengths are free",
        bounds=((-1.0, 1.0),) * (SIZE * FACTS) + ((0.0, 1.0),) * FACTS,
        decode=_decode_gpm,
        ratio=lambda witness: gpm_total(witness) / SIZE,
        starts=(np.concatenate([_AXES, np.full(FACTS, 0.5)]).tolist(),),
    ),
    Attack(
        claim="editing",
        name="order",
        text="total depth over 2N - 1: keys, their order, strength and preconditioner are free",
        bounds=((-1.0, 1.0),) * (SIZE * EDITS) + ((0.0, 1.0),) + ((-1.5, 1.5),) * len(_NO_MIXING),
        decode=_decode_editing,
        ratio=lambda witness: editing_total(witness) / (2 * SIZE - 1),
        starts=(np.concatenate([_TURN, [1.0], _NO_MIXING]).tolist(),),
    ),
    Attack(
        claim="finetuning",
        name="one strength",
        text="any list of keys and chances, strength, M: M times the mean depth of the oldest over N (1 - 1/M)^(M-1)",
        bounds=((-1.0, 1.0),) * (SIZE * FACTS) + ((0.0, 1.0),) * FACTS + ((0.01, 1.0), (1.0, 40.0)),
        decode=_decode_finetuning,
        ratio=lambda witness: oldest_of_draws(witness) / (SIZE * (1 - 1 / witness["facts"]) ** (witness["facts"] - 1)),
        starts=(np.concatenate([_AXES, np.ones(FACTS), [SIZE / 8, 8]]).tolist(),),
    ),
    Attack(
        claim="replay",
        name="interleaving",
        text="keys, shares in a pass, steps of eight passes over a buffer of all facts: total depth over min(M, N)",
        bounds=((-1.0, 1.0),) * (SIZE * FACTS) + ((0.0, 1.0),) * FACTS + ((0.0, 1.0),) * 8,
        decode=_decode_replay,
        ratio=lambda witness: interleaved_total(witness) / min(FACTS, SIZE),
        starts=(np.concatenate([_AXES, np.ones(FACTS), np.full(8, 0.5)]).tolist(),),
    ),
    Attack(
        claim="masks",
        name="shares",
        text="keys and strengths of three tasks, owners of the parameters: total depth over N",
        bounds=((-1.0, 1.0),) * (WIDTH * FACTS) + ((0.0, 3.0),) * WIDTH + ((0.0, 1.0),) * 3,
        decode=_decode_masks,
        ratio=lambda witness: masks_total(witness) / WIDTH,
        starts=(np.concatenate([np.eye(FACTS, WIDTH).ravel(), [0.5, 0.5, 1.5, 1.5, 2.5], np.full(3, 0.5)]).tolist(),),
    ),
    Attack(
        claim="lora",
        name="merged",
        text="any list of tasks of two facts and chances, T: mean total depth of T merged adapters over N (1 - (1 - r/N)^T)",
        bounds=((-1.0, 1.0),) * (2 * SIZE * PLANES) + ((0.0, 1.0),) * PLANES + ((1.0, 20.0),),
        decode=_decode_merged,
        ratio=lambda witness: merged_total(witness) / (SIZE * (1 - (1 - 2 / SIZE) ** witness["tasks"])),
        starts=(np.concatenate([np.eye(SIZE)[[0, 1, 1, 2, 2, 0, 0, 1, 1, 2]].ravel(), [1, 1, 1, 0, 0], [4]]).tolist(),),
    ),
    Attack(
        claim="lora",
        name="freedom",
        text="keys, B and A of one adapter, damping: depth over all outputs of a step in all its numbers, over r (2N - r)",
        bounds=((-1.0, 1.0),) * (SIZE * FACTS + 4 * SIZE) + ((-8.0, 0.0),),
        decode=_decode_adapter,
        ratio=lambda witness: adapter_total(witness) / (2 * (2 * SIZE - 2)),
        starts=(np.concatenate([_AXES, np.eye(SIZE)[:, :2].ravel(), np.eye(SIZE)[:2].ravel(), [-4]]).tolist(),),
    ),
    Attack(
        claim="sparse_memory",
        name="overwriting",
        text="supports of five facts of a N slots: total depth over 1/a",
        bounds=((0.0, 1.0),) * (WRITES * (SLOTS // 2 + 1)),
        decode=_decode_slots,
        ratio=lambda witness: slots_total(witness) / (SLOTS / EACH),
        starts=(np.ravel([[*order, window] for order, window in _WINDOWS]).tolist(),),
    ),
    Attack(
        claim="sparse_memory",
        name="untouched",
        text="N, a N <= N/2, age: probability that no slot was rewritten over (1 - a)^(a N age)",
        bounds=((2.0, 60.0), (0.0, 1.0), (1.0, 30.0)),
        decode=_decode_untouched,
        ratio=_over_independent,
        starts=([10.0, 0.5, 3.0],),
    ),
    Attack(
        claim="experts",
        name="routing",
        text="keys, order, routing and strength of two experts that protect what they hold: total depth over N",
        bounds=((-1.0, 1.0),) * (SIZE * ROUTED) + ((0.0, 2.0),) * ROUTED + ((0.0, 1.0),),
        decode=_decode_experts,
        ratio=lambda witness: experts_total(witness) / (2 * SIZE),
        starts=(np.concatenate([_AXES, _AXES[: SIZE * (ROUTED - FACTS)], [0.5] * 3 + [1.5] * (ROUTED - 3), [0.5]]).tolist(),),
    ),
    Attack(
        claim="progressive",
        name="columns",
        text="keys of two columns of two parameters for an output, with or without lateral inputs, damping: depth per parameter",
        bounds=((-1.0, 1.0),) * 26 + ((0.0, 1.0), (-8.0, 0.0)),
        decode=_decode_columns,
        ratio=facts_in_columns,
        starts=(np.concatenate([np.eye(3, 2).ravel(), np.eye(5, 4).ravel(), [1.0, -4.0]]).tolist(),),
    ),
    Attack(
        claim="self_rehearsal",
        name="evenness",
        text="keys and sizes of three tasks: depth of the shallowest fact over N/M",
        bounds=((-1.0, 1.0),) * (SIZE * FACTS) + ((1.0, 3.0), (1.0, 2.0)),
        decode=_decode_sleeps,
        ratio=lambda witness: shallowest_after_sleeps(witness) / (SIZE / FACTS),
        starts=(np.concatenate([_AXES + 0.3 * np.roll(_AXES, 1), [2, 2]]).tolist(),),
    ),
)
