"""A picture of systems by age of the memory: values with intervals, side by side, so that none hides another."""

from typing import Any

import pandas as pd


def by_age(frame: pd.DataFrame, value: str, band: str, **options: Any) -> Any:
    """Draw `value` with its interval (columns low, high) of every system in every band; return the axes, None for no rows.

    options: those of `DataFrame.plot` (ax, figsize, title, ylabel, ...).
    """
    bands, systems, axes = list(dict.fromkeys(frame[band])), list(dict.fromkeys(frame["system"])), None
    chosen = {"kind": "scatter", "xlabel": "age of the memory", **options}
    for place, name in enumerate(systems):
        part = frame[frame["system"] == name]
        beside = 0.6 * ((place + 0.5) / len(systems) - 0.5)
        part = part.assign(place=[bands.index(one) + beside for one in part[band]])
        axes = part.plot(x="place", y=value, **{"ax": axes, "color": f"C{place}", "label": name, **chosen})
        chosen.pop("ax", None)
        reach = [part[value] - part["low"], part["high"] - part[value]]
        axes.errorbar(part["place"], part[value], yerr=reach, fmt="none", ecolor=f"C{place}")  # of pandas both ends are alike
    if axes is not None:
        axes.set(xticks=range(len(bands)), xticklabels=bands)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2, frameon=False)
    return axes
