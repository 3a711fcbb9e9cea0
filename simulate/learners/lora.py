"""Low-rank adapters, merged one after another (claim lora; Hu et al. 2022): W + A B with inner dimension r = `rank`.

`lora` trains one adapter for r facts at a time, to convergence from zero: the least change that answers them, which is a product
of rank r, A = K^+ and B = Y - K W. It is linear in its targets.

`lora_joint` trains one adapter for all D facts of a task. For D <= r that is the same. For D > r it is the best product of
rank r: exactly K^+ times the best rank-r approximation of Y - K W (Eckart and Young). That is not linear in the targets, so
depth is the derivative of answers by perturbation of targets. The D facts together then keep the divergence of a truncated
singular value decomposition (Candes, Sing-Long and Trzasko 2013), instead of r for each output. This is more than an
adapter's degrees of freedom over the outputs, because what is fitted is also selected.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Array, Float

from simulate.backend import Scalar, jnp
from simulate.system.learner import Learner, Setting
from simulate.system.learner_systems import system_of
from simulate.system.system import Parameters
from theory.ledger import claim
from theory.proof.inversion import largest_tasks

State = dict[str, Array]


def begin(setting: Setting) -> State:
    """The merged matrix and the adapter of the newest facts, zero."""
    r = setting.size("rank")
    return {
        "weights": jnp.zeros((setting.N, setting.outputs)),
        "A": jnp.zeros((setting.N, r)),
        "B": jnp.zeros((r, setting.outputs)),
    }


def merged(state: State) -> Float[Array, "N outputs"]:
    """W + A B."""
    return state["weights"] + state["A"] @ state["B"]


def spread(keys: Float[Array, "facts N"]) -> Float[Array, "N facts"]:
    """Pseudo-inverse K^+ of keys that are independent."""
    return jnp.linalg.solve(keys @ keys.T, keys).T


def truncated(
    residual: Float[Array, "facts outputs"], rank: int
) -> tuple[Float[Array, "facts {rank}"], Float[Array, "{rank} outputs"]]:
    """Factors of the best approximation of that rank, from the eigenvectors of the smaller Gram matrix."""
    facts, outputs = residual.shape
    if facts <= outputs:
        modes = jnp.linalg.eigh(residual @ residual.T)[1][:, -rank:]
        return modes, modes.T @ residual
    modes = jnp.linalg.eigh(residual.T @ residual)[1][:, -rank:]
    return residual @ modes, modes.T


def write(state: State, keys: Array, targets: Array, t: Scalar, setting: Setting) -> State:
    """State after the task: merge the adapter, train one for the next r facts, and so on."""
    r = setting.size("rank")
    for first in range(0, setting.D, r):
        weights, block, block_targets = merged(state), keys[first : first + r], targets[first : first + r]
        missing = ((0, 0), (0, r - len(block))), ((0, r - len(block)), (0, 0))  # the rest of an adapter that is not filled
        state = {
            "weights": weights,
            "A": jnp.pad(spread(block), missing[0]),
            "B": jnp.pad(block_targets - block @ weights, missing[1]),
        }
    return state


def write_joint(state: State, keys: Array, targets: Array, t: Scalar, setting: Setting) -> State:
    """State after the task: merge the adapter, train one for all D facts."""
    r, least = setting.size("rank"), min(setting.D, setting.outputs)
    if r >= setting.D:
        return write(state, keys, targets, t, setting)
    weights = merged(state)
    left, right = truncated(targets - keys @ weights, min(r, least))
    missing = r - left.shape[1]
    A, B = spread(keys) @ left, right
    return {"weights": weights, "A": jnp.pad(A, ((0, 0), (0, missing))), "B": jnp.pad(B, ((0, missing), (0, 0)))}


def read(state: State, keys: Array, t: Scalar, setting: Setting) -> Array:
    """Readouts of the matrix with its adapter."""
    return keys @ merged(state)


def numbers(setting: Setting) -> float:
    """The matrix and one adapter."""
    return float(setting.N * setting.outputs + setting.size("rank") * (setting.N + setting.outputs))


LEARNER = Learner(
    name="lora",
    description="adapters of that rank, each trained on as many facts, merged one after another",
    claim="lora",
    access="many passes",
    begin=begin,
    write=write,
    read=read,
    numbers=numbers,
    sizes={"rank": 8},
    linear=True,
)
JOINT = replace(
    LEARNER,
    name="lora_joint",
    description="one adapter of that rank for all facts of a task, merged",
    write=write_joint,
    linear=False,
)
LEARNERS = (LEARNER, JOINT)


def _length(p: Parameters) -> float:
    """Tasks of D facts whose oldest keeps the required mean depth: an adapter for each `rank` facts, the last for the rest."""
    N, r, D = p["N"], p["rank"], p["D"]
    blocks = np.array([min(r, D - first) for first in range(0, D, r)])
    faded = np.cumprod([claim("lora").value("retained_depth", N=N, rank=block, T=2).value for block in blocks[::-1]])[::-1]
    within = np.append(faded[1:], 1.0)  # what the later adapters of its own task leave of each
    return largest_tasks(lambda T: float(blocks @ within) / D * float(faded[0]) ** (T - 1) - p["required"])


POINTS = {
    "quick": [{"N": 32, "D": D} for D in (2, 8)],
    "paper": [{"N": 64, "D": D} for D in (2, 4, 8, 16)],
}
SYSTEMS = (system_of(LEARNER, _length, POINTS, most={"rank": lambda p: p["N"]}),)
