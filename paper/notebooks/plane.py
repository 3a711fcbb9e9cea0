"""The plane (C4): how precise shared structure is against how deep one write goes. Open it by `cwb explore plane`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="The plane (C4)", css_file="notebooks.css")

with app.setup:
    import marimo as mo
    import numpy as np
    import pandas as pd

    import theory
    from figures.results import bars, by_group
    from figures.style import BLUE, GREEN, PALE, VERMILION, ticks
    from paper.notebooks.drawing import MEASURED, RESULTS, YOURS, Picture, asked, explained, markdown, number, screen

    C4 = theory.claim("C4")


@app.cell
def _():
    markdown(r"""
    ## One learning rate cannot be precise about structure and deep on every fact

    A store learns what all facts share (its **structure**) and what each fact has to itself (of variance $\sigma^2$). Its error
    on the structure settles at $J$. The **depth** of a fact is the fraction of its own part that one **write**, one update,
    stores. A **regime** is one fixed way of writing all facts; here, one learning rate $\eta$.
    """)
    return


@app.cell
def _():
    eta = mo.ui.slider(
        steps=[0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0], value=0.35, show_value=True, debounce=True, full_width=True
    )
    deep = mo.ui.slider(0.1, 1.0, step=0.1, value=0.8, show_value=True, debounce=True, full_width=True)
    share = mo.ui.slider(
        steps=[0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0], value=0.1, show_value=True, debounce=True, full_width=True
    )
    return deep, eta, share


@app.cell
def _():
    _table = RESULTS.table("tradeoff", "sigma", "regime", "eta", "seed", "J", "depth")
    _table = _table.assign(error=_table["J"] / _table["sigma"] ** 2)
    _keys = ["regime", "eta"]
    measured = by_group(_table, _keys, "error").merge(by_group(_table, _keys, "depth"), on=_keys, suffixes=("_error", "_depth"))
    measured_N = int(RESULTS.table("tradeoff")["N"].iloc[0])
    return measured, measured_N


@app.cell
def _(deep, eta, measured, share):
    _error = np.geomspace(0.0005, 1, 400)
    _law = C4.eta(J=_error, sigma=1.0)
    J = float(C4.J(eta=eta.value, sigma=1.0))
    _depths = np.linspace(0.01, 1, 200)
    _schedule = C4.J_peak_min(depth=_depths, share=share.value, sigma=1.0)
    peak = float(C4.J_peak_min(depth=deep.value, share=share.value, sigma=1.0))

    def _draw(panel, narrow):
        panel.fill_between(_error, _law, 1.06, color=PALE, hatch="////", edgecolor="white", linewidth=0)
        panel.plot(_error, _law, color=BLUE, label=r"law of one regime, $\eta = 2J/(\sigma^2+J)$")
        panel.plot(
            _schedule, _depths, color=GREEN, linestyle="--", label=f"least error if a share {share.value:g} of writes is deep"
        )
        for regime, marker, color, label in (
            ("single", "o", BLUE, "simulated: one regime"),
            ("dual", "s", VERMILION, "simulated: a second, fast store"),
        ):
            rows = measured[measured["regime"] == regime]
            widths = [bars(rows.rename(columns=lambda name, end=end: name.removesuffix(end))) for end in ("_error", "_depth")]
            panel.errorbar(
                rows["mean_error"], rows["mean_depth"], xerr=widths[0], yerr=widths[1], color=color, marker=marker, elinewidth=1,
                label=label, **MEASURED,
            )  # fmt: skip
        panel.plot([J], [eta.value], label="your learning rate", **YOURS)
        panel.plot([peak], [deep.value], label="your deep writes", **{**YOURS, "marker": "P", "color": GREEN, "markersize": 11})
        panel.text(
            0.03, 0.6, "closed to one regime\nwith one learning rate", transform=panel.transAxes, style="italic",
            bbox={"color": "white", "pad": 2},
        )  # fmt: skip
        panel.set(xscale="log", xlim=(0.0005, 1), ylim=(0, 1.06), xlabel=r"error on shared structure, $J/\sigma^2$")
        panel.set_ylabel("depth just written" if narrow else "depth of the fact just written")
        ticks(panel.xaxis, (0.001, 0.01, 0.1, 1))

    picture = Picture(
        name="plane",
        title="One learning rate sits on the line; a second store or rare deep writes leave it",
        draw=_draw,
        numbers=pd.concat(
            [
                pd.DataFrame({"series": "law of one regime", "error": _error, "depth": _law}),
                pd.DataFrame({"series": f"share {share.value:g} of writes deep", "error": _schedule, "depth": _depths}),
                measured.rename(columns={"regime": "series", "mean_error": "error", "mean_depth": "depth"}),
            ]
        ),
        alt="Depth of the fact just written against the error on shared structure.",
    )
    return J, peak, picture


@app.cell
def _(J, deep, eta, measured_N, peak, picture, share):
    screen(
        {
            r"learning rate, $\eta$ (star)": eta,
            "depth of the deep writes (green cross)": deep,
            "share of all writes that are that deep": share,
        },
        picture,
        f"""
        At $\\eta = {eta.value:g}$ a fact is stored to a depth of **{eta.value:g}**, and the error on the structure settles at
        **{number(J)}** $\\sigma^2$. If only a share {share.value:g} of the writes reaches a depth of {deep.value:g}, the error
        rises at times to **{number(peak)}** $\\sigma^2$ at least, whatever the other learning rates.

        Points: simulated with $N = {measured_N}$ weights per store; bars: 95% intervals.
        """,
    )
    return


@app.cell
def _():
    markdown(r"""
    ### Try, and notice

    * **Try** to bring the star to the upper left: a deep write and a small error at once. **Notice** that it only moves along
      the line.
    * **Try** a smaller share of deep writes. **Notice** that the green line moves left: rare deep writes are cheap, frequent
      ones are not.
    * **Notice** the red squares. A second store with a fast learning rate of its own enters the closed region.
    """)
    return


@app.cell
def _():
    your_J = mo.ui.number(1e-9, 1, value=0.01)
    your_sigma = mo.ui.number(1e-3, 1e3, value=1.0)
    return your_J, your_sigma


@app.cell
def _(your_J, your_sigma):
    def _answer(J, sigma):
        relative = J / sigma**2
        error = f"That error is {number(relative)} times $\\sigma^2$."
        if relative > 1:
            return f"{error} One learning rate can even store every fact whole ($\\eta = 1$)."
        deepest = number(float(C4.eta(J=J, sigma=sigma)))
        return f"{error} One learning rate then stores each fact to a depth of at most **{deepest}**."

    asked(
        {r"error on the structure that you allow, $J$": your_J, r"standard deviation of a fact's own part, $\sigma$": your_sigma},
        _answer,
    )
    return


@app.cell
def _():
    explained(C4)
    return


if __name__ == "__main__":
    app.run()
