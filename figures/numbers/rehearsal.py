"""Numbers quoted on rehearsal (S4) and on a notebook's student (C7-transfer)."""

import numpy as np

from figures.numbers.estimates import Tree, largest_error, level_over_seeds, over_seeds, plain
from figures.results import Results
from figures.verdicts.rehearsal import REACHED, bits_after, costs, single_sleeps, spaced
from figures.verdicts.transfer import stops, taught


def rehearsal(results: Results) -> Tree:
    """Depth against its law, the cost of spacing, what own answers, turns and slow rates change; where bits gain most past the
    sweeps that leave REACHED of the depth, that gain beside those of depth and squared error.
    """  # fmt: skip
    single, table = single_sleeps(results), results.table("rehearsal")
    table = table.assign(load=table["M"] / table["N"])
    full = single[single["load"] == 1]
    over, most = single["load"].max(), single["sweeps"].max()
    crowded = single[(single["load"] == over) & (single["sweeps"] == most)]
    stream = table[(table["replay"] != "cyclic") & (table["hold"] == table["hold"].min())]
    stream = stream[(stream["load"] == stream["load"].min()) & (stream["sweeps"] == stream["sweeps"].max())]
    turns = table[(table["replay"] == "cyclic") & (table["load"] == 1) & (table["sweeps"] == 1)]
    (load, eta), (gain, grown) = max(bits_after(results).items(), key=lambda item: item[1][0].mean)
    then = single[(single["load"] == load) & (single["eta"] == eta)]
    enough = then["sweeps"][then["predicted_depth"] >= REACHED * then["limit"]].min()
    ends = [then[then["sweeps"] == at].set_index("seed")[["depth", "error"]] for at in (enough, then["sweeps"].max())]
    changed = (ends[1] / ends[0]).reset_index()
    fastest = single["eta"].max()
    return {
        "N": int(single["N"].iloc[0]),
        "T": int(single["T"].iloc[0]),
        "seeds": single["seed"].nunique(),
        "spaced_seeds": spaced(results)["seed"].nunique(),
        "loads": sorted(single["load"].unique().tolist()),
        "etas": sorted(single["eta"].unique().tolist()),
        "most_sweeps": int(most),
        "least": float(single["load"].min()),
        "over": float(over),
        "reached": REACHED,
        "law_error": largest_error(single, ["load", "eta", "sweeps"], "depth", "predicted_depth"),
        "keys_error": largest_error(single, ["load", "eta", "sweeps"], "depth", "gram_depth"),
        "full_depth": over_seeds(full[(full["eta"] == fastest) & (full["sweeps"] == most)], "depth", "log"),
        "costs": {str(hold): plain(ratio) for hold, ratio in costs(results).items()},
        "bits": {"load": load, "eta": eta, "sweeps": float(enough), "gain": plain(gain), "depth_by_law": grown}
        | {"depth": over_seeds(changed, "depth", "log"), "error": over_seeds(changed, "error", "log")},
        "fast_bits": over_seeds(crowded[crowded["eta"] == fastest], "hard_bits", "log"),
        "slow_bits": over_seeds(crowded[crowded["eta"] == single["eta"].min()], "hard_bits", "log"),
        "oldest": {way: over_seeds(part, "depth_old", "log") for way, part in stream.groupby("replay")},
        "one_sweep": {"random": over_seeds(full[(full["eta"] == fastest) & (full["sweeps"] == 1)], "depth", "log")}
        | {"cyclic": over_seeds(turns, "depth", "log")},
    }


def transfer(results: Results) -> Tree:
    """Sizes; the notebook's recall and own errors; how far stops and curves lie from the law, with a list for comparison."""
    frame, listed, judged = taught(results), taught(results, "list"), stops(results)
    noisy = frame[(frame["alpha"] == 1) & (frame["teacher_snr"] == frame["teacher_snr"].min())]
    inside = [least <= stop.mean <= latest for _, _, stop, _, least, latest in judged]
    largest = frame["alpha"].max()

    def ratio(rows):
        rows = rows[rows["alpha"] == largest]
        return over_seeds(rows.assign(ratio=rows["test_error"] / rows["predicted_test"]), "ratio", "log")

    return {
        "N": int(frame["N"].iloc[0]),
        "units": int(frame["units"].iloc[0]),
        "seeds": frame["seed"].nunique(),
        "alphas": sorted(frame["alpha"].unique().tolist()),
        "snrs": sorted(frame["teacher_snr"].unique().tolist()),
        "recalled": level_over_seeds(frame, "recalled"),
        "largest": float(largest),
        "largest_error": largest_error(frame, ["alpha", "teacher_snr", "t"], "test_error", "predicted_test"),
        "crosstalk": float(frame["P"].max() / frame["units"].iloc[0]),
        "notebook_train": over_seeds(noisy, "notebook_train", "log"),
        "notebook_test": over_seeds(noisy, "notebook_test", "log"),
        "stops": len(judged),
        "stops_inside": int(np.sum(inside)),
        "notebook_ratio": ratio(frame),
        "list_ratio": ratio(listed),
    }
