"""Streams of tasks for any learner: facts that nothing compresses, a teacher that all tasks share, teachers of chosen likeness.

A fact is a unit code u [N] with O targets. Every family is one formula,

    y = u.w_t + sigma xi,    w_t = 0  |  w  |  sqrt(rho) w + sqrt(1 - rho) v_t,    w, v_t, xi standard normal,

so that a teacher's part of a target has variance 1 at every code (codes are unit vectors), and sigma^2 is the variance of what a
fact has of its own (C4): no teacher explains it. `bits` is the counterpart for memories of bits (S1): R facts that every task
repeats, and D_s of its own.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp
from simulate.codes import Family, draw_active
from theory.errors import UserError

TaskFamily = Literal["random", "teacher", "similar"]
TASKS: dict[TaskFamily, str] = {
    "random": "targets are independent: nothing to compress",
    "teacher": "all tasks share one teacher; each fact adds a part of its own",
    "similar": "each task has a teacher of its own, with cosine rho between any two",
}


@partial(jax.tree_util.register_dataclass, data_fields=("codes", "targets", "shared"), meta_fields=())
@dataclass(frozen=True)
class Stream:
    """T tasks of D facts: unit codes, targets, and what all tasks share of their teachers (zeros where there is none)."""

    codes: Float[Array, "T D N"]
    targets: Float[Array, "T D O"]
    shared: Float[Array, "N O"]


def correlated(codes: Float[Array, "T D N"], prototypes: Float[Array, "T N"], strength: Scalar) -> Float[Array, "T D N"]:
    """Unit codes sqrt(1 - strength) u + sqrt(strength) p, normalised: each mixed with the prototype p of its task.

    Where codes and prototypes are centred, two codes of a task have the cosine `strength` on average, to leading order in 1/N.
    """
    mixed = jnp.sqrt(1.0 - strength) * codes + jnp.sqrt(1.0 * strength) * prototypes[:, None]
    return mixed / jnp.linalg.norm(mixed, axis=-1, keepdims=True)


def stream(
    key: jax.Array,
    family: TaskFamily,
    N: int,
    O: int,
    T: int,
    D: int,
    code_family: Family,
    K: Scalar,
    exponent: Scalar,
    sigma: Scalar = 1.0,
    rho: Scalar = 0.0,
    overlap: Scalar = 0.0,
) -> Stream:
    """A stream of T tasks of D facts: codes with K active cells and magnitudes U^exponent (`draw_active`), targets as above.

    family, N, O, T, D, code_family are static under jit. K, exponent, sigma, rho and overlap may be traced. sigma >= 0.
    0 <= rho <= 1 is used by "similar" only. 0 <= overlap < 1 is the likeness of the codes of one task (`correlated`). One key
    gives the same codes, teachers and private parts whatever sigma, rho and overlap are.
    Raises UserError for a family that does not exist.
    """
    if family not in TASKS:
        raise UserError(f"family {family!r}: no such task family; choose from {', '.join(TASKS)}")
    code_key, prototype_key, shared_key, task_key, private_key = jax.random.split(key, 5)
    codes = draw_active(code_key, T * D, N, K, code_family, exponent).reshape(T, D, N)
    codes = correlated(codes, draw_active(prototype_key, T, N, K, code_family, exponent), overlap)
    private = sigma * jax.random.normal(private_key, (T, D, O))
    share = {"random": 0.0, "teacher": 1.0, "similar": rho}[family]
    shared = jnp.sqrt(1.0 * share) * jax.random.normal(shared_key, (N, O))
    targets = jnp.einsum("tdn,no->tdo", codes, shared) + private
    if family == "similar":
        own = jnp.sqrt(1.0 - rho) * jax.random.normal(task_key, (T, N, O))
        targets = targets + jnp.einsum("tdn,tno->tdo", codes, own)
    return Stream(codes, targets, shared)


def bits(key: jax.Array, N: int, O: int, T: int, R: int, D_s: int, code_family: Family, K: Scalar, exponent: Scalar) -> Stream:
    """T tasks of R + D_s facts with targets +1 and -1, a bit an output: the first R are those of every task, code and target.

    N, O, T, R >= 0, D_s >= 1 and code_family are static under jit. No teacher: `shared` is zero.
    """
    code_key, target_key = jax.random.split(key)
    facts = draw_active(code_key, R + T * D_s, N, K, code_family, exponent)
    signs = jax.random.rademacher(target_key, (R + T * D_s, O), float)

    def tasks(values: Array) -> Array:
        common = jnp.broadcast_to(values[:R], (T, R, values.shape[-1]))
        return jnp.concatenate([common, values[R:].reshape(T, D_s, -1)], axis=1)

    return Stream(tasks(facts), tasks(signs), jnp.zeros((N, O)))
