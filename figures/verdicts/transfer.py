"""Rules for a student that a notebook teaches (C7-transfer): error curves, the best stop, and whether full transfer pays."""

import numpy as np
import pandas as pd

from figures.estimate import Estimate, back, estimate, jackknife
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide, judgement, near, together
from theory.ledger import claim

TABLES = ("transfer",)
LAW = claim("C7-transfer")


def taught(results: Results, source: str = "notebook") -> pd.DataFrame:
    """Rows of students taught by `source`: the notebook, or a list of the examples."""
    frame = results.table(
        "transfer", "N", "P", "alpha", "units", "teacher_snr", "source", "seed", "t", "test_error", "train_error", "recalled",
        "notebook_train", "notebook_test", "predicted_test", "predicted_train",
    )  # fmt: skip
    return frame[frame["source"] == source]


def left_out(part: pd.DataFrame) -> float:
    """Share of a test error that the law leaves out at this load: the notebook's crosstalk and the finite size (see `WHY`)."""
    N, P, units, alpha = (float(part[name].iloc[0]) for name in ("N", "P", "units", "alpha"))
    return 4 * P / units * max(0.0, 1 - 1 / alpha) + 2 / N


def _curves(results: Results) -> Judgement:
    """Test error over the law's, geometric mean over times, for every load and teacher."""
    frame = taught(results)
    frame = frame.assign(log=np.log(frame["test_error"] / frame["predicted_test"]))
    parts = [part for _, part in frame.groupby(["alpha", "teacher_snr"])]
    means = [back(estimate(part.groupby("seed")["log"].mean(), comparisons=len(parts))) for part in parts]
    return near(means, [left_out(part) for part in parts])


def best_stop(frame: pd.DataFrame) -> float:
    """Time of the least test error (mean over seeds): vertex of the parabola through the three lowest points, in log time."""
    curve = frame.groupby("t")["test_error"].mean()
    at = int(np.clip(np.argmin(curve), 1, len(curve) - 2))
    x, y = np.log(curve.index[at - 1 : at + 2]), curve.to_numpy()[at - 1 : at + 2]
    bend, slope, _ = np.polyfit(x - x[1], y, 2)
    shift = -slope / (2 * bend) if bend > 0 else 0.0
    return float(np.exp(np.clip(x[1] + shift, x[0], x[2])))


def stops(results: Results) -> list[tuple[float, float, Estimate, float, float, float]]:
    """(alpha, SNR, measured best stop, the law's, its lower and upper bound) where the law's stop lies within what was run."""
    found = []
    for (alpha, snr), part in taught(results).groupby(["alpha", "teacher_snr"]):
        law = float(LAW.stopping_time(alpha=alpha, teacher_snr=snr))
        if part["t"].min() < law < part["t"].max():
            logs = jackknife(lambda rows: float(np.log(best_stop(rows))), part)
            least = float(LAW.earliest_stop(alpha=alpha, teacher_snr=snr))
            found.append((float(alpha), float(snr), back(logs), law, least, float(LAW.latest_stop(teacher_snr=snr))))
    return found


def _log_stop(frame: pd.DataFrame) -> float:
    """Mean over settings of the log of the measured best stop over the law's."""
    return float(
        np.mean(
            [
                np.log(best_stop(part) / LAW.stopping_time(alpha=alpha, teacher_snr=snr))
                for (alpha, snr), part in frame.groupby(["alpha", "teacher_snr"])
            ]
        )
    )


def _stop(results: Results) -> Judgement:
    """Geometric mean of the ratio over the settings whose stop was within the run."""
    judged = {(alpha, snr) for alpha, snr, *_ in stops(results)}
    frame = taught(results)
    frame = frame[[pair in judged for pair in zip(frame["alpha"], frame["teacher_snr"], strict=True)]]
    value, times = back(jackknife(_log_stop, frame)), np.sort(frame["t"].unique())
    half_step = float(np.sqrt(np.max(times[1:] / times[:-1])))
    return judgement(value, decide(value, 1 / half_step, half_step))


def final_margins(results: Results) -> dict[tuple[float, float], Estimate]:
    """Log of the last test error, with the sign by which it is positive where the law says: above 1 if SNR |alpha - 1| < 1."""
    frame, found = taught(results), {}
    last = frame[frame["t"] == frame.groupby("alpha")["t"].transform("max")]
    groups = list(last[last["alpha"] != 1].groupby(["alpha", "teacher_snr"]))
    for (alpha, snr), part in groups:
        law = float(LAW.final_error(alpha=alpha, teacher_snr=snr))
        if abs(np.log(law)) > np.log1p(left_out(part)):
            worthless = snr < LAW.worthless_below(alpha=alpha)
            errors = np.log(part.groupby("seed")["test_error"].mean())
            found[(float(alpha), float(snr))] = estimate(errors if worthless else -errors, comparisons=len(groups))
    return found


def _worthless(results: Results) -> Judgement:
    """The setting with the least margin."""
    margins = list(final_margins(results).values())
    least = min(margins, key=lambda margin: margin.mean)
    return judgement(least, together([decide(margin, 0, np.inf) for margin in margins]))


WHY = (
    "The notebook replays each example with a mixture of the others of variance 1/cells each. Patterns overlap symmetrically, so "
    "that the examples count by the square of 1 + κ: weights of variance 4P/cells. Wrong weights raise the error of least "
    "squares by that share times 1 − 1/α where α > 1; below, every weighting has one interpolating solution. A finite N adds "
    "1/|P − N|, here at most 2/N."
)

RULES = (
    Rule(
        "C7-transfer-curves",
        "A student that learns what a notebook replays errs on new inputs as gradient flow on αN examples does.",
        "ratio 1",
        "Measured over predicted test error, geometric mean over times, for every load and teacher; simultaneous 95% t intervals "
        "over seeds. Supported if all lie within (4P/cells)(1 − 1/α) + 2/N of 1 (2/N up to α = 1), refuted if one lies wholly "
        "outside. The one furthest from 1 in units of its margin is shown.",
        TABLES,
        _curves,
        rests_on="simulation",
        rule_set="after",
        why=WHY,
        family="All loads and teachers: their intervals hold together (Bonferroni).",
    ),
    Rule(
        "C7-stop",
        "On average over teachers and loads, the student generalises best if it stops where the law puts the least error.",
        "ratio 1",
        "Time of the least measured test error over the law's, geometric mean over loads and teachers whose stop lies within the "
        "run; 95% jackknife interval over seeds. Supported if it lies within half a step of the grid of times (a factor) of 1, "
        "refuted if wholly outside.",
        TABLES,
        _stop,
        rests_on="simulation",
        rule_set="after",
        why="Errors are read at times a factor 10^(1/8) = 1.33 apart: the least lies within half a step, a factor 1.15, of the "
        "time at which it is read.",
    ),
    Rule(
        "C7-worthless",
        "Transferring everything is worse than learning nothing exactly where SNR|α − 1| < 1.",
        "margin above 0",
        "Logarithm of the last test error over that of learning nothing, negative where SNR|α − 1| > 1, for every load and "
        "teacher whose final error the law puts further off 1 than what it leaves out (the margin of C7-transfer-curves); "
        "simultaneous 95% t intervals over seeds; the least is shown. Supported if all are positive, refuted if one is wholly "
        "negative.",
        TABLES,
        _worthless,
        rests_on="simulation",
        rule_set="after",
        why=WHY,
        family="All loads but 1, and teachers: their intervals hold together (Bonferroni).",
    ),
)
