"""Rules for the language models: forecasts (P1), common mode or sparsity (P2, P5), scope (P3), quality (P4), and more (P6, P7).

The unit of replication is the seed: with it a model is pretrained and its streams are drawn. Methods are compared in pairs of
equal seed. Rules on streams use the reported seeds at each method's chosen learning rate, which makes learning equal
(`figures.verdicts.runs`).
"""

from functools import partial

import numpy as np
import pandas as pd

from figures.estimate import back, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide, judgement
from figures.verdicts.runs import ends, reported, scores
from realmodels.writing.methods.catalogue import Run

FULL, LAST, OFF = ("dense", "full"), ("dense", "last_matrix"), ("dense", "off_mode")
FULL_MEMORY, SPARSE = ("memory", "full"), ("memory", "sparse_memory")
NARROW = ("last_matrix", "off_mode", "sparse_memory")  # methods that write one matrix

LEARNED = 0.4  # bits per fact, a tenth of log2(16) = 4, by which learning may differ and still be called equal
MARGIN = 0.1  # bits per fact that count as nothing
NEARLY = 0.8  # share of what sparse memory keeps that counts as nearly as much
SHARE = 0.5  # of sparse memory's advantage that counts as most of it
APART = 0.5  # mean cosine below which prompts are told apart
COST = 0.15  # bits per byte of held-out text that format finetuning may cost
EQUAL = 0.05  # relative difference of bits per byte above which models are not comparable
LEFT = 0.1  # share of the squared overlap that the common mode may keep
DOUBLE = 2.0
CLEARLY = 0.2  # bits per byte that count as clearly better


def _ends_of(results: Results, run: Run) -> pd.DataFrame:
    """What a run kept at the reported seeds (`figures.verdicts.runs.ends`), by seed."""
    table = ends(reported(results))
    return table[(table["architecture"] == run[0]) & (table["method"] == run[1])].set_index("seed")


def _compare(results: Results, terms: dict[Run, float], margin: float = 0.0) -> Judgement:
    """Weighted sum of the bits that runs gained, by seed: supported above -margin, if they learned equally much."""
    runs = {run: _ends_of(results, run) for run in terms}
    gained = pd.DataFrame({run: weight * runs[run]["bits_gained"] for run, weight in terms.items()}).dropna()
    value = estimate(gained.sum(axis=1))
    learned = [run["bits_fresh"].mean() for run in runs.values()]
    comparable = max(learned) - min(learned) <= LEARNED
    return judgement(value, decide(value, -margin, np.inf) if comparable else "undecided")


def _skill(results: Results, kind: str, methods: tuple[str, ...] = (*NARROW, "full")) -> Judgement:
    """1 - rms error / rms error of the better trivial forecast, mean over the runs of these methods, by seed."""
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


def _after_format_finetuning(results: Results, change: bool, column: str, limit: float) -> Judgement:
    """A column at the end of format finetuning (or its change), which must stay below a limit; the interval is over models."""
    table = results.table("format_finetuning", "architecture", "seed", "step", "final", column)
    models = table.sort_values("step").groupby(["architecture", "seed"])[column]
    value = estimate(models.last() - models.first() if change else models.last())
    return judgement(value, decide(value, -np.inf, limit))


def _flattens(results: Results) -> Judgement:
    """PR of the dense model's kernel under off-mode writes over that under plain writes of the same matrix, by seed."""
    kernel = results.table("kernel", "architecture", "seed", "scope", "participation_ratio", "common_mode")
    dense = kernel[kernel["architecture"] == "dense"].pivot(index="seed", columns="scope")
    ratio = back(estimate(np.log(dense["participation_ratio"]["off_mode"] / dense["participation_ratio"]["last_matrix"])))
    share = estimate(dense["common_mode"]["off_mode"])
    verdicts = {decide(ratio, DOUBLE, np.inf), decide(share, -np.inf, LEFT)}
    verdict = "refuted" if "refuted" in verdicts else "undecided" if "undecided" in verdicts else "supported"
    return judgement(ratio, verdict)


def _equal(results: Results) -> Judgement:
    """Bits per byte of the worst of the three models over the best, minus 1, by seed."""
    final = results.table("pretraining", "architecture", "seed", "final", "bits_per_byte").query("final")
    seeds = final.groupby("seed")["bits_per_byte"]
    value = estimate(seeds.max() / seeds.min() - 1)
    return judgement(value, decide(value, -np.inf, EQUAL))


_FORECAST = (
    "Skill = 1 - rms error of the forecast bits / that of the better trivial forecast (all stays that was measured just after "
    "the write; all is gone after one more task, back to what was measured before any write), over tasks of age 1 and more; mean "
    "over runs, 95% t interval over seeds. Supported if the interval lies above 0, refuted if below."
)
_PAIRED = (
    "Bits per fact over all tasks after the last one, above those before the first, paired by seed, 95% t interval over seeds. "
    f"Not at equal learning, hence undecided, if bits just written differ by more than {LEARNED}. "
)

