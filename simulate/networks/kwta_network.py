"""Two hidden layers of k winners, trained on tasks one after another: what sparsity and centring do where codes are learned.

x -> W1 -> k winners -> W2 -> k winners -> W3 -> outputs. The k units of a layer with the largest drive stay on, if it is
positive (Ahmad and Scheinkman 2019), so that the activity is k/m at most. Centred: every layer reads what is left of the codes
below once their running mean is taken out. A shift of the mean goes into an offset that is never trained. So centring
changes no answer, only what a write moves: the gradient of a layer's weights is (h - mean) delta^T instead of h delta^T. Without
centring mean and offset stay 0, and nothing but the weights is trained.

A task is D facts: random inputs on the unit sphere with random labels. It is learned by gradient descent on the mean
cross-entropy of its facts until that falls to `target`, so that networks are compared after equal learning. The rate is
`strength` over the mean squared length of the facts' gradients (the diagonal of the kernel) when the task begins.
"""

from typing import Any, NamedTuple

from jaxtyping import Array, Float, Integer

from simulate.backend import Scalar, jax, jnp

HALVINGS = 40
"""Bisections for the threshold of the winners: a relative precision of 1e-12 of the range of drives."""
FOLLOW = 0.05
"""Weight of the newest step in the running mean."""


class Network(NamedTuple):
    """Weights; means of the hidden codes and the offsets that make up for them (both 0 if not centred)."""

    W1: Float[Array, "*seeds inputs hidden"]
    W2: Float[Array, "*seeds hidden hidden"]
    W3: Float[Array, "*seeds hidden outputs"]
    mean1: Float[Array, "*seeds hidden"]
    mean2: Float[Array, "*seeds hidden"]
    offset2: Float[Array, "*seeds hidden"]
    offset3: Float[Array, "*seeds outputs"]


class Codes(NamedTuple):
    """What each layer reads, which hidden units are on (0 or 1), and the answers, for a batch of inputs."""

    read: tuple[Array, Array, Array]
    on: tuple[Array, Array]
    answers: Float[Array, "facts outputs"]


def fresh(key: jax.Array, inputs: int, hidden: int, outputs: int) -> Network:
    """Normal weights: of variance 2 (first layer: unit inputs), 2/hidden and 1/hidden; nothing centred yet."""
    first, second, third = jax.random.split(key, 3)
    W1 = jnp.sqrt(2.0) * jax.random.normal(first, (inputs, hidden))
    W2 = jnp.sqrt(2 / hidden) * jax.random.normal(second, (hidden, hidden))
    W3 = jnp.sqrt(1 / hidden) * jax.random.normal(third, (hidden, outputs))
    return Network(W1, W2, W3, jnp.zeros(hidden), jnp.zeros(hidden), jnp.zeros(hidden), jnp.zeros(outputs))


def winners(drive: Float[Array, "facts hidden"], k: Scalar) -> Float[Array, "facts hidden"]:
    """1 for the k largest drives of each row that are positive, else 0; k may be traced. Piecewise constant: no gradient."""
    drive = jax.lax.stop_gradient(drive)

    def halve(_: Scalar, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low + high) / 2
        enough = jnp.sum(drive >= middle, axis=1, keepdims=True) >= k
        return jnp.where(enough, middle, low), jnp.where(enough, high, middle)

    ends = jnp.min(drive, axis=1, keepdims=True), jnp.max(drive, axis=1, keepdims=True)
    threshold = jax.lax.fori_loop(0, HALVINGS, halve, ends)[0]
    return ((drive >= threshold) & (drive > 0)).astype(float)


def codes(network: Network, x: Float[Array, "facts inputs"], k: Scalar) -> Codes:
    """A pass through the network."""
    drive = x @ network.W1
    on1 = winners(drive, k)
    first = on1 * drive - network.mean1
    drive = first @ network.W2 + network.offset2
    on2 = winners(drive, k)
    second = on2 * drive - network.mean2
    return Codes((x, first, second), (on1, on2), second @ network.W3 + network.offset3)


def recentred(network: Network, x: Float[Array, "facts inputs"], k: Scalar, weight: Scalar) -> Network:
    """The network with its means moved by `weight` towards those of these inputs' codes; every answer stays the same."""
    read = codes(network, x, k).read
    shift1, shift2 = (weight * jnp.mean(code, axis=0) for code in read[1:])
    return network._replace(
        mean1=network.mean1 + shift1,
        mean2=network.mean2 + shift2,
        offset2=network.offset2 + shift1 @ network.W2,
        offset3=network.offset3 + shift2 @ network.W3,
    )


