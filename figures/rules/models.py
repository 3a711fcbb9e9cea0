"""Rules for the language models: forecasts (P1), common mode against sparsity (P2, P5), scope (P3), quality (P4), the pattern in print (P6).

Unit of replication: the seed, with which a model is pretrained and its streams are drawn. Comparisons of methods are paired by seed.
All rules on streams speak of the reported seeds, at each method's chosen dial (`figures.streams`).
"""

from functools import partial

import numpy as np

from figures.results import Estimate, Results, estimate
from figures.rules.rule import Judgement, Rule, decide, judgement
from figures.streams import end_of_stream, scored_forecasts

MARGIN = 0.1  # bits per fact: what is counted as nothing, of log2(16) = 4
CLEARLY = 0.2  # bits per byte


def _difference(results: Results, method: str, than: str, statistic: str = "bits") -> Estimate:
    """Mean over seeds of `statistic` under `method` minus under `than`; each is named "architecture/method"."""
    ends = end_of_stream(results).set_index(["architecture", "method", "seed"])[statistic]
    pairs = [ends.loc[tuple(name.split("/"))] for name in (method, than)]
    return estimate((pairs[0] - pairs[1]).dropna())


def _at_least(results: Results, method: str, than: str, margin: float) -> Judgement:
    value = _difference(results, method, than)
    return judgement(value, decide(value, -margin, np.inf))


def _skill(results: Results, kind: str) -> Judgement:
    """1 - (rms error of the forecast)/(rms error of the better trivial one), averaged over writers, per seed."""
    scores = scored_forecasts(results)
    scores = scores[scores["kind"] == kind]
    trivial = scores[["rms_no_forgetting", "rms_chance"]].min(axis=1)
    value = estimate((1 - scores["rms"] / trivial).groupby(scores["seed"]).mean())
    return judgement(value, decide(value, 0.0, np.inf))


def _beats_bigram(results: Results) -> Judgement:
    baselines = results.table("baselines", "name", "source", "bits_per_byte")
    bigram = baselines.query("name == 'bigram' and source == 'all'")["bits_per_byte"].item()
    final = results.table("pretraining", "final").query("final")
    value = estimate(bigram - final["bits_per_byte"])
    return judgement(value, decide(value, CLEARLY, np.inf))


def _off_mode_flattens(results: Results) -> Judgement:
    kernel = results.table("kernel", "architecture", "seed", "scope", "participation_ratio").query("architecture == 'dense'")
    ratio = kernel.pivot_table(index="seed", columns="scope", values="participation_ratio")
    value = estimate(np.log(ratio["off_mode"] / ratio["last_matrix"]))
    verdict = decide(value, 0.0, np.inf)
    return judgement(Estimate(*(float(np.exp(end)) for end in value[:3]), value.count), verdict)


_FORECAST_RULE = (
    "Skill = 1 - rms error / rms error of the better trivial forecast (no forgetting; chance after one later task), over facts of "
    "age 1 and more; the trivial ones are told what was measured at age 0. Mean over writers, interval over seeds. Supported if "
    "the interval lies above 0, refuted if below."
)

RULES = (
    Rule(
        "P1-spectral",
        "The spectral law, from the model before any write, forecasts retained bits better than the trivial forecasts.",
        "skill above 0",
        _FORECAST_RULE,
        ("streams", "forecast"),
        partial(_skill, kind="spectral"),
    ),
    Rule(
        "P1-kernel",
        "Kernel simulation, from the model before any write, forecasts retained bits better than the trivial forecasts.",
        "skill above 0",
        _FORECAST_RULE,
        ("streams", "forecast"),
        partial(_skill, kind="kernel"),
    ),
    Rule(
        "P2-plain",
        "Taking the mean key out of the writes makes one dense matrix retain more (the common mode interferes).",
        "difference above 0 bits per fact",
        "Bits per fact at the end of the stream, dense model, off-mode minus last matrix, paired by seed. Supported if the interval "
        "lies above 0, refuted if below.",
        ("streams",),
        partial(_at_least, method="dense/off_mode", than="dense/last_matrix", margin=0.0),
    ),
    Rule(
        "P2-sparse",
        "A dense model written off the common mode retains at least as much as sparse memory finetuning (not sparsity).",
        "difference at least 0 bits per fact",
        f"Bits per fact at the end of the stream, dense off-mode minus sparse memory, paired by seed. Supported if the interval lies "
        f"above -{MARGIN} bits, refuted if below.",
        ("streams",),
        partial(_at_least, method="dense/off_mode", than="memory/sparse_memory", margin=MARGIN),
    ),
)
