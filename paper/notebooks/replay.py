"""How much replay (S4): sweeps over old facts, and the depth that they leave. Open it by `cwb explore replay`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="How much replay (S4)", css_file="notebooks.css")

with app.setup:
    import marimo as mo
    import numpy as np
    import pandas as pd

    import theory
    from figures.results import bars, by_group
    from figures.style import BLUE, GREY, ORANGE, VERMILION, ticks
    from paper.notebooks.drawing import MEASURED, RESULTS, YOURS, Picture, asked, explained, markdown, number, screen

    S4 = theory.claim("S4")


@app.cell
def _():
    markdown(r"""
    ## A store that is less than full forgets nothing if it rehearses enough

    A store of $N$ numbers holds $M$ facts and sleeps. In its sleep it **replays** facts at random: each replay is one more
    **write** of a fact, at a learning rate $\eta$. $M$ replays are one **sweep**. The **depth** of a fact is the fraction of it
    that is there.
    """)
    return


@app.cell
def _():
    load = mo.ui.slider(
        steps=[0.125, 0.25, 0.5, 0.75, 0.875, 0.95, 1.0, 1.25, 1.5, 2.0],
        value=0.875,
        show_value=True,
        debounce=True,
        full_width=True,
    )
    eta = mo.ui.slider(steps=[0.03, 0.1, 0.3, 0.5, 1.0], value=1.0, show_value=True, debounce=True, full_width=True)
    sweeps = mo.ui.slider(
        steps=[0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64], value=4, show_value=True, debounce=True, full_width=True
    )
    return eta, load, sweeps


@app.cell
def _(eta, load):
    _table = RESULTS.table("rehearsal", "N", "M", "T", "hold", "eta", "sweeps", "replay", "seed", "depth")
    measured_N = int(_table["N"].iloc[0])
    _one_sleep = (_table["hold"] == _table["T"]) & (_table["replay"] == "random")
    _yours = np.isclose(_table["M"] / _table["N"], load.value) & np.isclose(_table["eta"], eta.value)
    measured = by_group(_table[_one_sleep & _yours], ["sweeps"], "depth") if (_one_sleep & _yours).any() else pd.DataFrame()
    return measured, measured_N


@app.cell
def _(eta, load, measured, measured_N, sweeps):
    M = round(load.value * measured_N)
    _sweeps = np.geomspace(0.25, 64, 60)
    _law = S4.replay_depth(N=measured_N, M=M, eta=eta.value, sweeps=_sweeps)
    limit = float(S4.depth_limit(N=measured_N, M=M))
    _once = 1 / (1 + load.value)
    depth = float(S4.replay_depth(N=measured_N, M=M, eta=eta.value, sweeps=sweeps.value))

    def _draw(panel, narrow):
        panel.axhline(limit, color=GREY, linestyle=":", label="limit, min(1, $N/M$)")
        panel.axhline(_once, color=VERMILION, linestyle="--", label="without replay, falling learning rate")
        panel.plot(_sweeps, _law, color=BLUE, label=rf"law at $\eta={eta.value:g}$, $M/N={load.value:g}$")
        if len(measured):
            panel.errorbar(
                measured["sweeps"], measured["mean"], yerr=bars(measured), color=ORANGE, marker="o", elinewidth=1,
                label="simulated", **MEASURED,
            )  # fmt: skip
        panel.plot([sweeps.value], [depth], label="your replay", **YOURS)
        panel.set(xscale="log", xlim=(0.25, 64), ylim=(0, 1.06), xlabel="sweeps over all facts", ylabel="mean depth of the facts")
        ticks(panel.xaxis, (0.3, 1, 3, 10, 30))

    picture = Picture(
        name="replay",
        title="A few sweeps bring back nearly all of it, unless the store is full"
        if load.value < 1
        else "At M = N the last part comes back slowly; above, some of every fact is lost for good",
        draw=_draw,
        numbers=pd.concat(
            [
                pd.DataFrame({"series": "law", "sweeps": _sweeps, "depth": _law}),
                measured.rename(columns={"mean": "depth"}).assign(series="simulated"),
            ]
        ),
        alt="Mean depth against sweeps of replay, with the law, its limit, and what one pass without replay keeps.",
    )
    return M, depth, limit, picture


@app.cell
def _(M, depth, eta, limit, load, measured, measured_N, picture, sweeps):
    _aim = 0.9 * limit
    _enough = float(S4.sweeps_to_depth(N=measured_N, M=M, eta=eta.value, depth=_aim))
    screen(
        {
            "load, $M/N$": load,
            r"learning rate of a replay, $\eta$": eta,
            "sweeps": sweeps,
        },
        picture,
        f"""
        {number(sweeps.value, "sweeps")} replay each fact as many times on average. They leave a mean depth of
        **{number(depth)}**, of at most {number(limit)}. Nine tenths of that take **{number(_enough, "sweeps")}**.

        """
        + (
            f"Points: simulated with $N = {measured_N}$; bars: 95% intervals."
            if len(measured)
            else r"No points: simulated were loads of 0.25, 0.5, 0.875, 1 and 1.5, at $\eta$ = 0.1, 0.3 and 1."
        ),
    )
    return


@app.cell
def _():
    markdown(r"""
    ### Try, and notice

    * **Try** a smaller learning rate. **Notice** that the curve only moves to the right: $\eta \times$ sweeps is what counts.
    * **Try** a load of 1. **Notice** that the last tenth takes far longer than all the rest.
    * **Try** a load of 1.5. **Notice** that no amount of replay brings the facts back: the store has fewer numbers than facts.
    * **Notice** the dashed line. Without replay, the best that one pass can do is $N/(N+M)$, even in a store that is half empty.
    """)
    return


@app.cell
def _():
    your_N = mo.ui.number(2, 1e7, value=100_000, step=1)
    your_M = mo.ui.number(1, 1e7, value=80_000, step=1)
    your_eta = mo.ui.number(0.001, 1, value=0.5)
    your_depth = mo.ui.number(0.01, 0.999, value=0.9)
    return your_M, your_N, your_depth, your_eta


@app.cell
def _(your_M, your_N, your_depth, your_eta):
    def _answer(N, M, eta, depth):
        limit = float(S4.depth_limit(N=N, M=M))
        if depth >= limit:
            full = f"{number(M, 'facts')} in {number(N, 'numbers')} keep at most **{number(limit)}** each"
            return f"No amount of replay reaches that depth: {full}."
        sweeps = float(S4.sweeps_to_depth(N=N, M=M, eta=eta, depth=depth))
        total = number(sweeps * M, "replays")
        return f"Replay every fact **{number(sweeps, 'times')}** on average, at random: {total} in all."

    asked(
        {
            "numbers in your store, $N$": your_N,
            "facts, $M$": your_M,
            r"learning rate, $\eta$": your_eta,
            "mean depth that you need": your_depth,
        },
        _answer,
    )
    return


@app.cell
def _():
    explained(S4)
    return


if __name__ == "__main__":
    app.run()
