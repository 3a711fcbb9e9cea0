"""One learning rate for shared structure and private facts: LMS, and its escape by a second store (claim C4).

Fact i asks for y_i = w*.x_i + sigma xi_i at unit-norm isotropic features x_i: a teacher that all facts share plus a part of
its own. With rate eta the error on the teacher settles at J = eta sigma^2 / (2 - eta), and the fact just written keeps the
fraction eta of its private part.

single: N weights w, w <- w + eta x (y - w.x).
dual: the same w at a slow rate, plus a fast store v of N weights, addressed by a sparse code z_i of the fact. After each write v
holds exactly what w leaves over: v <- hold v + z (y - w.x - hold v.z). Both have N weights, 2 N in all; J does not
depend on N, so giving the single system 2 N weights does not change its line.
J is the mean squared error of the whole system's readout on a new input (new x, new z): (|w - w*|^2 + |v|^2) / N.
"""

from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp
from simulate.codes import draw_active
from theory import tradeoff

HOLD = 0.5
"""Fraction of its content that the fast store carries over to the next fact."""


def predicted_error(N: int, eta: float, sigma: float, fast: bool) -> float:
    """J of the whole system in expectation: the slow store's (C4) and, with the fast store, |v|^2 / N.

    Every write puts in v what w leaves over, of mean square (1 - eta)^2 (sigma^2 + J), and keeps HOLD^2 (1 - 1/N) of |v|^2.
    """
    slow = tradeoff.J(eta, sigma)
    crosstalk = (1 - eta) ** 2 * (sigma**2 + slow) / (1 - HOLD**2 * (1 - 1 / N)) / N
    return slow + crosstalk if fast else slow


def steady_state(
    key: jax.Array, N: int, steps: int, K: Scalar, eta: Scalar, sigma: Scalar, fast: Scalar
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """(J, depth of the fact just written as a fraction) averaged over the last four fifths of `steps` writes.

    fast: 1.0 with the fast store (K active cells per code), 0.0 without. N, steps static. Depth is the slope of the readout
    of the fact just written against its private part. The weights start at the teacher, from where J rises to its plateau.
    """

    def step(state: tuple[Array, Array], step_key: Array) -> tuple[tuple[Array, Array], Array]:
        error, v = state
        x_key, z_key, private_key = jax.random.split(step_key, 3)
        x = jax.random.normal(x_key, (N,))
        x = x / jnp.linalg.norm(x)
        z = draw_active(z_key, 1, N, K, "signed")[0]
        private = sigma * jax.random.normal(private_key)
        error = error + eta * x * (private - error @ x)
        v = HOLD * v
        v = v + fast * z * (private - error @ x - v @ z)
        readout = error @ x + v @ z
        J = (error @ error + v @ v) / N
        return (error, v), jnp.stack([J, readout * private, private * private])

    start = (jnp.zeros(N), jnp.zeros(N))
    _, record = jax.lax.scan(step, start, jax.random.split(key, steps))
    J, covariance, variance = jnp.mean(record[steps // 5 :], axis=0)
    return J, covariance / variance
