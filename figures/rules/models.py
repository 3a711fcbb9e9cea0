"""Rules for the language models: forecasts (P1), common mode against sparsity (P2, P5), scope (P3), quality (P4), precedent (P6).

The unit of replication is the seed: with it a model is pretrained and its streams are drawn. Methods are compared pair by pair of
equal seed. Rules on streams speak of the reported seeds at each method's chosen dial (`figures.streams`): equal learning.
"""

from functools import partial

import numpy as np

from figures.results import Results, estimate
from figures.rules.rule import Judgement, Rule, back, decide, judgement
from figures.streams import ends, reported, scores

MARGIN = 0.1  # bits per fact that count as nothing, of log2(16) = 4
NEARLY = 0.8  # share of what sparse memory keeps that counts as nearly as much
SHARE = 0.5  # of sparse memory's advantage that counts as most of it
DOUBLE = 2.0
CLEARLY = 0.2  # bits per byte that count as clearly better
NARROW = ("last_matrix", "off_mode", "sparse_memory")  # methods that write one matrix


def _kept(results: Results, writer: tuple[str, str]):
    """Bits per fact at the end of the stream under a writer (architecture, method), by seed."""
    return ends(reported(results)).set_index(["architecture", "method", "seed"])["bits"].loc[writer]


def _excess(
    results: Results, writer: tuple[str, str], over: tuple[str, str], share: float = 1.0, margin: float = 0.0
) -> Judgement:
    """Bits kept by `writer` minus `share` of those kept by `over`, paired by seed; supported above -margin."""
    value = estimate((_kept(results, writer) - share * _kept(results, over)).dropna())
    return judgement(value, decide(value, -margin, np.inf))


def _skill(results: Results, kind: str, methods: tuple[str, ...] = (*NARROW, "full")) -> Judgement:
    """1 - rms error / rms error of the better trivial forecast, mean over writers of these methods, by seed."""
    table = scores(results)
    table = table[table["method"].isin(methods)]
    value = estimate((1 - table[kind] / table["trivial"]).groupby(table["seed"]).mean())
    return judgement(value, decide(value, 0.0, np.inf))


def _beats_counting(results: Results) -> Judgement:
    """Bits per byte of the better of unigram and bigram minus those of each trained model; the interval is over models."""
    baselines = results.table("baselines", "name", "source", "bits_per_byte")
    best = baselines.query("source == 'all' and name in ('unigram', 'bigram')")["bits_per_byte"].min()
    value = estimate(best - results.table("pretraining", "final", "bits_per_byte").query("final")["bits_per_byte"])
    return judgement(value, decide(value, CLEARLY, np.inf))


def _flattens(results: Results) -> Judgement:
    """PR of the dense model's logit kernel under off-mode writes over that under plain writes of the same matrix, by seed."""
    kernel = results.table("kernel", "architecture", "seed", "scope", "participation_ratio").query("architecture == 'dense'")
    by_scope = kernel.pivot_table(index="seed", columns="scope", values="participation_ratio")
    value = back(estimate(np.log(by_scope["off_mode"] / by_scope["last_matrix"]).dropna()))
    return judgement(value, decide(value, DOUBLE, np.inf))


def _scope(results: Results) -> Judgement:
    """Bits gained by a narrower scope in the dense model, minus SHARE of what sparse memory gains over full finetuning."""
    dense = _kept(results, ("dense", "last_matrix")) - _kept(results, ("dense", "full"))
    sparse = _kept(results, ("memory", "sparse_memory")) - _kept(results, ("memory", "full"))
    value = estimate((dense - SHARE * sparse).dropna())
    return judgement(value, decide(value, 0.0, np.inf))


_FORECAST = (
    "Skill = 1 - rms error of the forecast bits / that of the better trivial forecast (all stays; all is gone after one more "
    "task; both are told what was measured just after the write), over tasks of age 1 and more; mean over writers, 95% t "
    "interval over seeds. Supported if the interval lies above 0, refuted if below."
)
_PAIRED = "Bits per fact over all tasks after the last one, at equal learning, paired by seed, 95% t interval over seeds. "

