"""All methods at equal total state: how each divides it, how many facts it keeps at a given depth, and what fails first.

`state` numbers in all, parameters and protective state together; `outputs` outputs share whatever depends on keys alone, and
keys are as wide as a method's store asks for, but at least `LEAST_WIDTH`. Facts arrive one by one with independent isotropic
keys. Each `System` has a profile: the depth of each of M facts, newest first, from the laws of the ledger. Depth is not bits:
of two methods at the same depth the one with less crosstalk retains more, so a row also says how many facts the method can
hold without any error.

Settings. Delta-rule writes (fine-tuning, ROME, experts) have the one strength that is best for the length at hand. Replay and
random slots write at full strength, as their rules say.
- Replay: the split of state between store and buffer is the one of the greatest length, with at least one buffered fact.
  `replay_buffer_read` consults the buffer as well: it holds the newest B facts, and the store is written what leaves it.
- LoRA: facts come in blocks of `RANK`, which an adapter fits at once; every other method takes them one by one.
- Masks and progressive columns: a share (a column) of one number for each output and fact. A mask's owner takes log2 N bits,
  `BITS` bits to a number. A reader knows the task, at no cost.
- `sparse_memory` writes `SLOTS` random slots for each fact, `sparse_memory_chosen` one slot that no other fact uses; both are
  charged a count for each slot.
- EWC and GPM are charged the symmetric matrix in full. Null-space editing preserves no keys (n_0 = 0, no projector): it keeps
  the moment of its edits and equals exact EWC.
- ROME is charged the second moment of its keys, which isotropic keys would not need. Without it the row is that of
  fine-tuning.
- Experts are charged a routing vector each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq

from theory import retention
from theory.errors import UserError
from theory.methods import (
    editing,
    ewc,
    experts,
    finetuning,
    gpm,
    lora,
    masks,
    progressive,
    replay,
    self_rehearsal,
    sparse_memory,
)
from theory.proof.claim import Claim

BITS = 32  # of a number, where masks are counted in bits
RANK = 8  # of an adapter
LEAST_WIDTH = 32  # of a key
SLOTS = 32  # that a fact writes in a sparse memory
Profile = Callable[[int], np.ndarray]
METHODS = (finetuning, ewc, gpm, replay, lora, masks, sparse_memory, editing, experts, progressive, self_rehearsal)
CLAIM: dict[str, Claim] = {claim.id: claim for method in METHODS for claim in method.CLAIMS}


@dataclass(frozen=True)
class System:
    """A method with its share of the state: N parameters for each output, and the depths of M facts, newest first."""

    method: str
    N: float
    whole: float
    length: float
    fails: str
    profile: Profile


@dataclass(frozen=True)
class Row:
    """One line of the table.

    store, protective: numbers in parameters and beside them. length: most facts that all keep `depth`. fails: what fails
    beyond that length. whole: most facts held at once without error. whole_share: their numbers (one for each output) over the
    whole state. Where all numbers have the same bits it is retained bits over bits of state (C5: at most 1).
    """

    method: str
    N: float
    store: float
    protective: float
    length: float
    whole: float
    whole_share: float
    fails: str


def system(method: str, state: float, outputs: float, depth: float = 0.5) -> System:
    """The method at that total state; `UserError` for an unknown method or a state too small for it."""
    if method not in _BUILD:
        raise UserError(f"method '{method}' is not known; choose one of {', '.join(_BUILD)}")
    built = _BUILD[method](float(state), float(outputs), float(depth))
    if built.N < LEAST_WIDTH:
        raise UserError(
            f"{method}: {state:g} numbers leave keys of width {built.N:g}; raise state to at least {outputs * 1000:g}"
        )
    return built


def retained(method: str, M: Any, state: float, outputs: float, depth: float = 0.5) -> Any:
    """Total retained depth of M facts written one after another, in facts; shape of M."""
    return _over(system(method, state, outputs, depth), M, np.sum)


def least(method: str, M: Any, state: float, outputs: float, depth: float = 0.5) -> Any:
    """Depth of the worst kept of M facts; shape of M."""
    return _over(system(method, state, outputs, depth), M, np.min)


def held(method: str, M: Any, state: float, outputs: float, depth: float = 0.5) -> Any:
    """How many of M facts keep at least that depth; shape of M."""
    return _over(system(method, state, outputs, depth), M, lambda kept: np.sum(kept >= depth - 1e-12))


def table(state: float, outputs: float, depth: float = 0.5) -> list[Row]:
    """All methods at `state` numbers in all, longest sequence first."""
    rows = []
    for method in _BUILD:
        built = system(method, state, outputs, depth)
        store = built.N * outputs
        share = built.whole * outputs / state
        rows.append(Row(method, built.N, store, state - store, built.length, built.whole, share, built.fails))
    return sorted(rows, key=lambda row: -row.length)


def _over(built: System, M: Any, summary: Callable[[np.ndarray], Any]) -> Any:
    return np.vectorize(lambda count: summary(built.profile(int(count))), otypes=[float])(M)[()]


def _value(id: str, quantity: str, **parameters: Any) -> Any:
    return CLAIM[id].value(quantity, **parameters).value


def _width(spent: Callable[[float], float], state: float) -> float:
    """Largest whole N with spent(N) <= state."""
    root: Any = brentq(lambda size: spent(size) - state, 0.0, state)  # pyright: ignore[reportArgumentType]
    return float(np.floor(root + 1e-9))


def _even(method: str, N: float, depth: float) -> System:
    """All facts share the ceiling alike."""
    return System(method, N, N, _value("ewc", "length", N=N, depth=depth), "all facts fade together, learning slows",
                  lambda M: np.full(M, min(1.0, N / M)))  # fmt: skip


def _filling(method: str, N: float, capacity: float) -> System:
    """The first facts are kept whole, later ones are not written."""
    return System(method, N, capacity, capacity, "stops learning", lambda M: (np.arange(M)[::-1] < capacity).astype(float))


def _fixed(method: str, N: float, depth: float) -> System:
    """The delta rule at the one strength that keeps the oldest of M facts deepest."""

    def profile(M: int) -> np.ndarray:
        strength = float(retention.C2.value("best_eta", N=N, T=M, D=1).value)
        return _value("finetuning", "retained_depth", N=N, eta=strength, age=np.arange(float(M)))

    return System(method, N, 1, _value("finetuning", "length", N=N, depth=depth), "forgets", profile)


def _finetuning(state: float, outputs: float, depth: float) -> System:
    return _fixed("finetuning", np.floor(state / outputs), depth)


def _annealed(state: float, outputs: float, depth: float) -> System:
    N = np.floor(state / outputs)
    length = _value("finetuning", "annealed_length", N=N, depth=depth)
    return System("annealed", N, 1, length, "all facts fade together, learning slows", lambda M: np.full(M, N / (N + M - 1)))


def _hessian(outputs: float) -> Callable[[float], float]:
    return lambda N: N * outputs + N * (N + 1) / 2


def _ewc(state: float, outputs: float, depth: float) -> System:
    return _even("ewc", _width(_hessian(outputs), state), depth)


def _diagonal(state: float, outputs: float, depth: float) -> System:
    N = np.floor(state / (outputs + 1))
    length = _value("ewc", "diagonal_length", N=N, depth=depth)
    return System("ewc_diagonal", N, 1, length, "all facts fade together, learning slows", lambda M: np.full(M, N / (N + M - 1)))


def _gpm(state: float, outputs: float, depth: float) -> System:
    N = _width(_hessian(outputs), state)
    return _filling("gpm", N, N)


def _split(state: float, outputs: float, length: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> tuple[float, float, float]:
    """N, B >= 1 and length(N, B) of the best split of state between a store of N and a buffer of B facts."""
    most = max(1.0, np.floor((state - LEAST_WIDTH * outputs) / (LEAST_WIDTH + outputs)))
    B = np.unique(np.round(np.geomspace(1, most, 100_000)))  # each whole number up to some thousands
    N = np.floor((state - B * outputs) / (outputs + B))
    if N[0] < LEAST_WIDTH:
        return float(N[0]), 1.0, 0.0
    B, N = B[N >= LEAST_WIDTH], N[N >= LEAST_WIDTH]
    lengths = length(N, B)
    best = int(np.argmax(lengths))
    return float(N[best]), float(B[best]), float(lengths[best])


def _replay(state: float, outputs: float, depth: float) -> System:
    def length(N: np.ndarray, B: np.ndarray) -> np.ndarray:
        return np.where(B <= N - 2, _value("replay", "length", N=N, B=np.minimum(B, N - 2), depth=depth), 0.0)

    N, buffered, longest = _split(state, outputs, length)

    def profile(M: int) -> np.ndarray:
        return _value("replay", "retained_depth", N=N, B=buffered, age=np.arange(float(M)))

    return System("replay", N, buffered + 1, longest, "forgets", profile)


def _buffer_read(state: float, outputs: float, depth: float) -> System:
    def length(N: np.ndarray, B: np.ndarray) -> np.ndarray:
        return B + _value("finetuning", "length_at_full_strength", N=N, depth=depth)

    N, buffered, longest = _split(state, outputs, length)

    def profile(M: int) -> np.ndarray:
        return _value("finetuning", "retained_depth", N=N, eta=1.0, age=np.maximum(0.0, np.arange(M) - buffered))

    return System("replay_buffer_read", N, buffered + 1, longest, "forgets", profile)


def _lora(state: float, outputs: float, depth: float) -> System:
    N = np.floor((state - RANK * outputs) / (outputs + RANK))
    tasks = np.floor(_value("lora", "length", N=N, rank=RANK, depth=depth))

    def profile(M: int) -> np.ndarray:
        return _value("lora", "retained_depth", N=N, rank=RANK, T=1 + np.floor(np.arange(M) / RANK))

    return System("lora", N, RANK, RANK * tasks, "forgets", profile)


def _masks(state: float, outputs: float, depth: float) -> System:
    N = _width(lambda size: size * outputs + size * np.log2(max(size, 1.0)) / BITS, state)
    return _filling("masks", N, N)


def _sparse(state: float, outputs: float, depth: float) -> System:
    N = np.floor(state / (outputs + 1))
    share = SLOTS / N

    def profile(M: int) -> np.ndarray:
        return _value("sparse_memory", "retained_depth", a=share, age=np.arange(float(M)))

    return System("sparse_memory", N, 1, _value("sparse_memory", "length", a=share, depth=depth), "forgets", profile)


def _sparse_chosen(state: float, outputs: float, depth: float) -> System:
    N = np.floor(state / (outputs + 1))
    return _filling("sparse_memory_chosen", N, np.floor(_value("sparse_memory", "ceiling", a=1 / N) + 1e-9))


def _editing(state: float, outputs: float, depth: float) -> System:
    return _fixed("editing", _width(_hessian(outputs), state), depth)


def _null_space(state: float, outputs: float, depth: float) -> System:
    return _even("editing_null_space", _width(_hessian(outputs), state), depth)


def _experts(state: float, outputs: float, depth: float) -> System:
    return _fixed("experts", np.floor(state / (outputs + 1)), depth)


def _progressive(state: float, outputs: float, depth: float) -> System:
    N = np.floor(state / outputs)
    return _filling("progressive", N, N)


def _seeded(state: float, outputs: float, depth: float) -> System:
    return _even("self_rehearsal_seeded", np.floor(state / (2 * outputs)), depth)


def _with_cues(state: float, outputs: float, depth: float) -> System:
    return _even("self_rehearsal", _width(lambda N: 2 * N * outputs + N * N / depth, state), depth)


_BUILD: dict[str, Callable[[float, float, float], System]] = {
    "finetuning": _finetuning,
    "annealed": _annealed,
    "ewc": _ewc,
    "ewc_diagonal": _diagonal,
    "gpm": _gpm,
    "replay": _replay,
    "replay_buffer_read": _buffer_read,
    "lora": _lora,
    "masks": _masks,
    "sparse_memory": _sparse,
    "sparse_memory_chosen": _sparse_chosen,
    "editing": _editing,
    "editing_null_space": _null_space,
    "experts": _experts,
    "progressive": _progressive,
    "self_rehearsal": _with_cues,
    "self_rehearsal_seeded": _seeded,
}
METHODS = tuple(_BUILD)
