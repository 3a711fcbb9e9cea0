"""Numbers quoted in the chapter on language models."""

from math import log2

import pandas as pd

from figures.estimate import estimate
from figures.numbers.estimates import Tree, over_seeds, plain
from figures.results import Results
from figures.verdicts.runs import RUN, ends, learning_rates, reported, scores
from realmodels.model.architectures import config_for
from realmodels.writing.methods.catalogue import METHODS, RUNS

CONTRASTS = {
    "scope": (("dense", "last_matrix"), ("dense", "full")),
    "common_mode": (("dense", "off_mode"), ("dense", "last_matrix")),
    "sparse_writes": (("memory", "sparse_memory"), ("memory", "full")),
    "sparse_against_scope": (("memory", "sparse_memory"), ("dense", "last_matrix")),
    "sparse_against_off_mode": (("memory", "sparse_memory"), ("dense", "off_mode")),
}
KERNEL_ESTIMATES = ("participation_ratio", "common_mode", "mean_overlap", "rms_overlap")


def baselines(results: Results) -> Tree:
    """Held-out bits per byte of the counting models and of lzma, over all sources."""
    frame = results.table("baselines", "name", "source", "bits_per_byte").query("source == 'all'")
    return {name: float(frame.loc[frame["name"] == name, "bits_per_byte"].item()) for name in ("unigram", "bigram", "lzma")}


def models(results: Results) -> Tree:
    """Sizes, training and held-out bits per byte of the models."""
    final = results.table("pretraining", "architecture", "seed", "step", "tokens", "parameters", "final").query("final")
    rows = [
        {
            "architecture": str(name),
            **{count: int(part[count].iloc[0]) for count in ("parameters", "active_parameters", "tokens", "step")},
            "bits_per_byte": over_seeds(part, "bits_per_byte"),
        }
        for name, part in final.groupby("architecture")
    ]
    counts = [row["parameters"] for row in rows]
    memory = config_for("memory").hyperparameters["memory"]
    config = {
        **config_for("memory").to_json(),
        "indexer_topk": config_for("dsa").hyperparameters["dsa"]["indexer_topk"],
        "memory_topk": memory["topk"],
        "slots": memory["keys"] ** 2,
    }
    wanted = ("layers", "width", "heads", "context", "vocabulary", "slots", "memory_topk", "indexer_topk")
    return {
        "seeds": final["seed"].nunique(),
        "parameter_spread": max(counts) / min(counts) - 1,
        "config": {name: config[name] for name in wanted},
        "rows": rows,
        **{row["architecture"]: row for row in rows},
    }


def format_finetuning(results: Results) -> Tree:
    """What format finetuning did to the models: overlap of keys, recall of the training facts, held-out text."""
    table = results.table(
        "format_finetuning", "architecture", "seed", "step", "key_cosine", "recall", "bits_per_byte"
    ).sort_values("step")
    runs = table.groupby(["architecture", "seed"])
    first, last = runs.first(), runs.last()
    change = last.assign(key_cosine_before=first["key_cosine"], rise=last["bits_per_byte"] - first["bits_per_byte"]).reset_index()
    columns = ("key_cosine_before", "key_cosine", "recall", "rise")
    rows = [
        {
            "architecture": str(name),
            "steps": int(part["step"].iloc[0]),
            **{column: over_seeds(part, column) for column in columns},
        }
        for name, part in change.groupby("architecture")
    ]
    return {"rows": rows, **{column: plain(estimate(change[column])) for column in columns}}


def stream(results: Results) -> Tree:
    """The shape of the streams."""
    rows = reported(results)
    C = int(rows["candidates"].iloc[0])
    sizes = {name: int(rows[name].iloc[0]) for name in ("T", "D", "steps")}
    return {**sizes, "candidates": C, "chance_bits": log2(C), "seeds": rows["seed"].nunique()}


def streams(results: Results) -> Tree:
    """What each run learned and kept, at its chosen learning rate."""
    table = ends(reported(results)).rename(columns={"bits_fresh": "learned", "bits": "retained", "bits_oldest": "oldest"})
    table = table.rename(columns={"bits_before": "before", "bits_gained": "gained"})
    columns = ("before", "learned", "retained", "gained", "oldest", "recall", "recall_heldout_phrasing", "heldout_rise")
    chosen, rows = learning_rates(results), []
    for architecture, method in RUNS:
        part = table[(table["architecture"] == architecture) & (table["method"] == method)]
        own = {"architecture": architecture, "method": method, "title": METHODS[method].title}
        own["learning_rate"] = chosen[architecture, method]
        rows.append({**own, **{column: over_seeds(part, column) for column in columns}})
    tree: Tree = {"rows": rows}
    for row in rows:
        tree.setdefault(row["architecture"], {})[row["method"]] = row
    return tree


def contrasts(results: Results) -> Tree:
    """Differences between runs in the bits that are left above those before any write, paired by seed."""
    kept = ends(reported(results)).set_index([*RUN, "seed"])["bits_gained"]
    return {name: plain(estimate((kept.loc[one] - kept.loc[other]).dropna())) for name, (one, other) in CONTRASTS.items()}


def kernel(results: Results) -> Tree:
    """Geometry of the logit kernels before any write."""
    frame = results.table("kernel", "architecture", "scope", "seed", *KERNEL_ESTIMATES)
    rows = [
        {
            "architecture": str(architecture),
            "scope": str(scope),
            "title": METHODS[str(scope)].title if scope in METHODS else "all memory values",
            **{column: over_seeds(part, column) for column in KERNEL_ESTIMATES},
            **{column: float(part[column].mean()) for column in ("activation_fraction", "write_fraction")},
        }
        for (architecture, scope), part in frame.groupby(["architecture", "scope"], sort=False)
    ]
    tree: Tree = {"rows": rows}
    for row in rows:
        tree.setdefault(row["architecture"], {})[row["scope"]] = row
    return tree


def forecast(results: Results) -> Tree:
    """Root-mean-square errors of the forecasts, and of the trivial ones, by run."""
    table = scores(results)
    rows = []
    for architecture, method in RUNS:
        part = table[(table["architecture"] == architecture) & (table["method"] == method)]
        trivial = {"none": float(part["stays"].mean()), "chance": float(part["gone"].mean())}
        for kind in ("spectral", "kernel"):
            skill = 1 - float(part[kind].mean()) / min(trivial.values())
            error = over_seeds(part, kind)
            own = {"architecture": architecture, "method": method, "title": METHODS[method].title, "kind": kind}
            rows.append({**own, "error": error, **trivial, "skill": skill})
    mean = pd.DataFrame(
        [{kind: part[kind].mean() for kind in ("spectral", "kernel", "stays", "gone")} for _, part in table.groupby(RUN)]
    )
    return {
        "rows": rows,
        "best": max(rows, key=lambda row: row["skill"]),
        "worst": min(rows, key=lambda row: row["skill"]),
        "mean": {kind: float(value) for kind, value in mean.mean().items()},
    }
