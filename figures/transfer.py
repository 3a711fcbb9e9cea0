"""A student and its notebook (C7-transfer): errors against time, memory, and the best time to stop."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, GREY, direct, letters, panels, shades, ticks
from figures.verdicts.transfer import LAW, stops, taught
from figures.words import means, number, paragraph

MARKS = "osD^vP"
CLAIMS = ("C7-transfer-curves", "C7-stop", "C7-worthless")


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    frame = taught(results)
    found = pd.DataFrame(stops(results), columns=["alpha", "snr", "stop", "law", "least", "latest"])
    off = np.exp(np.abs(np.log([stop.mean for stop in found["stop"]] / found["law"])).max())
    return paragraph(f"""
        A student of a noisy teacher should stop early, later the better the teacher: over signal-to-noise ratios from
        {found["snr"].min():g} to {found["snr"].max():g} the best time is from {number(min(s.mean for s in found["stop"]))} to
        {number(max(s.mean for s in found["stop"]))}, within a factor {number(off, 3)} of the law. A student of $N =
        {frame["N"].iloc[0]}$ weights learns a noisy linear teacher from what a notebook of {frame["units"].iloc[0]} cells
        replays. Error on new inputs against time, (a) with fewer and (b) with more examples than weights; grey: learning
        nothing. (c) Error on the stored examples, at as many examples as weights, of the student against time and of the
        notebook itself (dashed), for the least and the most noisy teacher. (d) Best time to stop against the teacher's
        signal-to-noise ratio; grey: its bounds at the largest load $alpha$. Black lines are theory, nothing fitted.
        {means(frame)}
        """)


def _errors(panel: Axes, frame: pd.DataFrame, column: str, snrs: list[float], colors: dict) -> None:
    """Errors against time, a colour and mark a teacher, with the law."""
    for snr in snrs:
        part, mark = frame[frame["teacher_snr"] == snr], MARKS[list(colors).index(snr)]
        law = part.groupby("t")[f"predicted_{column}"].mean()
        panel.plot(law.index, law, color=BLACK, linewidth=0.7, zorder=0)
        found = by_group(part, ["t"], f"{column}_error")
        panel.errorbar(
            found["t"], found["mean"], yerr=bars(found), color=colors[snr], marker=mark, markersize=2.6, elinewidth=0.5,
            linestyle="none", label=f"{snr:g}",
        )  # fmt: skip
    panel.set(xscale="log", yscale="log", xlabel="time (rate × epochs)")
    ticks(panel.xaxis, (0.1, 1, 10, 100))


def _stops(panel: Axes, results: Results) -> None:
    """Best stop against the teacher's SNR, a mark a load; the law, and its bounds at the largest load."""
    frame = pd.DataFrame(stops(results), columns=["alpha", "snr", "stop", "law", "least", "latest"])
    alphas = sorted(frame["alpha"].unique())
    snr = np.geomspace(frame["snr"].min(), frame["snr"].max(), 30)
    for mark, alpha, color in zip(MARKS, alphas, shades(len(alphas)), strict=False):
        part = frame[frame["alpha"] == alpha]
        low = [stop.mean - stop.low if np.isfinite(stop.low) else 0.0 for stop in part["stop"]]
        high = [stop.high - stop.mean if np.isfinite(stop.high) else 0.0 for stop in part["stop"]]
        means = [stop.mean for stop in part["stop"]]
        panel.errorbar(
            part["snr"], means, yerr=[low, high], color=color, marker=mark, markersize=3, elinewidth=0.6, linestyle="none",
            label=rf"$\alpha={alpha:g}$",
        )  # fmt: skip
        panel.plot(snr, LAW.stopping_time(alpha=alpha, teacher_snr=snr), color=BLACK, linewidth=0.6, zorder=0)
    for bound in (LAW.earliest_stop(alpha=max(alphas), teacher_snr=snr), snr):
        panel.plot(snr, bound, color=GREY, linewidth=0.7, linestyle=(0, (4, 2)), zorder=0)
    panel.set(xscale="log", yscale="log", xlabel="signal-to-noise ratio of the teacher", ylabel="best time to stop")
    ticks(panel.xaxis, sorted(frame["snr"].unique()))
    ticks(panel.yaxis, (0.3, 1, 3, 10, 30, 100))
    panel.legend(loc="upper left", handletextpad=0.1, labelspacing=0.25)


def draw(results: Results) -> Canvas:
    """Four panels: error on new inputs at the second smallest and the largest load, memory at load 1, best stops."""
    frame = taught(results)
    alphas, snrs = sorted(frame["alpha"].unique()), sorted(frame["teacher_snr"].unique())
    colors = dict(zip(snrs, shades(len(snrs)), strict=True))
    canvas, grid = panels(rows=2, columns=2, ratio=0.7)
    for panel, alpha in ((grid[0], alphas[1]), (grid[1], alphas[-1])):
        _errors(panel, frame[frame["alpha"] == alpha], "test", snrs, colors)
        panel.axhline(1, color=GREY, linewidth=0.7, zorder=0)
        panel.set_ylabel("error on new inputs")
    least = frame[frame["alpha"] == 1]
    ends = [snrs[0], snrs[-1]]
    _errors(grid[2], least, "train", ends, colors)
    for snr in ends:
        level = least[least["teacher_snr"] == snr]["notebook_train"].mean()
        grid[2].axhline(level, color=colors[snr], linewidth=0.8, linestyle=(0, (4, 2)))
        direct(grid[2], (least["t"].min(), level), f"notebook, SNR {snr:g}", (0, 6))
    grid[2].set(ylabel="error on stored examples", ylim=(1e-3, None))
    _stops(grid[3], results)
    grid[0].legend(title="SNR", loc="upper left", ncols=2, handletextpad=0.1, columnspacing=0.8)
    for panel, values in ((grid[0], (0.5, 1, 2)), (grid[1], (0.01, 0.1, 1)), (grid[2], (0.001, 0.01, 0.1, 1))):
        ticks(panel.yaxis, values)
    letters(grid, [rf"$\alpha={alphas[1]:g}$", rf"$\alpha={alphas[-1]:g}$", r"memory, $\alpha=1$", "when to stop"])
    return canvas


FIGURE = Figure("transfer", "When a student should stop listening to its notebook", CLAIMS, ("transfer",), caption, draw)
