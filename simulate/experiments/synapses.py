"""C6, C6-chain: streams of patterns in bounded synapses and in chains of beakers, read at every age, under their ceilings."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.grid import REPORTED, seed_keys
from simulate.memories.chain import geometric, spread, written
from simulate.memories.markov_synapse import GROUPS, arrays, covariances, signal_to_noise, switched
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.chain import COUPLING, kernel, kernel_power
from theory.chain import geometric as modes
from theory.envelope import C6, Synapse, binary, by_age, cascade, envelope, power_ceiling, serial

N = 1000
STATES = 8
AGES: dict[Preset, dict[str, int]] = {
    "quick": {"states": 384, "chain": 2048, "beakers": 4, "events": 1536},
    "paper": {"states": 1024, "chain": 8192, "beakers": 5, "events": 12288},
}
LEAKY_AGE = 32
"""The leaky synapse (one beaker) is tuned for the oldest of so many events, where it must reach the ceiling of C6."""
STEP, BOUND = 1.0, 7.0


def cells(preset: Preset) -> list[Cell]:
    """One cell per synapse, all seeds in it: finite states, one leaky variable, and chains (linear, rounded, clipped)."""
    size = AGES[preset]
    common = {"N": N, "events": size["events"], "seeds": list(REPORTED[preset])}
    models = [
        *({"model": "binary", "parameter": switch} for switch in (1.0, 1 / 8, 1 / 32)),
        *({"model": "serial", "parameter": leave} for leave in (1.0, 0.05)),
        {"model": "cascade", "parameter": 0.5},
    ]
    leak = -np.log(1 - 1 / LEAKY_AGE) / 2  # SNR^2 falls by 1 - 1/M an event: the best exponential for the oldest of M
    linear = [
        {"model": "leaky", "parameter": float(leak), "beakers": 1, "step": 0.0, "bound": 0.0, "ages": size["states"]},
        *(
            {"model": model, "parameter": COUPLING, "beakers": size["beakers"], "step": step, "bound": bound}
            | {"ages": size["chain"]}
            for model, step, bound in (("chain", 0.0, 0.0), ("rounded", STEP, 0.0), ("clipped", STEP, BOUND))
        ),
    ]
    return [*({**common, **one, "ages": size["states"]} for one in models), *({**common, **one} for one in linear)]


def synapse(model: str, parameter: float) -> Synapse:
    """The finite-state synapse of a cell: two states, STATES in a row, or a cascade of STATES / 2 levels."""
    if model == "binary":
        return binary(parameter)
    return serial(STATES, parameter) if model == "serial" else cascade(STATES // 2, parameter)


Curves = tuple[jax.Array, jax.Array]


def _each_seed(group: Callable[[jax.Array], Curves], keys: jax.Array, n: int) -> Curves:
    """SNR and SNR^2 [seeds, ages] from the covariances of groups of n synapses; keys [seeds, GROUPS]."""
    parts = jax.lax.map(lambda of_seed: jax.lax.map(group, of_seed), keys)
    return jax.vmap(signal_to_noise, (0, 0, None))(*parts, GROUPS * n)


@partial(jax.jit, static_argnums=(4, 5, 6))
def _finite(keys: jax.Array, steps: jax.Array, weights: jax.Array, start: jax.Array, L: int, n: int, ages: int) -> Curves:
    """SNR [seeds, ages] and unbiased SNR^2 of GROUPS * n synapses; keys [seeds, GROUPS]."""
    return _each_seed(lambda key: covariances(switched(key, steps, weights, start, L, n), ages), keys, n)


@partial(jax.jit, static_argnums=(5, 6, 7))
def _linear(keys: jax.Array, relax: jax.Array, start: jax.Array, step: float, bound: float, L: int, n: int, ages: int) -> Curves:
    """The same of chains of beakers."""
    return _each_seed(lambda key: covariances(written(key, relax, start, step, bound, L, n), ages), keys, n)


def bins(ages: int) -> np.ndarray:
    """Edges of the bins in which ages are averaged: single ages at first, then four bins to a factor of two."""
    later = np.geomspace(8, ages, round(4 * np.log2(ages / 8)) + 1)
    return np.unique(np.round([*range(8), *later]).astype(int))


def predicted(cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    """SNR [ages] of the exact law (chains: the linear one), and its bound by C6, of M_s states or by the power alone."""
    N, ages = cell["N"], np.arange(cell["ages"], dtype=float)
    if "beakers" not in cell:
        model = synapse(cell["model"], cell["parameter"])
        return np.sqrt(N) * by_age(model, cell["ages"]), envelope(N, len(model.weights), 1.0, ages)
    chain = modes(cell["beakers"], coupling=cell["parameter"])
    later = C6.value("power_envelope", N=N, rate=1.0, t=ages[1:]).value
    return np.sqrt(N / kernel_power(chain)) * kernel(chain, ages), np.append(np.sqrt(N), later)


def run(cell: Cell, workspace: Path) -> Rows:
    """SNR, its square and M SNR^2 by bins of age, per seed, beside the exact law and the ceilings."""
    N, ages = cell["N"], cell["ages"]
    keys = jax.vmap(lambda key: jax.random.split(key, GROUPS))(seed_keys(cell["seeds"]))
    shape = (cell["events"] + ages, N // GROUPS, ages)
    if "beakers" in cell:
        relax = geometric(cell["beakers"], coupling=cell["parameter"])
        start = jnp.asarray(spread(relax))
        snr, power = _linear(keys, jnp.asarray(relax), start, cell["step"], cell["bound"] or np.inf, *shape)
    else:
        snr, power = _finite(keys, *arrays(synapse(cell["model"], cell["parameter"]), STATES), *shape)
    law, bound = predicted(cell)
    M = np.arange(1, ages + 1)
    ceiling = power_ceiling(N, M)
    common = {"model": cell["model"], "parameter": cell["parameter"], "N": N, "beakers": cell.get("beakers", 0)}
    common |= {"M_s": 0 if "beakers" in cell else 2 if cell["model"] == "binary" else STATES, "exact": not cell.get("step")}
    edges = bins(ages)
    return [
        {**common, "seed": seed, "age": low, "age_end": high, "snr": float(y[low:high].mean())}
        | {"predicted_snr": float(law[low:high].mean()), "envelope_snr": float(bound[low:high].mean())}
        | {"power": float(square[low:high].sum()), "predicted_power": float((law**2)[low:high].sum())}
        | {"oldest": float((M * square)[low:high].mean()), "ceiling_oldest": float(ceiling[low:high].mean())}
        for seed, y, square in zip(cell["seeds"], np.asarray(snr), np.asarray(power), strict=True)
        for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]


EXPERIMENT = Experiment(
    name="synapses",
    question="Do simulated synapses with finitely many states, and chains of coupled variables, keep a stream of patterns under "
    "the ceilings of C6, and do they keep what their exact laws say?",
    prediction="SNR at every age as the transition matrices (finite states) or the kernel (linear synapses) have it. SNR never "
    "above the envelope of C6 by start, area and power, nor its sum over ages above sqrt(N) (M_s - 1), nor M SNR^2 of the oldest "
    "of M above N (1 - 1/M)^(M-1); two states reach the envelope at age 1/q, one leaky variable the last ceiling at the M it is "
    "tuned for. Chain: exponent -1/2 of SNR from age 8 = 1/coupling to 4^beakers; powers add up to N; SNR falls to 1 at the "
    "lifetime of C6-chain. Rounding the first beaker at random to steps of 1 costs at most a fifth of the power.",
    falsifier="A bound exceeded beyond a simultaneous 95% interval; SNR off its exact law by more than 5%; exponent, sum or "
    "lifetime of the chain off by more than 10%.",
    controls="Two, eight and unboundedly many states at equal N and events; squares of SNR are products of independent groups of "
    "synapses, so that chance does not raise them; one rounded and one rounded and clipped chain, for which only bounds are "
    "predicted. The tangents of C6 ask for log-convex curves, which those of several states are not exactly at whole ages.",
    columns={
        "model": Column("Synapse: binary, serial, cascade, leaky, chain, rounded or clipped.", str),
        "parameter": Column("Switching probability (binary), leaving rate (serial), ratio (cascade), leak or coupling."),
        "N": Column("Synapses of the population.", int, unit="synapses"),
        "beakers": Column("Variables of a chain; 0 for synapses of finitely many states.", int, unit="beakers"),
        "M_s": Column("States of a synapse; 0 for chains.", int, unit="states"),
        "exact": Column("Whether the law is exact for this model (not where levels are rounded).", bool),
        "seed": Column("Seed of the patterns.", int),
        "age": Column("First age of the bin: patterns written after the judged one.", int, unit="events"),
        "age_end": Column("Age after the last one of the bin.", int, unit="events"),
        "snr": Column("Signal-to-noise ratio of the ideal observer (amplitude), mean over the bin."),
        "predicted_snr": Column("The same by the exact law."),
        "envelope_snr": Column("Ceiling of C6 on it."),
        "power": Column("Squared signal-to-noise ratio, unbiased, summed over the ages of the bin."),
        "predicted_power": Column("The same by the exact law."),
        "oldest": Column("Age times squared signal-to-noise ratio, mean over the bin."),
        "ceiling_oldest": Column("Ceiling of C6 on it."),
    },
    cells=cells,
    run=run,
)
