"""The ceiling (C2): one learning rate for all writes, and what the oldest task then keeps. Open it by `cwb explore ceiling`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="The ceiling (C2)", css_file="notebooks.css")

with app.setup:
    import marimo as mo
    import numpy as np
    import pandas as pd

    import theory
    from figures.results import bars, by_group
    from figures.style import BLUE, GREEN, ORANGE, PALE, VERMILION, ticks
    from paper.notebooks.drawing import MEASURED, RESULTS, YOURS, Picture, asked, explained, markdown, number, percent, screen
    from theory.errors import UserError

    C2 = theory.claim("C2")


@app.cell
def _():
    markdown(r"""
    ## A store of $N$ numbers keeps about $N/e$ facts, however it is written

    A store is taught $T$ tasks of $D$ facts, one after another. A **write** is one update that stores one fact; it removes a
    share $\eta$, the learning rate, of that fact's error. The **depth** of a fact is the fraction of it that is still there.
    """)
    return


@app.cell
def _():
    N = mo.ui.slider(steps=[2**k for k in range(4, 21)], value=256, show_value=True, debounce=True, full_width=True)
    D = mo.ui.slider(steps=[1, 2, 4, 8, 16, 32, 64, 128, 256], value=16, show_value=True, debounce=True, full_width=True)
    T = mo.ui.slider(
        steps=[1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 400], value=12, show_value=True, debounce=True, full_width=True
    )
    eta = mo.ui.slider(
        steps=[0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0], value=0.3, show_value=True, debounce=True, full_width=True
    )
    centred = mo.ui.radio({"mean removed": True, "non-negative": False}, value="mean removed", inline=True)
    return D, N, T, centred, eta


@app.cell
def _(D, N, centred):
    table = RESULTS.table("sweep_delta", "N", "D", "T", "seed", "depth", "centred", "a")
    measured_N = int(table["N"].iloc[0])
    _levels = np.sort(table["D"].unique())
    measured_D = int(_levels[np.argmin(np.abs(np.log(_levels * N.value / (measured_N * D.value))))])
    near = abs(np.log(measured_D * N.value / (measured_N * D.value))) < 0.4
    _rows = table[(table["centred"] == centred.value) & (table["a"] == 0.2) & (table["D"] == measured_D)]
    _rows = _rows.assign(facts=_rows["depth"] * _rows["D"] * _rows["T"] * N.value / measured_N)
    measured = by_group(_rows if near else _rows.iloc[:0], ["T"], "facts") if near else pd.DataFrame()
    return measured, measured_D, measured_N, near


@app.cell
def _():
    button = mo.ui.run_button(label="Simulate at your N and D")
    return (button,)


@app.cell
def _(D, N, button):
    simulated, trouble = None, ""
    if button.value and N.value > 1024:
        trouble = "To simulate, choose $N$ of 1024 at most."
    elif button.value:
        import simulate

        _tasks = [tasks for tasks in (1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 400) if tasks * D.value <= 6 * N.value] or [1]
        try:
            with mo.status.spinner(title="Simulating", subtitle=f"{8 * len(_tasks)} streams, some ten seconds"):
                simulated = simulate.curve("delta", T=_tasks, N=N.value, D=D.value)
        except UserError as _error:
            trouble = str(_error)
    return simulated, trouble


@app.cell
def _(D, N, T, eta, measured, near, simulated):
    _T = np.geomspace(1, 400, 300)
    _ceiling = C2.task_ceiling(N=N.value, T=_T)
    _best = C2.attainable_depth(N=N.value, T=_T, D=D.value) * _T * D.value
    _yours = C2.isotropic_depth(N=N.value, eta=eta.value, T=_T, D=D.value) * _T * D.value
    kept = float(C2.isotropic_depth(N=N.value, eta=eta.value, T=T.value, D=D.value)) * T.value * D.value

    def _draw(panel, narrow):
        panel.fill_between(_T, _ceiling, 1.15 * N.value, color=PALE, linewidth=0)
        panel.plot(_T, _ceiling, color=BLUE, label="ceiling, $N(1-1/T)^{T-1}$")
        panel.plot(_T, _best, color=GREEN, linestyle="--", label="best learning rate for each $T$")
        panel.plot(_T, _yours, color=VERMILION, linestyle="-.", label=rf"your learning rate, $\eta={eta.value:g}$")
        if near:
            panel.errorbar(
                measured["T"], measured["mean"], yerr=bars(measured), color=ORANGE, marker="o", elinewidth=1,
                label="stored simulation, best rate", **MEASURED,
            )  # fmt: skip
        if simulated is not None:
            _facts = np.array(simulated.depth) * np.array(simulated.T) * D.value
            panel.plot(simulated.T, _facts, color=GREEN, marker="D", label="simulated now, best rate", **MEASURED)
        panel.plot([T.value], [kept], label="your $T$", **YOURS)
        panel.text(0.98, 0.95, "out of reach", transform=panel.transAxes, ha="right", va="top", style="italic", color="#555555")
        panel.set(xscale="log", xlim=(1, 400), ylim=(0, 1.15 * N.value), xlabel="tasks $T$")
        panel.set_ylabel(r"facts kept, $T \times D \times$ depth")
        ticks(panel.xaxis, (1, 3, 10, 30, 100, 400))

    picture = Picture(
        name="ceiling",
        title="One learning rate keeps no more facts than the ceiling, which falls from N to N/e",
        draw=_draw,
        numbers=pd.concat(
            [
                pd.DataFrame({"series": "ceiling", "T": _T, "facts": _ceiling}),
                pd.DataFrame({"series": "best learning rate", "T": _T, "facts": _best}),
                pd.DataFrame({"series": f"learning rate {eta.value:g}", "T": _T, "facts": _yours}),
                measured.rename(columns={"mean": "facts"}).assign(series="simulated, committed"),
                *([] if simulated is None else [simulated.to_frame().assign(series="simulated now")]),
            ]
        ),
        alt="Facts kept against the number of tasks: the ceiling, two laws below it, and measured points.",
    )
    return kept, picture


@app.cell
def _(D, N, T, button, centred, eta, kept, measured_D, measured_N, near, picture, trouble):
    _ceiling = number(float(C2.task_ceiling(N=N.value, T=T.value)), "facts")
    _best = number(float(C2.attainable_depth(N=N.value, T=T.value, D=D.value)) * T.value * D.value, "facts")
    _points = (
        f"Points: simulated with $N={measured_N}$, $D={measured_D}$ and drawn in proportion to your $N$; bars: 95% intervals."
        if near
        else f"No points: nothing was simulated near this $D/N$. Choose $D$ nearer to $N/16$ (simulated: $N={measured_N}$)."
    )
    screen(
        {
            "numbers in the store, $N$": N,
            "facts per task, $D$": D,
            "tasks, $T$": T,
            r"learning rate, $\eta$": eta,
            "codes of the stored points": centred,
            "": button,
        },
        picture,
        f"""
        Facts written: {number(T.value * D.value)}. If all are kept as well as those of the oldest task, that is worth
        **{number(kept, "whole facts")}**. The best learning rate keeps {_best}; the ceiling is **{_ceiling}**.

        {trouble or _points}
        """,
    )
    return


@app.cell
def _():
    markdown(r"""
    ### Try, and notice

    * **Try** $T$ from 1 upwards. **Notice** that the ceiling falls from $N$ to $N/e \approx 0.37\,N$ and stays there.
    * **Try** $\eta = 1$ with many tasks. **Notice** that a deep write is forgotten fast. A shallow write was never deep.
    * **Try** the non-negative codes. **Notice** that the mean that they share costs one number of $N$, and no more.
    * **Notice** that the ceiling knows neither $\eta$ nor how sparse the codes are. It is what is left after the best choice.
    """)
    return


@app.cell
def _():
    your_N = mo.ui.number(1, 1e15, value=1e6, step=1)
    your_T = mo.ui.number(1, 1e9, value=50, step=1)
    your_D = mo.ui.number(1, 1e12, value=20_000, step=1)
    return your_D, your_N, your_T


@app.cell
def _(your_D, your_N, your_T):
    def _answer(N, T, D):
        ceiling, facts = float(C2.task_ceiling(N=N, T=T)), T * D
        most = f"One fixed learning rate keeps at most **{number(ceiling, 'whole facts')}** of your {number(facts, 'facts')}."
        if ceiling >= facts:
            return f"{most} Your stream is shorter than that: the ceiling forbids nothing here."
        share = percent(ceiling / facts)
        return f"{most} The facts of the oldest task keep on average at most **{share}** of what was written."

    asked({"numbers in your store, $N$": your_N, "tasks, $T$": your_T, "facts per task, $D$": your_D}, _answer)
    return


@app.cell
def _():
    explained(C2)
    return


if __name__ == "__main__":
    app.run()
