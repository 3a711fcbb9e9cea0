"""One store with second-order state (S3): recursive least squares, each fact seen once, no rehearsal.

After M facts its weights are the ridge regression (X^T X + ridge I)^-1 X^T y of all labels on all cues, whatever the tasks. The
matrix, N(N + 1)/2 numbers, is shared by the units of a layer. Read by sign it holds more labels than weights (S3).
"""

from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp
from simulate.labels import LabelledFacts, wrong_share


def width(numbers: int, layer: int) -> int:
    """Largest N with N + N(N + 1)/(2 layer) <= numbers of state per unit, the matrix shared by `layer` units."""
    return max(N for N in range(numbers + 1) if N + N * (N + 1) / (2 * layer) <= numbers)


@jax.jit
def error_after_tasks(facts: LabelledFacts, T: Scalar, ridge: Scalar) -> Float[Array, ""]:
    """Share of all labels that are read wrongly, by sign, once all T tasks are learned."""
    used = facts.task < T
    seen: Array = facts.codes * used[:, None]
    weights = jnp.linalg.solve(seen.T @ seen + ridge * jnp.eye(seen.shape[1]), seen.T @ facts.y)
    return wrong_share(facts.codes, facts.y, weights, used)
