"""Two regimes against one (S1): what sharing structure costs, and what a second regime buys. Open it by `cwb explore regimes`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Two regimes (S1)", css_file="notebooks.css")

with app.setup:
    import marimo as mo
    import numpy as np
    import pandas as pd

    import theory
    from figures.style import REGIMES, ticks
    from paper.notebooks.drawing import MEASURED, RESULTS, YOURS, Picture, asked, explained, markdown, number, screen, times
    from simulate.tables import at_best, frontier

    S1 = theory.claim("S1")


@app.cell
def _():
    markdown(r"""
    ## A second regime pays where tasks share much and have little of their own

    A store has $N$ cells of $b$ bits. All tasks share $R$ bits of structure, and each has $D_s$ private bits. A **regime** fixes
    which share of the cells is active when a task is written. In **one regime** all bits lie in the cells of their task. With
    **two regimes** the shared bits lie once in cells that are always active, and the private ones in sparse cells.
    """)
    return


@app.cell
def _():
    N = mo.ui.slider(steps=[2**k for k in range(6, 25)], value=2048, show_value=True, debounce=True, full_width=True)
    b = mo.ui.slider(1, 16, value=2, show_value=True, debounce=True, full_width=True)
    R = mo.ui.slider(
        steps=[0, 1.5625, 6.25, 12.5, 25, 37.5, 50, 75, 90], value=12.5, show_value=True, debounce=True, full_width=True
    )
    T = mo.ui.slider(
        steps=[1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200], value=20, show_value=True, debounce=True, full_width=True
    )
    D = mo.ui.slider(
        steps=[0.2, 0.3, 0.5, 0.8, 1.2, 2, 3, 5, 8, 12, 20, 30, 50, 100],
        value=1.2,
        show_value=True,
        debounce=True,
        full_width=True,
    )
    return D, N, R, T, b


@app.cell
def _(N, R, b):
    _table = at_best(RESULTS.table("sweep_shared"))
    measured_N, _bits = int(_table["N"].iloc[0]), float(_table["N"].iloc[0] * _table["b"].iloc[0])
    _held = frontier(_table)
    measured = _held[np.isclose(_held["R"] / _bits, R.value / 100) & (_held["measured_T"] > 0)]
    measured = measured.assign(private=measured["D_s"] / _bits * b.value * N.value)
    return measured, measured_N


@app.cell
def _(D, N, R, T, b, measured):
    bits = float(b.value * N.value)
    shared, private = R.value / 100 * bits, D.value / 100 * bits
    _T = np.geomspace(1, 1000, 400)
    _laws = {
        "single": S1.single_ceiling(N=N.value, b=b.value, R=shared, T=_T) / _T,
        "dual": S1.dual_ceiling(N=N.value, b=b.value, R=shared, T=_T) / _T,
    }
    _unit, _word = (1, "bits") if bits < 1e5 else (1e3, "thousand bits") if bits < 1e8 else (1e6, "million bits")

    def _draw(panel, narrow):
        for regime, look in REGIMES.items():
            panel.plot(_laws[regime] / _unit, _T, **look.curve(label=f"law: {look.label}"))
            rows = measured[measured["regime"] == regime]
            if len(rows):
                panel.plot(
                    rows["private"] / _unit, rows["measured_T"], color=look.color, marker=look.marker,
                    label=f"simulated: {look.label}", **MEASURED,
                )  # fmt: skip
        panel.plot([private / _unit], [T.value], label="your tasks", **YOURS)
        panel.set(xscale="log", yscale="log", xlim=(0.001 * bits / _unit, bits / _unit), ylim=(0.9, 300))
        panel.set(xlabel=f"private bits per task, $D_s$ [{_word}]", ylabel="largest number of tasks held, $T$")
        ticks(panel.yaxis, (1, 3, 10, 30, 100, 300))
        panel.xaxis.set_major_formatter(lambda value, _: f"{value:,.15g}")

    picture = Picture(
        name="regimes",
        title="Two regimes hold more tasks than one where shared bits outweigh private ones"
        if R.value
        else "Nothing is shared: two regimes hold just as many tasks as one",
        draw=_draw,
        numbers=pd.concat(
            [pd.DataFrame({"series": f"law, {regime}", "R": shared, "D_s": law, "T": _T}) for regime, law in _laws.items()]
            + [
                pd.DataFrame(
                    {"series": "simulated, " + measured["regime"], "D_s": measured["private"], "T": measured["measured_T"]}
                )
            ]
        ),
        alt="Largest number of tasks against private bits per task, both axes logarithmic.",
    )
    return bits, picture, private, shared


@app.cell
def _(D, N, R, T, b, bits, measured, measured_N, picture, private, shared):
    _single = float(S1.single_ceiling(N=N.value, b=b.value, R=shared, T=T.value)) / T.value
    _dual = float(S1.dual_ceiling(N=N.value, b=b.value, R=shared, T=T.value)) / T.value
    _word = "neither can hold" if _dual < private else "only two regimes can hold" if _single < private else "both can hold"
    _gain = float(S1.gain_at_T(N=N.value, b=b.value, R=shared, T=T.value))
    _points = (
        f"Points: simulated with $N = {measured_N}$ cells, real erasure codes, drawn in proportion to your $bN$."
        if len(measured)
        else r"No points: simulated were shares of 0, 1.5625, 6.25, 12.5 and 25% only."
    )
    screen(
        {
            "cells, $N$": N,
            "bits per cell, $b$": b,
            "shared bits, $R$, in % of all $bN$ bits": R,
            "private bits per task, $D_s$, in % of all $bN$ bits": D,
            "tasks, $T$": T,
        },
        picture,
        f"""
        {number(bits, "bits")} in all: {number(shared)} shared, {number(private)} private per task. **{_word.capitalize()}
        so many tasks ({T.value}).** For the oldest of them one regime keeps {number(_single, "private bits")}, two keep
        {number(_dual, "private bits")}: **{times(_gain)}**.

        {_points}
        """,
    )
    return


@app.cell
def _():
    markdown(r"""
    ### Try, and notice

    * **Try** $R = 0$. **Notice** that the curves coincide: two sparsities alone gain nothing.
    * **Try** $T = 1$. **Notice** that there is nothing to forget, and a second regime gains nothing.
    * **Try** $R = 50\%$ and 30 tasks. **Notice** that one regime keeps effectively nothing: it writes the shared bits anew with
      each task, which takes cells from all earlier tasks.
    * **Notice** that neither axis is sparsity. What counts is how much is shared, and how many tasks come after.
    """)
    return


@app.cell
def _():
    your_bits = mo.ui.number(1, 1e15, value=1e9, step=1)
    your_R = mo.ui.number(0, 1e15, value=2e8, step=1)
    your_D = mo.ui.number(1, 1e15, value=1e6, step=1)
    return your_D, your_R, your_bits


@app.cell
def _(your_D, your_R, your_bits):
    def _answer(bits, R, D_s):
        if R + D_s > bits:
            return "Not even one task fits beside the shared bits: make $R + D_s$ smaller than $bN$."
        gain = float(S1.gain_sharp(N=bits, b=1, R=R, D_s=D_s))
        most = number((bits - R) / np.e / D_s, "tasks")
        return f"In a long stream, two regimes hold **{times(gain)}** as one regime does. They hold at most about {most}."

    asked({"bits in your store, $bN$": your_bits, "shared bits, $R$": your_R, "private bits per task, $D_s$": your_D}, _answer)
    return


@app.cell
def _():
    explained(S1)
    return


if __name__ == "__main__":
    app.run()
