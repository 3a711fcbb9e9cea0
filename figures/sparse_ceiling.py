"""The same stream into sparse models and the dense one: what gradients allow, what laws say, what is kept (C2, H1, E2)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.deeper_ceiling import STEPS, last
from figures.estimate import estimate
from figures.figure import Figure
from figures.results import Results, bars, seeds
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, Look, letters, panels
from figures.verdicts import deeper_ceiling
from figures.verdicts.sparse_ceiling import COMPARED, FAMILIES, differences, streams
from figures.words import number, paragraph

MODELS = {
    "dense": Look("dense", BLACK, "o"),
    "kwta": Look("sparse activation", BLUE, "^"),
    "nsa": Look("sparse attention", GREEN, "v"),
    "memory": Look("memory layer", ORANGE, "s"),
}
ONE = ("dense.last_matrix", "kwta.last_matrix", "nsa.last_matrix", "memory.values")
ALL = ("dense.full", "kwta.full", "nsa.full", "memory.full")
NAMES = {"dense": "dense", "kwta": "sparse\nactivity", "nsa": "sparse\nattention", "memory": "memory"}


def beside(results: Results) -> pd.DataFrame:
    """Rows of the dense and of the sparse models after the last task, each way at its best learning rate; ways "model.way"."""
    dense = deeper_ceiling.streams(results)
    dense = dense[dense["way"].isin(COMPARED.values())]
    return pd.concat([last(dense.assign(way="dense." + dense["way"])), last(streams(results))])


def caption(results: Results) -> str:
    """The finding, what the panels show, and how."""
    rows = beside(results)
    means = rows.groupby("way")[["total", "allowed_total"]].mean()

    def of(way: str) -> str:
        return f"{number(means.loc[way, 'total'])} of {number(means.loc[way, 'allowed_total'])}"

    first, sparse = rows.iloc[0], streams(results)
    active = sparse.loc[sparse["model"] == "kwta", "active"].iloc[0]
    return paragraph(f"""
        Of the facts of depth that a linear memory of its gradients allows, the last matrix keeps {of(ONE[0])} in a dense language
        model, {of(ONE[1])} where {number(active)} of the hidden units act, {of(ONE[2])} with sparse attention, and the values of
        a memory layer {of(ONE[3])}. The same {first["T"] * first["D"]} facts in tasks of {first["D"]} for all models of a seed,
        equal parameters, each way at the learning rate at which it stores most; the laws are computed before the stream. (a) Sum
        of the depths of all facts after the last task where one matrix is written, or the values: the most that the memory allows
        at any one dose, the memory at the dose of trial writes, the kernel simulation, and what is kept. (b) The same for all
        parameters. (c) What a sparse model keeps less what the dense model of the same seed keeps; the values stand beside the
        last matrix of the dense model. Means over {seeds(sparse)}; 95% intervals, in (a, b) each by itself, in (c) the two of
        sparse activity, and of sparse attention, together.
        """)


def _steps(panel: Axes, rows: pd.DataFrame, ways: tuple[str, ...]) -> None:
    """From what is allowed to what is kept, model by model."""
    places = np.arange(len(ways))
    for index, (column, look) in enumerate(STEPS.items()):
        found = [estimate(rows[rows["way"] == way].groupby("seed")[column].mean()) for way in ways]
        frame = pd.DataFrame([value._asdict() for value in found])
        size = {"markersize": 9, "markeredgewidth": 2} if column == "allowed_total" else {}
        panel.errorbar(
            places + 0.13 * (index - 1.5),
            frame["mean"],
            yerr=bars(frame),
            elinewidth=0.7,
            **look.marks(linestyle="none", **size),
        )
    panel.set(xlim=(-0.5, len(ways) - 0.5), ylim=(0, None), xlabel="model", ylabel="sum of depths, facts")
    panel.set_xticks(places, [NAMES[way.partition(".")[0]] for way in ways])
    panel.tick_params(axis="x", length=0)


def _differences(panel: Axes, results: Results) -> None:
    """Kept by a sparse model less kept by the dense one, place by place."""
    table, dense = streams(results), deeper_ceiling.streams(results)
    names = list(NAMES)[1:]
    for ways in FAMILIES:
        for way, value in differences(table, dense, ways).items():
            model, frame = way.partition(".")[0], pd.DataFrame([value._asdict()])
            filled = {} if way in ONE else {"markerfacecolor": "white"}
            place = names.index(model) + (-0.12 if way in ONE else 0.12)
            panel.errorbar([place], frame["mean"], yerr=bars(frame), elinewidth=0.8, **MODELS[model].marks(**filled))
    panel.axhline(0.0, color=GREY, linewidth=0.6)
    panel.set(xlim=(-0.5, 2.5), xlabel="model", ylabel="kept, less dense, facts")
    panel.set_xticks(range(len(names)), [NAMES[model] for model in names])
    panel.tick_params(axis="x", length=0)
    for label, filled in (("matrix or values", "black"), ("all parameters", "white")):
        panel.plot([], [], "o", color="black", markerfacecolor=filled, label=label)
    panel.legend(loc="best")


def draw(results: Results) -> Canvas:
    """Three panels: one matrix, all parameters, and sparse less dense."""
    rows = beside(results)
    canvas, (matrix, everything, less) = panels(columns=3, ratio=1.0)
    _steps(matrix, rows, ONE)
    _steps(everything, rows, ALL)
    _differences(less, results)
    top = max(matrix.get_ylim()[1], everything.get_ylim()[1])
    matrix.set_ylim(0, top)
    everything.set_ylim(0, top)
    canvas.legend(*matrix.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    letters([matrix, everything, less], ["one matrix, or values", "all parameters", "sparse less dense"])
    return canvas


FIGURE = Figure(
    "sparse_ceiling",
    "Sparse models under the same ceiling",
    ("C2-sparse", "C2-sparse-same", "H1-sparse-kwta", "H1-sparse-nsa", "H1-sparse-memory", "H1-sparse-values", "P1-sparse"),
    ("sparse_ceiling", "deeper_ceiling"),
    caption,
    draw,
)