def kernel(network: Network, x: Float[Array, "facts inputs"], k: Scalar) -> Float[Array, "facts facts"]:
    """Inner products of the facts' gradients of one output with respect to all weights, mean over outputs (no offset is trained).

    A layer's gradient is the outer product of what it reads and of what comes back to it, so that its inner products factor.
    """
    now = codes(network, x, k)
    outputs = network.W3.shape[1]
    back2 = now.on[1][None] * network.W3.T[:, None, :]
    back1 = now.on[0][None] * (back2 @ network.W2.T)
    total = now.read[2] @ now.read[2].T
    for read, back in ((now.read[1], back2), (now.read[0], back1)):
        total = total + (read @ read.T) * jnp.einsum("oik,ojk->ij", back, back) / outputs
    return total


def cross_entropy(
    network: Network, x: Float[Array, "facts inputs"], labels: Integer[Array, " facts"], k: Scalar
) -> Float[Array, ""]:
    """Mean cross-entropy of the labels, in nats."""
    chances = jax.nn.log_softmax(codes(network, x, k).answers)
    return -jnp.mean(jnp.take_along_axis(chances, labels[:, None], axis=1))


def learned(
    network: Network,
    x: Float[Array, "facts inputs"],
    labels: Integer[Array, " facts"],
    k: Scalar,
    centred: Scalar,
    target: Scalar,
    strength: Scalar,
    steps: Scalar,
) -> tuple[Network, Array]:
    """The network after learning one task, and the steps it took: `steps` at most, fewer if the loss fell to `target`."""
    rate = strength / jnp.mean(jnp.diagonal(kernel(network, x, k)))

    def unfinished(state: tuple[Network, Array, Array]) -> Array:
        return (state[1] > target) & (state[2] < steps)

    def step(state: tuple[Network, Array, Array]) -> tuple[Network, Array, Array]:
        network = recentred(state[0], x, k, FOLLOW * centred)
        loss, slope = jax.value_and_grad(cross_entropy)(network, x, labels, k)
        weights = {name: getattr(network, name) - rate * getattr(slope, name) for name in ("W1", "W2", "W3")}
        # the loss is that before the step; the step is kept only if it was needed
        moved = jax.tree.map(lambda new, old: jnp.where(loss > target, new, old), network._replace(**weights), network)
        return moved, loss, state[2] + 1

    now, _, count = jax.lax.while_loop(unfinished, step, (network, jnp.array(jnp.inf), jnp.array(0)))
    return now, count


def tasks(key: jax.Array, T: int, D: int, inputs: int, outputs: int) -> tuple[Float[Array, "T D inputs"], Integer[Array, "T D"]]:
    """Unit inputs in random directions and random labels."""
    place, name = jax.random.split(key)
    x = jax.random.normal(place, (T, D, inputs))
    return x / jnp.linalg.norm(x, axis=2, keepdims=True), jax.random.randint(name, (T, D), 0, outputs)


def course(
    key: jax.Array,
    shape: tuple[int, int, int],
    T: int,
    D: int,
    k: Scalar,
    centred: Scalar,
    target: Scalar,
    strength: Scalar,
    steps: Scalar,
) -> dict[str, Any]:
    """Learn T tasks in turn. shape: inputs, hidden units a layer, outputs.

    Returns the network at the start and at the end, the facts, the steps [T], and the share of wrong answers and the loss (nats)
    of every task [T after task, T tasks].
    """
    begin, draw = jax.random.split(key)
    inputs, _, outputs = shape
    x, labels = tasks(draw, T, D, inputs, outputs)
    network = fresh(begin, *shape)
    network = recentred(network, x[0], k, 1.0 * centred)

    def turn(network: Network, task: tuple[Array, Array]) -> tuple[Network, tuple[Array, Array, Array]]:
        network, count = learned(network, *task, k, centred, target, strength, steps)

        def judge(x: Array, labels: Array) -> tuple[Array, Array]:
            wrong = jnp.argmax(codes(network, x, k).answers, axis=1) != labels
            return jnp.mean(wrong.astype(float)), cross_entropy(network, x, labels, k)

        return network, (count, *jax.vmap(judge)(x, labels))

    end, (count, wrong, loss) = jax.lax.scan(turn, network, (x, labels))
    return {"start": network, "end": end, "x": x, "labels": labels, "steps": count, "wrong": wrong, "loss": loss}
