"""The common mode (I2): sparse codes interfere less only because their mean shrinks. Open it by `cwb explore common_mode`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="The common mode (I2)", css_file="notebooks.css")

with app.setup:
    import marimo as mo
    import numpy as np
    import pandas as pd

    import theory
    from figures.results import bars, by_group
    from figures.style import BLACK, BLUE, GREY, ORANGE, SKY, VERMILION, ticks
    from paper.notebooks.drawing import MEASURED, RESULTS, YOURS, Picture, asked, explained, markdown, number, percent, screen

    I2 = theory.claim("I2")


@app.cell
def _():
    markdown(r"""
    ## Sparse codes interfere less only because their mean shrinks

    A fact is written along a **code**, the list of how active each of $N$ units is. A share $a$ of the units is active. Two codes
    **overlap** by the cosine $\kappa$ between them; a write along one changes what was stored along the other in proportion to
    $\kappa$. The **common mode** is the mean direction that all codes share.
    """)
    return


@app.cell
def _():
    N = mo.ui.slider(steps=[2**k for k in range(4, 21)], value=256, show_value=True, debounce=True, full_width=True)
    a = mo.ui.slider(
        steps=[0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0],
        value=0.2,
        show_value=True,
        debounce=True,
        full_width=True,
    )
    c = mo.ui.slider(0.05, 1.0, step=0.05, value=1.0, show_value=True, debounce=True, full_width=True)
    return N, a, c


@app.cell
def _():
    _table = RESULTS.table("interference", "N", "a", "c", "family", "seed", "mean_square_overlap")
    measured_N = int(_table["N"].iloc[0])
    measured = by_group(_table, ["family", "c", "a"], "mean_square_overlap")
    return measured, measured_N


@app.cell
def _(N, a, c, measured, measured_N):
    _a = np.geomspace(0.005, 1, 300)
    _law = I2.mean_square_overlap(N=N.value, a=_a, c=c.value)
    _floor = float(I2.least(N=N.value))
    overlap = float(I2.mean_square_overlap(N=N.value, a=a.value, c=c.value))
    a_star = float(I2.a_star(N=N.value, c=c.value))
    _nearest = 1.0 if c.value > 0.75 else 0.5
    _dense = measured[(measured["family"] == "nonnegative") & (measured["c"] == _nearest)]
    _without = measured[measured["family"] == "mean_removed"].drop_duplicates("a")

    def _draw(panel, narrow):
        panel.plot(_a, _law, color=BLUE, label=f"law: codes with a mean, $c={c.value:g}$")
        panel.axhline(_floor, color=VERMILION, linestyle="--", label="law: codes without a mean, $1/N$")
        if (N.value, c.value) != (measured_N, _nearest):
            _reference = I2.mean_square_overlap(N=measured_N, a=_a, c=_nearest)
            panel.plot(_a, _reference, color=GREY, linewidth=0.8, label=f"law at $N={measured_N}$, $c={_nearest:g}$")
        for rows, marker, color, label in (
            (_dense, "o", SKY, f"simulated: with a mean, $c={_nearest:g}$"),
            (_without, "s", ORANGE, "simulated: mean removed"),
        ):
            panel.errorbar(
                rows["a"], rows["mean"], yerr=bars(rows), color=color, marker=marker, elinewidth=1, label=label, **MEASURED
            )
        panel.plot([a.value], [overlap], label="your $a$", **YOURS)
        if _a[0] < a_star < 1:
            panel.axvline(a_star, color=BLACK, linewidth=0.8, linestyle=":")
            panel.annotate(
                "$a^*$", (a_star, 0.97), xytext=(4, 0), xycoords=("data", "axes fraction"), textcoords="offset points", va="top"
            )
        panel.set(xscale="log", yscale="log", xlim=(0.005, 1), xlabel="activity $a$, share of active units")
        panel.set_ylabel(r"mean squared overlap, $E[\kappa^2]$")
        ticks(panel.xaxis, (0.01, 0.03, 0.1, 0.3, 1))

    picture = Picture(
        name="common_mode",
        title="Below a* sparser codes interfere no less; codes without a mean never interfere more",
        draw=_draw,
        numbers=pd.concat(
            [
                pd.DataFrame({"series": "law, with a mean", "N": N.value, "c": c.value, "a": _a, "overlap": _law}),
                pd.DataFrame({"series": "law, no mean", "N": N.value, "a": _a, "overlap": _floor}),
                measured.rename(columns={"mean": "overlap", "family": "series"}).assign(N=measured_N),
            ]
        ),
        alt="Mean squared overlap against activity, both axes logarithmic.",
    )
    return a_star, overlap, picture


@app.cell
def _(N, a, a_star, c, measured_N, overlap, picture):
    _share = float(I2.common_mode_share(N=N.value, a=a.value, c=c.value))
    _star = (
        f"Below $a^* = {number(a_star)}$ sparser codes gain nothing."
        if a_star < 1
        else "Here sparsity gains nothing at any activity."
    )
    screen(
        {
            "units, $N$": N,
            "activity, $a$": a,
            "equality of active magnitudes, $c$ (1: all equal)": c,
        },
        picture,
        f"""
        The mean squared overlap of two facts is **{number(overlap * N.value)} times** the least possible, $1/N$.
        The common mode makes **{percent(_share)}** of it. {_star}

        Points: simulated with $N = {measured_N}$; bars: 95% intervals. The grey line is their law where it differs from yours.
        """,
    )
    return


@app.cell
def _():
    markdown(r"""
    ### Try, and notice

    * **Try** $a$ from 1 down to 0.005. **Notice** that interference falls as $(ac)^2$ and stops at $a^* = 1/(c\sqrt{N})$.
    * **Try** a small $c$. **Notice** that unequal magnitudes weaken the common mode just as sparsity does.
    * **Try** a larger $N$. **Notice** that the floor falls, and that only *sparser* codes reach it.
    * **Notice** the orange squares: without their mean, dense codes interfere as little as sparse ones.
    """)
    return


@app.cell
def _():
    your_N = mo.ui.number(2, 1e15, value=4096, step=1)
    your_a = mo.ui.number(1e-6, 1, value=0.05)
    your_c = mo.ui.number(0.001, 1, value=0.64)
    return your_N, your_a, your_c


@app.cell
def _(your_N, your_a, your_c):
    def _answer(N, a, c):
        times = float(I2.mean_square_overlap(N=N, a=a, c=c)) * N
        directions = number(float(I2.participation_ratio(N=N, a=a, c=c)), "directions")
        return (
            f"Your facts interfere **{number(times)} times** as much as codes of the same size without a mean. They spread over "
            f"{directions} of {number(N)}. "
            + ("Remove the mean before you make the codes sparser." if times > 2 else "Removing the mean would gain little.")
        )

    asked(
        {"units, $N$": your_N, "activity, $a$": your_a, "equality of magnitudes, $c$ (half-normal: 0.64)": your_c},
        _answer,
    )
    return


@app.cell
def _():
    explained(I2)
    return


if __name__ == "__main__":
    app.run()
