"""C3: power SNR of a one-shot Hebbian memory against load and coding level, and the bits per synapse that it is worth."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.codes import active_cells
from simulate.grid import SEEDS, seed_keys
from simulate.memories.hebbian import stored_snr
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

N_OF: dict[Preset, int] = {"quick": 192, "paper": 384}
LOADS = (0.25, 0.5, 1, 2, 4, 8, 16)
OUTPUTS = 48


def cells(preset: Preset) -> list[Cell]:
    """One cell per coding level; every load and seed in it."""
    N = N_OF[preset]
    return [
        {"N": N, "a": a, "P": [round(load * N) for load in LOADS], "outputs": OUTPUTS, "seeds": list(SEEDS)}
        for a in (0.03, 0.05, 0.1, 0.2, 0.3, 0.5)
    ]


@partial(jax.jit, static_argnums=(1, 2, 3))
def _snr(keys: jax.Array, P_max: int, N: int, outputs: int, K: int, P: jax.Array) -> jax.Array:
    """Power SNR [loads, seeds]."""
    return jax.lax.map(lambda key: stored_snr(key, P_max, N, outputs, K, P), keys).T


def run(cell: Cell, workspace: Path) -> Rows:
    """Power SNR and bits per synapse, per load and seed."""
    N, a = cell["N"], cell["a"]
    keys = seed_keys(cell["seeds"], active_cells(N, a))
    snr = np.asarray(_snr(keys, max(cell["P"]), N, cell["outputs"], active_cells(N, a), jnp.array(cell["P"])))
    return [
        {"N": N, "P": P, "a": a, "seed": seed, "snr": float(value), "bits_per_synapse": float(P / 2 * np.log2(1 + value) / N)}
        for P, values in zip(cell["P"], snr, strict=True)
        for seed, value in zip(cell["seeds"], values, strict=True)
    ]


EXPERIMENT = Experiment(
    name="hebbian",
    question="Does the coding level change what a one-shot Hebbian memory holds, per neuron and at the exact cue?",
    prediction="No: the power SNR is N/(P - 1), up to the one dimension that codes of fixed sum lose, at every coding level; "
    "bits per synapse rise with the load towards 1/(2 ln 2) = 0.7213 and stay below.",
    falsifier="The SNR varies with the coding level beyond its interval, or bits per synapse exceed 1/(2 ln 2).",
    controls="Coding levels from 0.03 to 0.5 at equal N and P; the SNR estimate is unbiased under Gaussian crosstalk.",
    columns={
        "N": Column("Weights per output.", int, unit="weights"),
        "P": Column("Facts stored.", int, unit="facts"),
        "a": Column("Fraction of cells that are active in each code."),
        "seed": Column("Seed of codes and targets.", int),
        "snr": Column("Power signal-to-noise ratio of the readouts after one-shot Hebbian storage."),
        "bits_per_synapse": Column("Information of a graded reader per weight: P/(2 N) log2(1 + snr).", unit="bits"),
    },
    cells=cells,
    run=run,
)
