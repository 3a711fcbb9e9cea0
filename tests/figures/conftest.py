"""Small made-up tables in the shape of the real ones, for the drawing code and the rules; they live in tmp_path only.

The laws that they follow are typed here by hand, not taken from `theory`; `bend` multiplies a measured quantity, so that a
table can be made to break its law, and `seeds` = 1 takes the replication away. Further tables: one file each in `made/`, which
binds rows(maker) and the CASES of the rules that read it.
"""

from collections.abc import Callable
from itertools import product
from math import e, exp, log2
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import lambertw

from figures.build.dictionary import columns_of
from figures.results import Results
from realmodels.writing.methods.catalogue import RUNS
from simulate.runs.columns import fault
from simulate.runs.store import write_table
from tests.discovery import modules

ACTIVITIES = (0.05, 0.1, 0.2, 0.5)


class Maker:
    """Rows of made-up tables, one method per table."""

    def __init__(self, seeds: int = 3, bend: dict[str, float] | None = None, noise: float = 0.003):
        self.seeds, self.bent, self.noise = range(seeds), bend or {}, noise
        self.rng = np.random.default_rng(0)

    def bend(self, table: str) -> float:
        """The factor of a table, with a little noise: a new one at each call."""
        return self.bent.get(table, 1.0) * (1 + self.noise * self.rng.standard_normal())

    def interference(self):
        N, M = 256, 1024
        for family in ("nonnegative", "mean_removed", "signed"):
            for c in (0.5, 1.0):
                for a in ACTIVITIES:
                    for seed in self.seeds:
                        centred = family != "nonnegative"
                        common = 0.0 if centred else ((round(a * N) - 1) / (N - 1) * c) ** 2
                        square = (1 / N + (1 - 1 / N) * common) * self.bend("interference")
                        ratio = M / (1 + (M - 1) * square * self.bent.get("ratio", 1.0))
                        yield {
                            "a": a, "N": N, "M": M, "c": c, "family": family, "centred": centred, "seed": seed,
                            "active": round(a * N), "mean_square_overlap": square, "participation_ratio": ratio,
                            "mean_overlap": common**0.5, "common_mode_share": common / square,
                        }  # fmt: skip

    def retention(self):
        N = 64
        for M, schedule, eta, centred in product((64, 192), ("fixed", "annealed"), (1 / 3, 1.0), (False, True)):
            if (schedule, eta) == ("annealed", 1 / 3):
                continue
            for seed in self.seeds:
                total = (N * (1 - (1 - eta / N) ** M) if schedule == "fixed" else N * M / (N + M)) * self.bent.get("total", 1.0)
                for age in sorted({0, 1, 4, 16, 32, M // 2, M - 1}):
                    law = eta * (1 - eta / N) ** age if schedule == "fixed" else N / (N + M)
                    noisy = total * (1 + 1e-6 * seed)
                    yield {
                        "N": N, "M": M, "a": 0.1, "centred": centred, "schedule": schedule, "eta": eta, "seed": seed, "age": age,
                        "depth": law * self.bend("retention"), "total_depth": noisy,
                        "trace_depth": noisy * self.bent.get("trace", 1.0),
                        "predicted_depth": law,
                    }  # fmt: skip

    def hebbian(self):
        for a in ACTIVITIES:
            for P in (32, 64, 128, 256, 512):
                for seed in self.seeds:
                    snr = 255 / (P - 1) * self.bend("hebbian")
                    yield {"N": 256, "P": P, "a": a, "seed": seed, "snr": snr, "bits_per_synapse": P / 512 * log2(1 + snr)}

    def tradeoff(self):
        for sigma in (0.5, 1.0):
            for eta in (0.05, 0.1, 0.2, 0.5, 0.9):
                for regime in ("single", "dual", "dual_dense"):
                    for seed in self.seeds:
                        J = eta * sigma**2 / (2 - eta) * self.bend("tradeoff")
                        depth = eta if regime == "single" else self.bent.get("dual", 0.98)
                        yield {"N": 100, "eta": eta, "sigma": sigma, "regime": regime, "seed": seed, "J": J, "depth": depth}

    def baselines(self):
        for name, bits in (("unigram", 4.9), ("bigram", 4.1), ("lzma", 2.9)):
            for source, shift in (("all", 0.0), ("wiki", 0.1), ("dictionary", -0.1)):
                yield {"name": name, "source": source, "bits_per_byte": bits + shift}

    def pretraining(self):
        for architecture, best in (("dense", 2.1), ("memory", 2.15 * self.bent.get("gap", 1.0)), ("dsa", 2.12)):
            for seed in self.seeds:
                steps = np.array([1, 100, 300, 600, 1000, 2000])
                for step in steps:
                    bits = (best + 3 * (1 + step / 100) ** -0.8) * self.bend("pretraining")
                    yield {
                        "architecture": architecture, "seed": seed, "step": int(step), "tokens": int(step) * 2048,
                        "train_loss": bits, "bits_per_byte": bits, "parameters": 400_000, "active_parameters": 390_000,
                        "final": step == steps[-1], "stage": "warmup" if architecture == "dsa" and step == 300 else "dense",
                    }  # fmt: skip

    def format_finetuning(self):
        for architecture in ("dense", "memory", "dsa"):
            for seed in self.seeds:
                for step, share in ((0, 0.0), (50, 0.7), (250, 1.0)):
                    yield {
                        "architecture": architecture, "seed": seed, "step": step, "recall": share, "loss": 2.0 - share,
                        "key_cosine": (0.95 - 0.7 * share) * self.bend("format_finetuning"), "final": step == 250,
                        "bits_per_byte": 2.0 + 0.1 * share * self.bent.get("cost", 1.0) + 0.01 * seed, "text_loss": 3.6,
                    }  # fmt: skip

    def kernel(self):
        flat = {"full": 6.0, "memory": 9.0, "last_matrix": 7.0, "off_mode": 20.0 * self.bent.get("off_mode", 1.0)}
        for architecture, scope in (("dense", "full"), ("memory", "full"), ("dsa", "full"), ("memory", "memory"),
                                    ("dense", "last_matrix"), ("dense", "off_mode")):  # fmt: skip
            for seed in self.seeds:
                spectrum = np.exp(-np.arange(40) / flat[scope])
                yield {
                    "architecture": architecture, "seed": seed, "scope": scope,
                    "participation_ratio": flat[scope] * self.bend("kernel"),
                    "common_mode": 0.01 if scope == "off_mode" else 0.6, "mean_overlap": 0.3, "rms_overlap": 0.35,
                    "activation_fraction": 0.3,
                    "write_fraction": 0.1 if scope == "memory" else 1.0, "spectrum": list(spectrum / spectrum.sum()),
                }  # fmt: skip

    def _stream(self, architecture, method, seed, learning_rate):
        """Fresh bits and the rate of forgetting per task of one made-up run."""
        rate = {"full": 0.5, "sparse_memory": 0.12, "last_matrix": 0.15, "off_mode": 0.12}[method] * self.bent.get(method, 1.0)
        fresh = 4 * (1 - exp(-learning_rate / 0.03)) * (1 + self.noise * self.rng.standard_normal())
        return fresh, rate * (0.3 + learning_rate / 0.1)

    def streams(self):
        T = 6
        for architecture, method in RUNS:
            for seed in (*self.seeds, 100):
                for learning_rate in (0.01, 0.03, 0.1):
                    fresh, rate = self._stream(architecture, method, seed, learning_rate)
                    for written in range(T + 1):
                        for task in range(T):
                            age = written - 1 - task
                            bits = fresh * exp(-rate * age) if age >= 0 else 0.1
                            evaluated = written in (0, 1, 2, 4, T)
                            yield {
                                "architecture": architecture, "method": method, "learning_rate": learning_rate, "seed": seed,
                                "tuning": seed == 100, "candidates": 16, "T": T, "D": 8, "steps": 20,
                                "written": written, "task": task, "age": age, "bits": bits, "bits_raw": bits - 0.1,
                                "recall": bits / 4, "loss": 4 - bits, "recall_heldout_phrasing": bits / 5,
                                "heldout_bits_per_byte": 2.1 + 0.5 * written * learning_rate if evaluated else np.nan,
                                "diverged": False,
                            }  # fmt: skip

    def forecast(self):
        self.rng = np.random.default_rng(0)
        for row in list(self.streams()):
            if row["age"] >= 0 and not row["tuning"]:
                for kind, error in (("spectral", 0.3), ("kernel", -0.2), ("no_forgetting", 1.0), ("chance", -1.0)):
                    yield {
                        **{k: row[k] for k in ("architecture", "method", "learning_rate", "seed", "written", "task", "age")},
                        "kind": kind, "bits_predicted": row["bits"] + error * self.bent.get("forecast", 1.0),
                    }  # fmt: skip

    def _sweep(self, table, system, T_D, required, depth):
        """A sweep of a system whose ceiling on T D is `T_D`, and whose depth is `depth(T, D)` in theory."""
        for D in (1, 2, 4, 8, 16):
            for a in ACTIVITIES:
                for centred in (False, True) if system == "delta" else (None,):
                    for T in sorted({max(1, round(share * T_D / D)) for share in (0.5, 0.7, 0.9, 1.0, 1.1, 1.3)}):
                        for seed in self.seeds:
                            law = depth(T, D)
                            mode = self.bent.get("common", 1.0) if centred is False else 1.0
                            kept = 0.97 * law * self.bend(table) * mode
                            yield {
                                "system": system, "N": 64, "b": 2, "D": D, "a": a, "required": required, "T": T, "seed": seed,
                                "depth": float(T_D * self.bent.get(table, 0.98) >= T * D) if system == "cells" else kept,
                                "ceiling_T": T_D / D, "ceiling_depth": law, **({} if centred is None else {"centred": centred}),
                            }  # fmt: skip

    def sweep_delta(self):
        yield from self._sweep("sweep_delta", "delta", 235.0, 0.1, lambda T, D: 64 * (1 - 1 / T) ** (T - 1) / (T * D))

    def sweep_hebbian(self):
        yield from self._sweep("sweep_hebbian", "hebbian", 65.0, 1.0, lambda T, D: 64 / max(T * D - 1, 0.5))

    def sweep_cells(self):
        yield from self._sweep("sweep_cells", "cells", 47.0, 1.0, lambda T, D: 47.0 / (T * D))

    def sweep_shared(self):
        N, b = 2048, 2
        for regime, R, D_s, odds in product(("single", "dual"), (0, 128, 512, 1024, 2048), (32, 64, 128, 256), (0.5, 1.0, 2.0)):
            u = exp(1 + lambertw(R / D_s / e).real)
            ceiling = (N * b / u if regime == "single" else (N * b - R) / e) / D_s * odds * exp(1 - odds)
            for T in sorted({max(1, round(share * ceiling)) for share in (0.5, 0.7, 0.9, 0.97, 1.1, 1.3, 2.0, 4.0)}):
                reach = self.bent.get(regime, 0.99) * (self.bent.get("activity", 1.0) if odds != 1 else 1.0)
                for seed in self.seeds:
                    yield {
                        "regime": regime, "N": N, "b": b, "R": R, "D_s": D_s, "odds": odds, "T": T, "a": odds / T, "seed": seed,
                        "decoded": bool(reach * ceiling >= T or T == 1), "ceiling_T": ceiling,
                        "ceiling_depth": ceiling / T,
                    }  # fmt: skip

    def certificates(self):
        for claim in ("I1", "C1", "C2", "C2"):
            passed = self.bent.get("certificates") is None or claim != "C2"
            detail = "12 pieces" if passed else self.bent["certificates"]
            yield {
                "claim": claim, "statement": "x <= y", "box": "0 < x < 1", "method": "balls", "passed": passed,
                "covered": 1.0 if passed else 0.4, "detail": detail,
            }  # fmt: skip

    def attacks(self):
        for claim, ratio in (("I1", 0.9), ("C1", 0.99), ("C2", 1.0)):
            for seed in self.seeds:
                yield {
                    "claim": claim, "attack": "all", "seed": seed, "free": "everything",
                    "ratio": ratio * self.bent.get("attacks", 1), "tried": 1000, "witness": "{}",
                }  # fmt: skip

    def methods(self):
        for outputs, method, M in product((100, 10_000), ("finetuning", "ewc", "gpm", "masks"), (10.0, 100.0, 1000.0, 1e5)):
            width = 1e6 / outputs
            yield {
                "state": 1e6, "outputs": outputs, "depth": 0.5, "method": method, "N": width, "store": 1e6, "protective": 0.0,
                "length": width, "whole": 1.0, "whole_share": 0.1, "fails": "forgets", "M": M, "total_depth": min(M, width),
                "least_depth": min(1.0, width / M),
            }  # fmt: skip

    def literature(self):
        for name, theirs, quoted in (("Hopfield", 0.138, False), ("Willshaw", 0.693, False), ("Allen-Zhu", 2.0, True)):
            ours = np.nan if quoted else theirs * self.bent.get("literature", 1)
            yield {
                "claim": "C3", "name": name, "quantity": "load", "ours": ours, "theirs": theirs, "tolerance": 0.001,
                "why": "digits", "how": "solved", "source": "a paper", "provenance": "printed value", "quoted": quoted,
                "agrees": bool(abs(ours - theirs) <= 0.001),
            }  # fmt: skip


MADE = modules(Path(__file__).parent / "made")
TABLES = (
    *MADE,
    "methods",
    "certificates",
    "attacks",
    "literature",
    "interference",
    "retention",
    "hebbian",
    "tradeoff",
    "sweep_delta",
    "sweep_hebbian",
    "sweep_cells",
    "sweep_shared",
    "baselines",
    "pretraining",
    "format_finetuning",
    "kernel",
    "streams",
    "forecast",
)


NOTHING = {float: 0.0, int: 0, bool: False, str: "", list: [0.0]}


def completed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A made-up table with the declared columns that no figure and no rule reads, empty; the others must be as declared."""
    for column, declared in columns_of(name).items():
        if column not in frame:
            frame[column] = [NOTHING[declared.kind]] * len(frame)
    assert fault(frame, columns_of(name)) is None, name
    return frame


def write_tables(
    directory: Path, seeds: int = 3, bend: dict[str, float] | None = None, noise: float = 0.003, only=TABLES
) -> Results:
    """Write made-up tables into `directory` and open them."""
    for name in only:
        maker = Maker(seeds, bend, noise)
        rows = MADE[name].rows(maker) if name in MADE else getattr(maker, name)()
        write_table(directory / f"{name}.parquet", completed(name, pd.DataFrame(list(rows))), f"key-of-{name}", preset="quick")
    return Results(directory)


@pytest.fixture(scope="session")
def lawful(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Tables that follow the laws."""
    return write_tables(tmp_path_factory.mktemp("lawful"))


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Results]:
    """Makes tables with other knobs: made(seeds=..., bend={table: factor}, only=(...))."""
    return lambda **knobs: write_tables(tmp_path, **knobs)
