"""C7-transfer: a student that a notebook teaches offline, its errors against time, and when it should have stopped (Go-CLS)."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import Scalar, jax, jnp
from simulate.codes import active_cells
from simulate.grid import REPORTED, seed_keys
from simulate.networks.notebook import called_by_half, called_by_input, indices, learn, replay
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.generalisation import C7_TRANSFER

SIZES: dict[Preset, dict[str, int]] = {"quick": {"N": 48, "units": 2000}, "paper": {"N": 100, "units": 5000}}
ALPHAS = (0.25, 0.5, 1.0, 2.0)
SNRS = (0.5, 1.0, 4.0, 100.0)
TIMES = tuple(float(t) for t in np.geomspace(0.1, 100, 25).round(4))
ACTIVITY, CYCLES, DRAWS, NOVEL = 0.05, 3, 16, 50
STEP = 0.1
"""Learning rate times the largest eigenvalue that the law expects: small enough for gradient flow."""


def cells(preset: Preset) -> list[Cell]:
    """One cell per number of examples; every teacher, time and seed in it."""
    common = {"a": ACTIVITY, "cycles": CYCLES, "draws": DRAWS, "novel": NOVEL, "teacher_snr": list(SNRS), "times": list(TIMES)}
    N = SIZES[preset]["N"]
    common |= {"P_max": round(max(ALPHAS) * N)}
    return [{**SIZES[preset], "P": round(alpha * N), **common, "seeds": list(REPORTED[preset])} for alpha in ALPHAS]


@partial(jax.jit, static_argnums=(1, 2, 3, 4, 5, 6, 7))
def _transfer(
    keys: jax.Array, P_max: int, N: int, units: int, K: int, cycles: int, draws: int, novel: int,
    P: int, snr: jax.Array, rate: jax.Array, epochs: jax.Array,
) -> dict[str, jax.Array]:  # fmt: skip
    """Errors [seeds, teachers] of the notebook, share recalled [seeds], and errors [seeds, times, teachers] of the students.

    `draws` independent teachers for every signal-to-noise ratio are learnt and averaged; all errors are over a teacher's power.
    Examples from P to P_max are rows of zeros: one compilation serves every P.
    """
    real = (jnp.arange(P_max) < P).astype(float)[:, None]

    def mean(errors: jax.Array, count: Scalar) -> jax.Array:
        return jnp.mean((jnp.sum(errors, axis=-2) / count).reshape(*errors.shape[:-2], len(snr), draws), axis=-1)

    def one(key: jax.Array) -> dict[str, jax.Array]:
        x_key, teacher_key, noise_key, index_key, half_key, novel_key = jax.random.split(key, 6)
        x = real * jax.random.normal(x_key, (P_max, N)) / jnp.sqrt(N)
        new = jax.random.normal(novel_key, (novel, N)) / jnp.sqrt(N)
        teacher = jax.random.normal(teacher_key, (N, len(snr) * draws))
        noise = jax.random.normal(noise_key, (P_max, len(snr), draws)) / jnp.sqrt(snr)[:, None]
        y = x @ teacher + real * noise.reshape(P_max, -1)
        stored = real * indices(index_key, P_max, units, K)
        settled = called_by_half(half_key, stored, K, cycles)
        replayed = real * replay(stored, jnp.concatenate([x, y], axis=1), settled, K)
        answers = replay(stored, y, called_by_input(stored, x, jnp.concatenate([x, new]), K, cycles), K)
        sources = {"notebook": (replayed[:, :N], replayed[:, N:]), "list": (x, y)}
        weights = jnp.stack([learn(*taught, rate, epochs) for taught in sources.values()])
        return {
            "recalled": jnp.sum(real[:, 0] * jnp.all(settled == stored, axis=1)) / P,
            "notebook_train": mean(real * (answers[:P_max] - y) ** 2, P),
            "notebook_test": mean((answers[P_max:] - new @ teacher) ** 2, novel),
            "test": mean((weights - teacher) ** 2, N),
            "train": mean((x @ weights - y) ** 2, P),
        }

    return jax.lax.map(one, keys)


def run(cell: Cell, workspace: Path) -> Rows:
    """Train and test error of students of the notebook and of a list of the examples, per teacher, time and seed."""
    N, P, units = (cell[name] for name in ("N", "P", "units"))
    alpha, snr = P / N, np.array(cell["teacher_snr"])
    rate = STEP / float(C7_TRANSFER.value("upper_edge", alpha=alpha).value)
    epochs = np.maximum(1, np.round(np.array(cell["times"]) / rate)).astype(int)
    sizes = (cell["P_max"], N, units, active_cells(units, cell["a"]), cell["cycles"], cell["draws"], cell["novel"])
    measured = _transfer(seed_keys(cell["seeds"], P), *sizes, P, jnp.array(snr), jnp.array(rate), jnp.array(epochs))
    measured = {name: np.asarray(values) for name, values in measured.items()}
    times = epochs * rate
    law = {
        name: [C7_TRANSFER.value(f"{name}_error", alpha=alpha, teacher_snr=ratio, t=times).value for ratio in snr]
        for name in ("test", "train")
    }
    return [
        {"N": N, "P": P, "alpha": alpha, "units": units, "teacher_snr": float(ratio), "source": source, "seed": seed}
        | {"t": float(t), "test_error": float(measured["test"][s, j, i, k])}
        | {"train_error": float(measured["train"][s, j, i, k]), "recalled": float(measured["recalled"][s])}
        | {name: float(measured[name][s, k]) for name in ("notebook_train", "notebook_test")}
        | {f"predicted_{name}": float(curves[k][i]) for name, curves in law.items()}
        for j, source in enumerate(("notebook", "list"))
        for k, ratio in enumerate(snr)
        for i, t in enumerate(times)
        for s, seed in enumerate(cell["seeds"])
    ]


EXPERIMENT = Experiment(
    name="transfer",
    question="When should a slow learner stop taking over what a fast memory replays?",
    prediction="Train and test errors of the student follow the law of gradient flow on alpha N examples at every teacher's "
    "signal-to-noise ratio; the best stop lies between ln(1 + lambda_+ SNR)/lambda_+ and SNR, so that full transfer overfits "
    "every noisy teacher; it is worse than nothing where SNR |alpha - 1| < 1. The notebook's crosstalk shifts this by a share of "
    "order P over its cells.",
    falsifier="Test errors more than 10% off the law; best stops off by more than a factor 1.25, or outside the bounds; a "
    "student that gains from full transfer where SNR |alpha - 1| < 1, or loses where it exceeds 1.",
    controls="A list of the examples themselves in place of the notebook; the notebook's own errors on old and new inputs.",
    columns={
        "N": Column("Weights of teacher and student.", int, unit="weights"),
        "P": Column("Examples stored in the notebook.", int, unit="facts"),
        "alpha": Column("Examples per weight, P/N."),
        "units": Column("Cells of the notebook.", int, unit="cells"),
        "teacher_snr": Column("Variance of the teacher's answers over that of the noise on them."),
        "source": Column("What teaches the student: notebook (replayed examples) or list (the examples themselves).", str),
        "seed": Column("Seed of teachers, examples and index patterns.", int),
        "t": Column("Time of gradient flow: learning rate times epochs."),
        "test_error": Column("Squared error of the student on new inputs, over the teacher's power."),
        "train_error": Column("Squared error of the student on the examples, over the teacher's power."),
        "recalled": Column("Share of the examples whose index pattern the notebook recalls exactly."),
        "notebook_train": Column("Squared error of the notebook's own answers to the examples, over the teacher's power."),
        "notebook_test": Column("Squared error of the notebook's own answers to new inputs, over the teacher's power."),
        "predicted_test": Column("Test error by the law of gradient flow (C7-transfer)."),
        "predicted_train": Column("Train error by the same law."),
    },
    cells=cells,
    run=run,
)