RULES = (
    Rule(
        "P1-spectral",
        "The spectral law, from the model before any write, forecasts what is retained better than the trivial forecasts.",
        "skill > 0",
        _FORECAST,
        ("streams", "forecast"),
        partial(_skill, kind="spectral"),
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "P1-kernel",
        "Kernel simulation, from the model before any write, forecasts what is retained better than the trivial forecasts.",
        "skill > 0",
        _FORECAST,
        ("streams", "forecast"),
        partial(_skill, kind="kernel"),
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "P1-narrow",
        "For writes to one matrix, kernel simulation forecasts what is retained better than the trivial forecasts.",
        "skill > 0",
        _FORECAST + " Methods that write one matrix only.",
        ("streams", "forecast"),
        partial(_skill, kind="kernel", methods=NARROW),
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "P2-plain",
        "Off-mode writing retains more than the same matrix written plainly: the common mode is what interferes.",
        "> 0 bits per fact",
        _PAIRED + "Dense model, off-mode minus last matrix. Supported if the interval lies above 0, refuted if below.",
        ("streams",),
        partial(_compare, terms={OFF: 1, LAST: -1}),
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "P2-sparse",
        "Off-mode writing on the dense model retains at least as much as sparse memory finetuning: the common mode, not "
        "sparsity.",
        ">= 0 bits per fact",
        _PAIRED + f"Dense off-mode minus sparse memory. Supported if the interval lies above -{MARGIN}, refuted if below.",
        ("streams",),
        partial(_compare, terms={OFF: 1, SPARSE: -1}, margin=MARGIN),
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "P3",
        "Scope: writing the last matrix of a dense model alone retains nearly as much as sparse memory finetuning.",
        ">= 0 bits per fact",
        _PAIRED + f"Last matrix minus {NEARLY} times sparse memory. Supported if the interval lies above 0, refuted if below.",
        ("streams",),
        partial(_compare, terms={LAST: 1, SPARSE: -NEARLY}),
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "P3-share",
        "Scope, not sparsity: most of what sparse memory gains over full finetuning, a dense model gains by writing its last "
        "matrix alone.",
        "> 0 bits per fact",
        _PAIRED
        + f"(Last matrix minus full, dense) minus {SHARE} of (sparse memory minus full, memory layer), which says something only "
        "if sparse memory gains (P6). Supported if the interval lies above 0, refuted if below.",
        ("streams",),
        partial(_compare, terms={LAST: 1, FULL: -1, SPARSE: -SHARE, FULL_MEMORY: SHARE}),
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "P4",
        "The language models trained here predict held-out text clearly better than unigram and bigram models of the same text.",
        f"> {CLEARLY} bits per byte",
        "Bits per byte of the better of the two minus the model's, 95% t interval over all trained models (architectures and "
        f"seeds). Supported if the interval lies above {CLEARLY}, refuted if below.",
        ("pretraining", "baselines"),
        _beats_counting,
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "P4-equal",
        "The three models that streams are written into end pretraining about equally good, so that writing can be compared.",
        f"< {EQUAL:.0%}",
        "Held-out bits per byte of the worst of the three over the best, minus 1, 95% t interval over seeds. Supported if the "
        f"interval lies below {EQUAL}, refuted if above.",
        ("pretraining",),
        _equal,
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "P5",
        "Taking the mean key out of the writes takes out the kernel's common mode and at least doubles its participation ratio.",
        f"ratio >= {DOUBLE:g}",
        "Participation ratio of the dense model's logit kernel under off-mode writes over that under plain writes of the same "
        "matrix (geometric mean, shown), and the common mode's share that is left; 95% t intervals over seeds. Supported if the "
        f"first lies above {DOUBLE:g} and the second below {LEFT}, refuted if either lies wholly on the other side.",
        ("kernel",),
        _flattens,
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "P6",
        "Sparse memory finetuning retains more of a stream than full finetuning of the same model (in print: more of the older "
        "abilities of a larger one).",
        "> 0 bits per fact",
        _PAIRED
        + "Sparse memory minus full finetuning of the memory-layer model. Supported if the interval lies above 0, refuted if "
        "below.",
        ("streams",),
        partial(_compare, terms={SPARSE: 1, FULL_MEMORY: -1}),
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "P7",
        "Finetuning on the form of the facts, with other subjects, makes the models tell a stream's prompts apart at the answer.",
        f"cosine < {APART}",
        "Mean cosine between prompts' keys at the answering position after format finetuning, 95% t interval over all models "
        f"(architectures and seeds). Supported if the interval lies below {APART}, refuted if above.",
        ("format_finetuning",),
        partial(_after_format_finetuning, change=False, column="key_cosine", limit=APART),
        rests_on="language model",
        rule_set="after",
    ),
    Rule(
        "P7-cost",
        "Format finetuning costs little of what the models knew.",
        f"< {COST} bits per byte",
        "Held-out bits per byte after format finetuning minus before, 95% t interval over all models (architectures and seeds). "
        f"Supported if the interval lies below {COST}, refuted if above.",
        ("format_finetuning",),
        partial(_after_format_finetuning, change=True, column="bits_per_byte", limit=COST),
        rests_on="language model",
        rule_set="after",
    ),
)
