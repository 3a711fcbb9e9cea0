"""I1, I2: what activity does to the overlap of random write directions, and what removing the mean does to that."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax
from simulate.codes import CENTRED, FAMILIES, Family, active_cells, draw_active, magnitude_exponent
from simulate.grid import SEEDS
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.interference import mean_square_overlap
from theory.statistics import common_mode_share, participation_ratio

ACTIVITY = (0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75)
SIZES: dict[Preset, dict[str, int]] = {"quick": {"N": 128, "M": 512}, "paper": {"N": 256, "M": 1024}}


def cells(preset: Preset) -> list[Cell]:
    """One cell per code family, activity and c; the Gaussian family has a c of its own (2/pi), which does not matter to it."""
    N = SIZES[preset]["N"]
    listed = []
    for family in FAMILIES:
        for c in (1.0,) if family == "gaussian" else (1.0, 0.5):
            for a in ACTIVITY:
                level = active_cells(N, a, family, c) / N
                predicted = mean_square_overlap(N, level, 0.0 if family in CENTRED else c)
                cell = {"family": family, "a": a, "c": c, "predicted": predicted, "seeds": list(SEEDS)}
                listed.append({**SIZES[preset], **cell})
    return listed


@partial(jax.jit, static_argnums=(1, 2, 4))
def _codes(key: jax.Array, M: int, N: int, K: int, family: Family, exponent: float) -> jax.Array:
    return draw_active(key, M, N, K, family, exponent)


def run(cell: Cell, workspace: Path) -> Rows:
    """Statistics of the Gram matrix of M codes, per seed."""
    N, M, a, c, family = (cell[name] for name in ("N", "M", "a", "c", "family"))
    K, exponent = active_cells(N, a, family, c), magnitude_exponent(c)
    pairs = M * (M - 1)
    rows = []
    for seed in cell["seeds"]:
        u = np.asarray(_codes(jax.random.key(seed), M, N, K, family, exponent))
        kappa = u @ u.T
        rows.append(
            {"a": a, "N": N, "M": M, "c": c, "family": family, "centred": family in CENTRED, "seed": seed, "active": K}
            | {
                "mean_square_overlap": float((np.sum(kappa**2) - M) / pairs),
                "participation_ratio": participation_ratio(kappa),
                "mean_overlap": float((np.sum(kappa) - M) / pairs),
                "common_mode_share": common_mode_share(kappa),
                "predicted_mean_square_overlap": cell["predicted"],
            }
        )
    return rows


EXPERIMENT = Experiment(
    name="interference",
    question="Does the normalised overlap of write directions fall with sparsity, or only through the common mode?",
    prediction="Non-negative codes: mean squared overlap 1/N + (1 - 1/N)(a c)^2. Centred codes: 1/N at every activity. "
    "Mean over facts of the summed squared overlap equals M/PR - 1 and is never below M/N - 1.",
    falsifier="A centred family whose mean squared overlap depends on activity, a non-negative one whose does not, or a value "
    "below the floor M/N - 1.",
    controls="The same supports and magnitudes with the mean code removed; random signs; Gaussian values; two values of c.",
    columns={
        "a": Column("Fraction of cells that the experiment asked to be active in each code (the coding level)."),
        "N": Column("Length of a code.", int, unit="cells"),
        "M": Column("Number of random codes drawn.", int, unit="facts"),
        "c": Column("Magnitude ratio of the active cells, mean squared over mean square; 1 means that all are equal."),
        "family": Column("Code family: nonnegative, mean_removed (nonnegative less its mean), signed or gaussian.", str),
        "centred": Column("Whether the codes of this family have mean zero.", bool),
        "seed": Column("Seed of the random codes.", int),
        "active": Column("Cells that are really active in each code: a N, rounded.", int, unit="cells"),
        "mean_square_overlap": Column("Mean over pairs of different codes of their squared inner product (unit codes)."),
        "participation_ratio": Column("Participation ratio of the Gram matrix: squared trace over the trace of its square."),
        "mean_overlap": Column("Mean over pairs of different codes of their inner product."),
        "common_mode_share": Column("Squared mean overlap over mean squared overlap: the share that one direction explains."),
        "predicted_mean_square_overlap": Column("Mean squared overlap that the coding-level law I2 gives."),
    },
    cells=cells,
    run=run,
)
