"""A notebook that replays to a student: Go-CLS (Sun, Advani, Spruston, Saxe and Fitzgerald 2023, Nature Neuroscience 26, 1438).

The notebook has `units` binary cells. Example (x_mu, y_mu) gets a random index pattern of exactly K = a units active cells. It is
stored by Hebb's rule in three sets of weights: among the cells (a sparse Hopfield network), from the student's input to the
cells, and from the cells to the student's input and output,

    J = sum_mu (xi_mu - a)(xi_mu - a)^T / (units a (1 - a)), zero diagonal;   inward = sum_mu x_mu (xi_mu - a)^T;
    outward = sum_mu (xi_mu - a) (x_mu, y_mu)^T / (units a (1 - a)).

Recall: a cue sets the state; then every cell sums its recurrent input, and the K cells of the largest win, `cycles` times over.
K winners stand for the dynamic threshold of the paper; its second round, which lets the network fall silent, is left out.
The settled pattern drives the student through `outward`. What it replays is example mu plus crosstalk of variance about
(P - 1)/units of an example, mixed alike into input and output. A teacher's relation survives it, the spectrum of the inputs
does not quite (relative corrections of order P/units).

The student learns by gradient descent on what is replayed; each stored example is replayed once an epoch, called by a random
half of its index pattern.
"""

from jaxtyping import Array, Bool, Float, Integer

from simulate.backend import Scalar, jax, jnp
from simulate.codes import supports

BISECTIONS = 50


def indices(key: jax.Array, P: int, units: int, K: int) -> Float[Array, "{P} {units}"]:
    """Random index patterns less their coding level: 1 - a where active, -a elsewhere; exactly K = a units active cells each."""
    return supports(key, P, units, K) - K / units


def largest(field: Float[Array, "R units"], K: int) -> Bool[Array, "R units"]:
    """The K largest of each row, and what ties with the least of them: the threshold is bisected (sorting takes far longer)."""

    def half(_: Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low + high) / 2
        enough = jnp.sum(field > middle, axis=-1, keepdims=True) >= K
        return jnp.where(enough, middle, low), jnp.where(enough, high, middle)

    low, high = jnp.min(field, axis=-1, keepdims=True), jnp.max(field, axis=-1, keepdims=True)
    return field > jax.lax.fori_loop(0, BISECTIONS, half, (low - (high - low) * 1e-9, high))[0]


def winners(field: Float[Array, "R units"], K: int) -> Float[Array, "R units"]:
    """State after K winners took all: 1 - a for the K cells of largest input in each row, -a for the rest."""
    return largest(field, K) - K / field.shape[-1]


def settle(stored: Float[Array, "P units"], state: Float[Array, "R units"], K: int, cycles: int) -> Float[Array, "R units"]:
    """States after `cycles` rounds of recurrent input and K winners; stored are the index patterns.

    J s is summed over the stored patterns, J itself of units^2 numbers is never formed; its diagonal is taken out.
    """
    own = jnp.sum(stored**2, axis=0)

    def cycle(_: Array, state: Array) -> Array:
        return winners((state @ stored.T) @ stored - own * state, K)

    return jax.lax.fori_loop(0, cycles, cycle, state)


def replay(
    stored: Float[Array, "P units"], student: Float[Array, "P S"], state: Float[Array, "R units"], K: int
) -> Float[Array, "R S"]:
    """What the settled states drive in the student: activity [R, S] through the Hebbian weights `outward`."""
    units = stored.shape[-1]
    a = K / units
    return state @ (stored.T @ student) / (units * a * (1 - a))


def called_by_half(key: jax.Array, stored: Float[Array, "P units"], K: int, cycles: int) -> Float[Array, "P units"]:
    """Settled states, one for each stored example, from cues in which a random half of its active cells are active."""
    half = largest(jax.random.uniform(key, stored.shape) * (stored > 0), K // 2)
    return settle(stored, half - K / stored.shape[-1], K, cycles)


def called_by_input(
    stored: Float[Array, "P units"], inputs: Float[Array, "P N"], cue: Float[Array, "R N"], K: int, cycles: int
) -> Float[Array, "R units"]:
    """Settled states from the student's input: the way in which the notebook itself answers."""
    return settle(stored, winners((cue @ inputs.T) @ stored, K), K, cycles)


def learn(
    inputs: Float[Array, "P N"], outputs: Float[Array, "P K"], rate: Scalar, epochs: Integer[Array, " times"]
) -> Float[Array, "times N K"]:
    """Student weights after these numbers of epochs of gradient descent from 0 on the summed squared error.

    w <- w + rate X^T (y - X w), whose iterates are summed along the eigenvectors of X^T X. After n epochs the component of
    X^T y along an eigenvalue lambda is multiplied by (1 - (1 - rate lambda)^n)/lambda. The time of gradient flow is rate n.
    """
    values, vectors = jnp.linalg.eigh(inputs.T @ inputs)
    drive = vectors.T @ (inputs.T @ outputs)
    slow = values * rate < 1e-12  # unseen directions: nothing drives them
    safe = jnp.where(slow, 1.0, values)
    gains = jnp.where(slow, 0.0, (1 - (1 - rate * safe) ** epochs[:, None]) / safe)
    return jnp.einsum("ij,tj,jk->tik", vectors, gains, drive)
