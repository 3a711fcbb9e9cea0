"""What a learner is: a rule that writes a stream of tasks into a linear layer, and everything that it keeps to do so.

The layer has N inputs and some outputs. Task t brings D facts, a fact being a unit key [N] and its targets [outputs]. A learner
sees the tasks in order; what it may touch twice is its access rule (claim S3). All that it carries from one task to the next is
its state, a pytree of arrays of fixed shapes, and `numbers` counts it in full, so that methods can be compared at equal state
(C5). Depth is d(answer)/d(target), measured by perturbing targets (`simulate.system.freedom`), whatever the learner does with
them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp
from theory.controls import Access

State = Any


@partial(jax.tree_util.register_dataclass, data_fields=["hyperparameters"], meta_fields=["N", "outputs", "D", "T", "sizes"])
@dataclass(frozen=True)
class Setting:
    """The shapes of a learner's stream, static under jit, and its hyperparameters, which may be traced.

    Shapes: N inputs, outputs, D facts per task, room for T tasks, and the learner's own sizes (rank, buffer). Hyperparameters are
    numbers such as write strengths.
    """

    N: int
    outputs: int
    D: int
    T: int
    sizes: tuple[tuple[str, int], ...] = ()
    hyperparameters: Mapping[str, Scalar] = field(default_factory=dict)

    def size(self, name: str) -> int:
        """One of the learner's own sizes. Raises KeyError for an unknown one."""
        return dict(self.sizes)[name]


@dataclass(frozen=True, eq=False)
class Learner:
    """A method; static under jit, compared by identity.

    claim: id of its law in the ledger. access: its access rule. sizes, hyperparameters: its own, with their defaults.
    begin(setting): the state before the first task.
    write(state, keys [D, N], targets [D, outputs], t, setting): the state after task t = 0, 1, ...; t may be traced.
    read(state, keys [D, N], t, setting): answers [D, outputs] to the keys of task t; only a learner that is told the task uses t.
    numbers(setting): numbers that the state holds once T tasks are written, parameters and protective state together.
    tune(setting, T): hyperparameters for a stream of T tasks, from theory.
    linear: answers are linear in the targets, and every output is treated alike, whatever the others are; then one stream with
    identity targets gives all depths exactly (`simulate.system.freedom`).
    """

    name: str
    description: str
    claim: str
    access: Access
    begin: Callable[[Setting], State]
    write: Callable[[State, Array, Array, Scalar, Setting], State]
    read: Callable[[State, Array, Scalar, Setting], Array]
    numbers: Callable[[Setting], float]
    sizes: Mapping[str, int] = field(default_factory=dict)
    hyperparameters: Mapping[str, float] = field(default_factory=dict)
    tune: Callable[[Setting, int], Mapping[str, float]] = lambda setting, T: {}
    linear: bool = False


def written(
    learner: Learner, setting: Setting, keys: Float[Array, "T D N"], targets: Float[Array, "T D outputs"], T: Scalar
) -> State:
    """State after the first T tasks; T may be traced, and forward derivatives go through."""

    def task(t: Array, state: State) -> State:
        return learner.write(state, keys[t], targets[t], t, setting)

    return jax.lax.fori_loop(0, T, task, learner.begin(setting))


def answers(learner: Learner, setting: Setting, state: State, keys: Float[Array, "T D N"]) -> Float[Array, "T D outputs"]:
    """What is read of every task from one state."""
    return jax.vmap(lambda cues, t: learner.read(state, cues, t, setting))(keys, jnp.arange(len(keys)))
