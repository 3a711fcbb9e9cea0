"""Predicted against measured retention: what the model before any write says that the stream will leave."""

from math import log2

from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import ARCHITECTURES, BLACK, GREY, KINDS, METHODS, letters, panels
from figures.verdicts.runs import RUN, at_chosen_learning_rate, reported, scores
from figures.verdicts.table import sentence
from realmodels.writing.methods.catalogue import RUNS


def errors(results: Results):
    """Mean over seeds of the rms errors in bits (`figures.verdicts.runs.scores`): one row per run, one column per forecast."""
    return scores(results).drop(columns="seed").groupby(RUN).mean()


def caption(results: Results) -> str:
    """What is shown, the rms errors of all forecasts, and the verdicts on P1."""
    table = errors(results)
    means = table.mean()
    return (
        "Retained bits per fact by age: measured (marks, 95% intervals over seeds) and forecast from the model before any "
        "write, by the spectral law and by kernel simulation, with no fitted parameter. Root-mean-square errors over tasks of "
        f"age 1 and more, mean over runs: spectral law {means['spectral']:.2f}, kernel simulation {means['kernel']:.2f}, no "
        f"forgetting {means['stays']:.2f}, all gone after one task {means['gone']:.2f} bits (these two start from what was "
        "measured just after the write); each panel gives its own. " + sentence(results, "P1-spectral", "P1-kernel", "P1-narrow")
    )


def draw(results: Results) -> Canvas:
    """One panel per run: measured marks, two forecast curves, the rms errors in words."""
    rows = reported(results).query("age >= 0")
    forecast = at_chosen_learning_rate(
        results, results.table("forecast", *RUN, "learning_rate", "kind", "seed", "age", "bits_predicted")
    )
    present = [(a, m) for a, m in RUNS if ((rows["architecture"] == a) & (rows["method"] == m)).any()]
    table = errors(results)
    top = log2(rows["candidates"].iloc[0])
    canvas, grid = panels(rows=-(-len(present) // 3), columns=3, ratio=0.9, sharex=True, sharey=True)
    for panel, (architecture, method) in zip(grid, present, strict=False):
        here = f"architecture == '{architecture}' and method == '{method}'"
        found = by_group(rows.query(here), ["age"], "bits")
        panel.errorbar(
            found["age"],
            found["mean"],
            yerr=bars(found),
            color=BLACK,
            marker="o",
            linestyle="none",
            elinewidth=0.6,
            label="measured",
        )
        for kind, look in KINDS.items():
            curve = by_group(forecast.query(here + f" and kind == '{kind}'"), ["age"], "bits_predicted")
            panel.plot(curve["age"], curve["mean"], **look.curve())
        e = table.loc[(architecture, method)]
        ours = f"rms error  spectral {e['spectral']:.2f}  kernel {e['kernel']:.2f}"
        text = f"{ARCHITECTURES[architecture].label}\n{ours}\nno forgetting {e['stays']:.2f}  all gone {e['gone']:.2f}"
        panel.text(0.98, 0.98, text, transform=panel.transAxes, ha="right", va="top", fontsize=6, color=GREY)
        panel.set_ylim(-0.1, top * 1.85)
        panel.set_yticks(range(int(top) + 1))
    for panel in grid[len(present) :]:
        panel.set_visible(False)
    for panel in grid[::3]:
        panel.set_ylabel("bits per fact")
    for panel in grid[-3:]:
        panel.set_xlabel("age (tasks written since)")
        panel.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    letters(grid, [METHODS[m].label for _, m in present])
    handles, labels = grid[0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside upper center", ncols=3)
    return canvas


FIGURE = Figure(
    "forecast",
    "Retention forecast from the model before any write",
    ("P1-spectral", "P1-kernel", "P1-narrow"),
    ("streams", "forecast"),
    caption,
    draw,
)
