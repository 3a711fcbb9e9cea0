"""Rules for a student that a notebook teaches (C7-transfer): error curves, the best stop, and whether full transfer pays."""

import numpy as np
import pandas as pd

from figures.estimate import Estimate, back, estimate, jackknife
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide, decide_all, judgement
from theory.ledger import claim

BAND, FACTOR = 0.10, 1.25
BORDER = 0.15  # settings whose final error the law puts that near 1 are not judged
TABLES = ("transfer",)
LAW = claim("C7-transfer")


def taught(results: Results, source: str = "notebook") -> pd.DataFrame:
    """Rows of students taught by `source`: the notebook, or a list of the examples."""
    frame = results.table(
        "transfer", "N", "P", "alpha", "units", "teacher_snr", "source", "seed", "t", "test_error", "train_error", "recalled",
        "notebook_train", "notebook_test", "predicted_test", "predicted_train",
    )  # fmt: skip
    return frame[frame["source"] == source]


def _curves(results: Results) -> Judgement:
    """Test error over the law's, mean over times, for every load and teacher: the one furthest from 1."""
    frame = taught(results)
    frame = frame.assign(ratio=frame["test_error"] / frame["predicted_test"])
    settings = [part.groupby("seed")["ratio"].mean() for _, part in frame.groupby(["alpha", "teacher_snr"])]
    worst, verdict = decide_all([estimate(values, comparisons=len(settings)) for values in settings], 1 - BAND, 1 + BAND)
    return judgement(worst, verdict)


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
    value = back(jackknife(_log_stop, frame))
    return judgement(value, decide(value, 1 / FACTOR, FACTOR))


def final_margins(results: Results) -> dict[tuple[float, float], Estimate]:
    """Log of the last test error, with the sign by which it is positive where the law says: above 1 if SNR |alpha - 1| < 1."""
    frame, found = taught(results), {}
    last = frame[frame["t"] == frame.groupby("alpha")["t"].transform("max")]
    groups = list(last[last["alpha"] != 1].groupby(["alpha", "teacher_snr"]))
    for (alpha, snr), part in groups:
        law = float(LAW.final_error(alpha=alpha, teacher_snr=snr))
        if abs(np.log(law)) > np.log1p(BORDER):
            worthless = snr < LAW.worthless_below(alpha=alpha)
            errors = np.log(part.groupby("seed")["test_error"].mean())
            found[(float(alpha), float(snr))] = estimate(errors if worthless else -errors, comparisons=len(groups))
    return found


def _worthless(results: Results) -> Judgement:
    """The setting with the least margin."""
    margins = list(final_margins(results).values())
    least = min(margins, key=lambda margin: margin.mean)
    verdicts = {decide(margin, 0, np.inf) for margin in margins}
    verdict = "refuted" if "refuted" in verdicts else "supported" if verdicts == {"supported"} else "undecided"
    return judgement(least, verdict)


RULES = (
    Rule(
        "C7-transfer-curves",
        "A student that learns what a notebook replays errs on new inputs as gradient flow on αN examples does.",
        "ratio 1",
        "Measured over predicted test error, mean over times, for every load and teacher; simultaneous 95% t intervals over "
        f"seeds; the one furthest from 1 is shown. Supported if all lie within {BAND:.0%} of 1, refuted if one lies wholly "
        "outside. The notebook's crosstalk, a share of order P over its cells, is not corrected for.",
        TABLES,
        _curves,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "C7-stop",
        "On average over teachers and loads, the student generalises best if it stops where the law puts the least error.",
        "ratio 1",
        "Time of the least measured test error over the law's, geometric mean over loads and teachers whose stop lies within the "
        f"run; 95% jackknife interval over seeds. Supported if it lies within a factor {FACTOR:g} of 1, refuted if wholly "
        "outside.",
        TABLES,
        _stop,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "C7-worthless",
        "Transferring everything is worse than learning nothing exactly where SNR|α − 1| < 1.",
        "margin above 0",
        "Logarithm of the last test error over that of learning nothing, negative where SNR|α − 1| > 1, for every load and "
        f"teacher whose final error the law puts more than {BORDER:.0%} off 1; simultaneous 95% t intervals over seeds; the "
        "least is shown. Supported if all are positive, refuted if one is wholly negative.",
        TABLES,
        _worthless,
        rests_on="simulation",
        rule_set="after",
    ),
)
