"""Numbers quoted in the chapter on language models."""

from math import log2

from figures.numbers.estimates import Tree, level_over_seeds, over_seeds, plain
from figures.results import Results
from figures.verdicts.forecast import skills
from figures.verdicts.runs import FORECASTS, RUN, ends, learning_rates, reported, scores
from figures.verdicts.table import verdict
from figures.verdicts.writing import contrast
from realmodels.model.architectures import config_for
from realmodels.writing.methods.catalogue import METHODS, RUNS

CONTRASTS = {
    "scope": ("P8-last-matrix", -1),
    "off_mode": ("P8-off-mode", -1),
    "common_mode": ("P2-plain", 1),
    "sparse_writes": ("P6", 1),
    "sparse_against_scope": ("P3", -1),
    "sparse_against_off_mode": ("P2-sparse", -1),
}
"""{name: (the verdict on the same contrast, the sign with which it is quoted)}"""


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

    def measured(part) -> Tree:
        cosines = {column: over_seeds(part, column, "fisher") for column in ("key_cosine_before", "key_cosine")}
        return {**cosines, "recall": level_over_seeds(part, "recall"), "rise": over_seeds(part, "rise")}

    rows = [
        {"architecture": str(name), "steps": int(part["step"].iloc[0]), **measured(part)}
        for name, part in change.groupby("architecture")
    ]
    return {"rows": rows, **measured(change)}


def stream(results: Results) -> Tree:
    """The shape of the streams, and the bits that they hold, in all and per parameter of the largest model."""
    rows = reported(results)
    C = int(rows["candidates"].iloc[0])
    sizes = {name: int(rows[name].iloc[0]) for name in ("T", "D", "steps")}
    bits = sizes["T"] * sizes["D"] * log2(C)
    parameters = int(results.table("pretraining", "parameters")["parameters"].max())
    shape = {**sizes, "candidates": C, "chance_bits": log2(C), "seeds": rows["seed"].nunique()}
    return {**shape, "bits": bits, "bits_per_parameter": bits / parameters}


def streams(results: Results) -> Tree:
    """What each run learned and kept, at its chosen learning rate."""
    table = ends(reported(results)).rename(columns={"bits_fresh": "learned", "bits": "retained", "bits_oldest": "oldest"})
    table = table.rename(columns={"bits_before": "before", "bits_gained": "gained"})
    tops = dict.fromkeys(("before", "learned", "retained", "oldest"), stream(results)["chance_bits"])
    tops |= dict.fromkeys(("recall", "recall_heldout_phrasing"), 1.0)
    chosen, rows = learning_rates(results), []
    for architecture, method in RUNS:
        part = table[(table["architecture"] == architecture) & (table["method"] == method)]
        own = {"architecture": architecture, "method": method, "title": METHODS[method].title}
        own["learning_rate"] = chosen[architecture, method]
        own |= {column: level_over_seeds(part, column, top) for column, top in tops.items()}
        rows.append({**own, **{column: over_seeds(part, column) for column in ("gained", "heldout_rise")}})
    tree: Tree = {"rows": rows}
    for row in rows:
        tree.setdefault(row["architecture"], {})[row["method"]] = row
    return tree


def contrasts(results: Results) -> Tree:
    """Differences between runs in the bits that are left above those before any write, paired by seed, as the verdicts have them.

    `pooled`: the same over all seeds that count, which `seeds` lists; that of the present seeds where there was no earlier run.
    """
    table, found = ends(reported(results)), {}
    for name, (id, sign) in CONTRASTS.items():
        value = contrast(table, id)
        pooled = verdict(results, id)["pooled"]
        own = plain(value if sign > 0 else -value)
        seeds = pooled["seeds"] if pooled else sorted(int(seed) for seed in table["seed"].unique())
        found[name] = {**own, "pooled": _signed(pooled, sign) if pooled else own, "seeds": ", ".join(map(str, seeds))}
    return found


def _signed(pooled: Tree, sign: int) -> Tree:
    """A pooled value of a verdict as an estimate, with a sign."""
    low, high = (sign * end for end in pooled["interval"][::sign])
    return {"mean": sign * pooled["measured"], "low": low, "high": high, "count": len(pooled["seeds"])}


def kernel(results: Results) -> Tree:
    """Geometry of the logit kernels before any write."""
    shares = ("common_mode", "rms_overlap")
    frame = results.table("kernel", "architecture", "scope", "seed", "participation_ratio", "mean_overlap", *shares)
    rows = [
        {
            "architecture": str(architecture),
            "scope": str(scope),
            "title": METHODS[str(scope)].title if scope in METHODS else "all memory values",
            "participation_ratio": over_seeds(part, "participation_ratio", "log"),
            "mean_overlap": over_seeds(part, "mean_overlap", "fisher"),
            **{column: level_over_seeds(part, column) for column in shares},
            **{column: float(part[column].mean()) for column in ("activation_fraction", "write_fraction")},
        }
        for (architecture, scope), part in frame.groupby(["architecture", "scope"], sort=False)
    ]
    tree: Tree = {"rows": rows}
    for row in rows:
        tree.setdefault(row["architecture"], {})[row["scope"]] = row
    return tree


def forecast(results: Results) -> Tree:
    """Root-mean-square errors of the forecasts, and of the trivial ones, by run; skill over the best constant share."""
    table, rows = scores(results), []
    skill = {kind: skills(table, kind) for kind in ("spectral", "kernel")}
    for architecture, method in RUNS:
        part = table[(table["architecture"] == architecture) & (table["method"] == method)]
        trivial = {"none": float(part["stays"].mean()), "chance": float(part["gone"].mean())}
        trivial["constant"] = float(part["constant"].mean())
        for kind, found in skill.items():
            own = {"architecture": architecture, "method": method, "title": METHODS[method].title, "kind": kind}
            error = over_seeds(part, kind, "log")
            rows.append({**own, "error": error, **trivial, "skill": plain(found[architecture, method])})
    return {
        "rows": rows,
        "best": max(rows, key=lambda row: row["skill"]["mean"]),
        "worst": min(rows, key=lambda row: row["skill"]["mean"]),
        "mean": {kind: float(table.groupby(RUN)[kind].mean().mean()) for kind in FORECASTS},
    }