RULES = (
    Rule(
        "P1-spectral",
        "The spectral law, from the model before any write, forecasts what is retained better than the trivial forecasts.",
        "skill > 0",
        _FORECAST,
        ("streams", "forecast"),
        partial(_skill, kind="spectral"),
    ),
    Rule(
        "P1-kernel",
        "Kernel simulation, from the model before any write, forecasts what is retained better than the trivial forecasts.",
        "skill > 0",
        _FORECAST,
        ("streams", "forecast"),
        partial(_skill, kind="kernel"),
    ),
    Rule(
        "P1-narrow",
        "For writes to one matrix, kernel simulation forecasts what is retained better than the trivial forecasts.",
        "skill > 0",
        _FORECAST + " Writers that write one matrix only.",
        ("streams", "forecast"),
        partial(_skill, kind="kernel", methods=NARROW),
    ),
    Rule(
        "P2-plain",
        "Off-mode writing retains more than the same matrix written plainly: the common mode is what interferes.",
        "> 0 bits per fact",
        _PAIRED + "Dense model, off-mode minus last matrix. Supported if the interval lies above 0, refuted if below.",
        ("streams",),
        partial(_excess, writer=("dense", "off_mode"), over=("dense", "last_matrix")),
    ),
    Rule(
        "P2-sparse",
        "Off-mode writing on the dense model retains at least as much as sparse memory finetuning: the common mode, not "
        "sparsity.",
        ">= 0 bits per fact",
        _PAIRED + f"Dense off-mode minus sparse memory. Supported if the interval lies above -{MARGIN}, refuted if below.",
        ("streams",),
        partial(_excess, writer=("dense", "off_mode"), over=("memory", "sparse_memory"), margin=MARGIN),
    ),
    Rule(
        "P3",
        "Scope: writing the last matrix of a dense model alone retains nearly as much as sparse memory finetuning.",
        ">= 0 bits per fact",
        _PAIRED + f"Last matrix minus {NEARLY} times sparse memory. Supported if the interval lies above 0, refuted if below.",
        ("streams",),
        partial(_excess, writer=("dense", "last_matrix"), over=("memory", "sparse_memory"), share=NEARLY),
    ),
    Rule(
        "P3-share",
        "Scope, not sparsity: most of what sparse memory gains over full finetuning, a dense model gains by writing its last "
        "matrix alone.",
        "> 0 bits per fact",
        _PAIRED
        + f"(Last matrix minus full, dense) minus {SHARE} of (sparse memory minus full, memory layer). Supported if the interval "
        "lies above 0, refuted if below.",
        ("streams",),
        _scope,
    ),
    Rule(
        "P4",
        "The language models trained here predict held-out text clearly better than unigram and bigram models of the same text.",
        f"> {CLEARLY} bits per byte",
        "Bits per byte of the better of the two minus the model's, 95% t interval over all trained models (architectures and "
        f"seeds). Supported if the interval lies above {CLEARLY}, refuted if below.",
        ("pretraining", "baselines"),
        _beats_counting,
    ),
    Rule(
        "P5",
        "Taking the mean key out of the writes at least doubles the participation ratio of the logit kernel.",
        f"ratio >= {DOUBLE:g}",
        "Participation ratio of the dense model's logit kernel under off-mode writes over that under plain writes of the same "
        "matrix, geometric mean with 95% t interval over seeds. Supported if the interval lies above 2, refuted if below.",
        ("kernel",),
        _flattens,
    ),
    Rule(
        "P6",
        "Sparse memory finetuning retains more than full finetuning of the same model, as published for a larger one.",
        "> 0 bits per fact",
        _PAIRED
        + "Sparse memory minus full finetuning of the memory-layer model. Supported if the interval lies above 0, refuted if "
        "below.",
        ("streams",),
        partial(_excess, writer=("memory", "sparse_memory"), over=("memory", "full")),
    ),
)
