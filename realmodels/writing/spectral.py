"""The spectral law of retention: how deep a task is still written after others, from mean overlaps alone.

This is claim C2 for tasks of D facts. It uses only the items' mean overlaps A [I, I] (`kernel.fact_gram`) and how
deep one write goes. Writing task t contracts what the items' outputs still hold of older writes, delta [I], by
  C_t = I - A[:, t] g(A_tt) (rows of t),  g(x) = (1 - exp(-q x)) / x on the D x D block A_tt:
the task's mode of strength x is written to depth 1 - exp(-q x). The dose q is the one for which the mean depth over the modes
is the write strength eta: the share of the task's output error that an isolated write removes in the kernel simulation. Later
tasks are exchangeable draws. So they contract by the mean C of the OTHER tasks, whose eigenvalues are 1 - u_k (if a task took
part in its own forgetting, orthogonal tasks would seem to forget):
  depth(m) = 1/D tr of block t of C^m A[:, t] g(A_tt) = 1/D sum_k w_k (1 - u_k)^m,  averaged over tasks.
With one fact a task, w_k and u_k both tend to eta lambda_k: C2. The change of the logits that the isolated write makes is taken
to shrink as depth(m) / depth(0).
"""

import math

import numpy as np
from scipy.optimize import root_scalar

MANY = 64  # tasks of which the mean is taken where there are more than 4 times as many


def depth_by_age(gram: np.ndarray, task: np.ndarray, eta: float, together: bool = False) -> np.ndarray:
    """Mean retained depth (fraction) of a task, 0 .. T - 1 tasks later, by the spectral law: [T].

    gram [I, I]: response of item i to the write of item j, averaged over outputs; task [I]; eta: mean depth over a task's modes
    just after its write. together: all tasks in one product per age, which is much faster, and rounds in another order.
    """
    members = [np.flatnonzero(task == t) for t in np.unique(task)]
    modes = [np.linalg.eigh(gram[np.ix_(rows, rows)]) for rows in members]
    dose = _dose(np.concatenate([x for x, _ in modes]).clip(min=0), eta)
    gains = [gram[:, rows] @ (v * _gain(x.clip(min=0), dose)) @ v.T for rows, (x, v) in zip(members, modes, strict=True)]
    change = np.zeros_like(gram)  # sum over tasks of I - C_t
    for index, rows in enumerate(members):
        change[:, rows] = gains[index]
    if together or len(members) > 4 * MANY:
        return _depth_of_some(members, gains, change)
    depth = np.zeros(len(members))
    for index, rows in enumerate(members):
        others = change / max(len(members) - 1, 1)
        others[:, rows] = 0.0
        retained = gains[index]
        for age in range(len(members)):
            depth[age] += np.trace(retained[rows])
            retained = retained - others @ retained
    return depth / len(task)


def _depth_of_some(members: list[np.ndarray], gains: list[np.ndarray], change: np.ndarray) -> np.ndarray:
    """Retained depth by age, as `depth_by_age`, mean over at most MANY of the tasks, spread evenly over the stream."""
    chosen = np.linspace(0, len(members) - 1, min(MANY, len(members))).astype(int)
    ends = np.cumsum([0, *(len(members[index]) for index in chosen)])
    own = [(members[index], gains[index], slice(*ends[n : n + 2])) for n, index in enumerate(chosen)]
    retained = np.concatenate([g for _, g, _ in own], 1)
    depth = np.zeros(len(members))
    for age in range(len(members)):
        lost = change @ retained
        for rows, g, columns in own:
            depth[age] += np.trace(retained[rows, columns])
            lost[:, columns] -= g @ retained[rows, columns]
        retained -= lost / max(len(members) - 1, 1)
    return depth / ends[-1]


def _gain(x: np.ndarray, q: float) -> np.ndarray:
    """(1 - exp(-q x)) / x, and its limit q at x = 0."""
    return np.divide(-np.expm1(-q * x), x, out=np.full_like(x, q), where=x > 0)


def _dose(strengths: np.ndarray, eta: float) -> float:
    """q with mean of 1 - exp(-q x) over the modes' strengths x equal to eta (or as near as modes of strength 0 allow)."""
    x = strengths[strengths > 1e-9 * strengths.max()]
    reachable = min(eta * len(strengths) / len(x), 1 - 1e-6)
    low, high = 1e-9 / x.max(), 40 / x.min()
    missing = lambda log_q: float(np.mean(-np.expm1(-np.exp(log_q) * x)) - reachable)  # noqa: E731
    return math.exp(root_scalar(missing, bracket=(math.log(low), math.log(high))).root)
