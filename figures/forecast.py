"""Predicted against measured retention: what the model before any write says that the stream will leave."""

from math import floor, log2

import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from figures.figure import Figure
from figures.results import Results, bars, by_group, within
from figures.style import ARCHITECTURES, BLACK, GREY, KINDS, METHODS, letters, panels
from figures.verdicts.runs import RUN, at_chosen_learning_rate, reported, scores
from figures.words import means, number, paragraph, signed
from realmodels.writing.methods.catalogue import RUNS


def errors(results: Results) -> pd.DataFrame:
    """Mean over seeds of the rms errors in bits (`figures.verdicts.runs.scores`): one row per run, one column per forecast."""
    return scores(results).drop(columns="seed").groupby(RUN).mean()


def bias(results: Results) -> pd.DataFrame:
    """Mean error in bits (forecast less measured) over tasks of age 1 and more: one row per run, one column per forecast."""
    key = [*RUN, "learning_rate", "seed", "written", "task"]
    rows = reported(results).query("age >= 1").set_index(key)["bits"].rename("measured")
    forecast = results.table("forecast", *key, "kind", "bits_predicted").join(rows, on=key).dropna(subset="measured")
    return (
        forecast.assign(error=forecast["bits_predicted"] - forecast["measured"]).groupby([*RUN, "kind"])["error"].mean().unstack()
    )


def caption(results: Results) -> str:
    """The finding, what is shown, and how."""
    table, off = errors(results), bias(results)
    rms = table.mean()
    wide = table["spectral"] > table["kernel"]
    high = int((off["spectral"] > 0).sum())
    return paragraph(f"""
        A simulation on the kernel of the model before any write forecasts what a stream leaves to {number(rms["kernel"])}
        bits a fact; the spectral law misses by {number(rms["spectral"])} bits, is further off in {wide.sum()} of {len(off)}
        runs, and forecasts too much in {high}. Retained bits per fact by age, measured and forecast, with no fitted
        parameter; in each panel stand the mean errors of the two forecasts. Errors are over tasks of age 1 and more, the
        former root mean squares, means over runs; no forgetting is off by {number(rms["stays"])} bits, all gone after one
        task by {number(rms["gone"])}. {means(reported(results))}
        """)


def draw(results: Results) -> Canvas:
    """One panel per run: measured marks and two forecast curves."""
    rows = reported(results).query("age >= 0")
    before = reported(results).query("written == 0").groupby("architecture")["bits"].mean()
    forecast = at_chosen_learning_rate(
        results, results.table("forecast", *RUN, "learning_rate", "kind", "seed", "age", "bits_predicted")
    )
    present = [(a, m) for a, m in RUNS if ((rows["architecture"] == a) & (rows["method"] == m)).any()]
    off, top = bias(results), log2(rows["candidates"].iloc[0])
    canvas, grid = panels(rows=-(-len(present) // 3), columns=3, ratio=0.85, sharex=True, sharey=True)
    for panel, (architecture, method) in zip(grid, present, strict=False):
        here = f"architecture == '{architecture}' and method == '{method}'"
        found = within(rows.query(here), ["age"], "bits", top)
        style = {"color": BLACK, "marker": "o", "linestyle": "none", "elinewidth": 0.6, "label": "measured"}
        panel.errorbar(found["age"], found["mean"], yerr=bars(found), **style)
        for kind, look in KINDS.items():
            curve = by_group(forecast.query(here + f" and kind == '{kind}'"), ["age"], "bits_predicted")
            panel.plot(curve["age"], curve["mean"], **look.curve())
        panel.axhline(before[architecture], color=GREY, linewidth=0.7, linestyle=":", label="before any write")
        words = f"{METHODS[method].label}, {ARCHITECTURES[architecture].label}" if method == "full" else METHODS[method].label
        errors_here = ", ".join(
            f"{KINDS[kind].label.split()[0]} {signed(off.loc[(architecture, method), kind])}" for kind in KINDS
        )
        panel.text(0.98, 0.98, errors_here, transform=panel.transAxes, ha="right", va="top")
        panel.set_title(words)
    least = min(before.min(), rows["bits"].groupby([rows["architecture"], rows["method"], rows["age"]]).mean().min())
    drawn = forecast[forecast["kind"].isin(list(KINDS))]
    lowest = min(least, drawn.groupby([*RUN, "kind", "age"])["bits_predicted"].mean().min())
    grid[0].set_ylim(floor(lowest) - 0.1, top + 0.7)
    grid[0].set_yticks(range(floor(lowest), int(top) + 1))
    for panel in grid[len(present) :]:
        panel.set_visible(False)
    for panel in grid[::3]:
        panel.set_ylabel("bits per fact")
    for panel in grid[-3:]:
        panel.set_xlabel("age (tasks written since)")
        panel.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    letters(grid, [panel.get_title(loc="left") for panel in grid[: len(present)]])
    handles, labels = grid[0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=4)
    return canvas


FIGURE = Figure(
    "forecast",
    "Retention forecast from the model before any write",
    ("P1-spectral", "P1-kernel", "P1-narrow"),
    ("streams", "forecast"),
    caption,
    draw,
)
