"""The ceilings to play with: a marimo notebook (`cwb explore`, or `marimo edit paper/explore.py`).

Every curve is evaluated by `theory`; nothing is derived again here.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Compression and writability")


@app.cell
def _():
    import marimo as mo
    import numpy as np

    from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, REGIMES, VERMILION, panels, styled
    from theory import annealing, interference, palimpsest, retention, separation, tradeoff

    return (
        BLACK,
        BLUE,
        GREEN,
        GREY,
        ORANGE,
        REGIMES,
        VERMILION,
        annealing,
        interference,
        mo,
        np,
        palimpsest,
        panels,
        retention,
        separation,
        styled,
        tradeoff,
    )


@app.cell
def _(mo):
    mo.md(r"""
    # How much can a store write before it forgets?

    A store of $N$ numbers is taught $T$ tasks of $D$ facts, one after another, each once. Move the sliders; the six panels below
    follow. The claims (I2, C2, ...) are those of the paper and of `cwb theory list`.

    | slider | meaning |
    |---|---|
    | $N$, $b$ | numbers (or cells) of the store; bits per cell |
    | $a$, $c$ | active fraction of a code; how equal its active magnitudes are (1: all equal) |
    | $\eta$ | write strength: the share of a fact's error that one write removes |
    | $T$, $D$ | tasks, and facts (for cells: bits) per task |
    | $R$ | bits of structure that all tasks share, as a share of the $bN$ bits of the store |
    """)
    return


@app.cell
def _(mo):
    powers = [2**k for k in range(4, 13)]
    N_slider = mo.ui.slider(steps=powers, value=256, label="$N$", show_value=True, debounce=True)
    b_slider = mo.ui.slider(1, 8, value=4, label="$b$", show_value=True, debounce=True)
    a_slider = mo.ui.slider(
        steps=[0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0], value=0.2, label="$a$", show_value=True, debounce=True
    )
    c_slider = mo.ui.slider(0.05, 1.0, step=0.05, value=0.75, label="$c$", show_value=True, debounce=True)
    eta_slider = mo.ui.slider(
        steps=[0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0], value=0.5, label=r"$\eta$", show_value=True, debounce=True
    )
    T_slider = mo.ui.slider(
        steps=[1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200], value=12, label="$T$", show_value=True, debounce=True
    )
    D_slider = mo.ui.slider(steps=[1, 2, 4, 8, 16, 32, 64, 128, 256], value=16, label="$D$", show_value=True, debounce=True)
    R_slider = mo.ui.slider(0.0, 0.9, step=0.05, value=0.25, label="$R/(bN)$", show_value=True, debounce=True)
    mo.vstack(
        [
            mo.hstack([N_slider, b_slider, a_slider, c_slider], justify="space-between"),
            mo.hstack([eta_slider, T_slider, D_slider, R_slider], justify="space-between"),
        ]
    )
    return (
        D_slider,
        N_slider,
        R_slider,
        T_slider,
        a_slider,
        b_slider,
        c_slider,
        eta_slider,
    )


@app.cell
def _(D_slider, N_slider, R_slider, T_slider, a_slider, b_slider, c_slider, eta_slider):
    N, b, a, c = N_slider.value, b_slider.value, a_slider.value, c_slider.value
    eta, T, D, R = eta_slider.value, T_slider.value, D_slider.value, R_slider.value * b_slider.value * N_slider.value
    M = T * D
    return D, M, N, R, T, a, b, c, eta


@app.cell
def _(D, M, N, R, T, annealing, b, eta, interference, mo, palimpsest, retention, separation):
    _flat = interference.spectrum_of_codes(N, 1.0, 0.0)
    _rows = [
        ("total depth $MN/(N+M-1)$, annealed strength", annealing.annealed_depth(N, M) * M, "facts"),
        ("$TDd$ of the oldest task, best fixed strength", retention.attainable_depth(N, T, D) * M, "facts"),
        (rf"$TDd$ of the oldest task, $\eta={eta:g}$", retention.task_depth(_flat, eta, T, D) * M, "facts"),
        ("its ceiling $N(1-1/T)^{T-1}$", retention.task_ceiling(N, T), "facts"),
        ("overwritten cells, $bN(1-1/T)^{T-1}$", palimpsest.ceiling(N, b, T), "bits"),
        (f"one regime, $R={R:g}$ bits shared", separation.single_ceiling(N, b, R, T), "private bits"),
        (f"two regimes, $R={R:g}$ bits shared", separation.dual_ceiling(N, b, R, T), "private bits"),
    ]
    _table = "\n".join(f"| {name} | {value:.4g} | {unit} |" for name, value, unit in _rows)
    mo.md(
        rf"""
    ## 1. The ceilings here: $N={N}$, $T={T}$, $D={D}$

    | over the whole stream | value | unit |
    |---|---|---|
    {_table}

    **Try** $T$ from 1 upwards: the fixed-regime ceiling falls from $N$ to $N/e$ and stays. **Notice** that no row but the third knows
    $\eta$, and none knows $a$: a ceiling is what is left after the best choice.
    """.replace("\n    ", "\n")
    )
    return


@app.cell
def _(BLACK, BLUE, N, VERMILION, a, c, interference, np, panels, styled):
    with styled():
        _canvas, (_panel,) = panels(ratio=0.5)
        _a = np.geomspace(0.002, 1, 300)
        _panel.plot(_a, interference.mean_square_overlap(N, _a, c), color=BLUE, label=f"non-negative codes, $c={c:g}$")
        _panel.plot(
            _a,
            interference.mean_square_overlap(N, _a, 0.0) * np.ones_like(_a),
            color=VERMILION,
            linestyle="--",
            label="centred codes",
        )
        _panel.plot([a], [interference.mean_square_overlap(N, a, c)], "o", color=BLACK, label=f"$a={a:g}$")
        _star = interference.saturation_activity(N, c)
        if _star < 1:
            _panel.axvline(_star, color=BLACK, linewidth=0.6, linestyle=":")
            _panel.annotate(
                r"$a^*=1/(c\sqrt{N})$",
                (_star, 0.9),
                xytext=(4, 0),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                va="top",
            )
        _panel.set(xscale="log", yscale="log", xlabel="activity $a$", ylabel=r"mean squared overlap $E[\kappa^2]$")
        _panel.legend(loc="center left")
    interference_plot = _canvas
    return (interference_plot,)


@app.cell
def _(interference_plot, mo):
    mo.vstack(
        [
            mo.md(
                r"""
    ## 2. Interference against activity (I2)

    Interference of codes with a mean falls as $(ac)^2$ and stops falling at $a^*$; codes without a mean are at the floor at every activity.
    **Try** $c \to 0$: unequal magnitudes weaken the common mode as sparsity does. **Notice** that a larger store has a lower floor
    and needs *sparser* codes to reach it.
    """
            ),
            interference_plot,
        ]
    )
    return


@app.cell
def _(BLUE, GREEN, M, N, ORANGE, VERMILION, a, annealing, c, eta, interference, np, panels, retention, styled):
    with styled():
        _canvas, (_panel,) = panels(ratio=0.5)
        _ages = np.unique(np.round(np.geomspace(1, max(M, 4 * N), 200)) - 1)
        _flat, _codes = interference.spectrum_of_codes(N, a, 0.0), interference.spectrum_of_codes(N, a, c)
        _panel.plot(
            _ages + 1,
            retention.retained_depth(_flat, eta, _ages),
            color=VERMILION,
            linestyle="--",
            label=rf"centred codes, $\eta={eta:g}$",
        )
        _panel.plot(
            _ages + 1, retention.retained_depth(_codes, eta, _ages), color=BLUE, label=f"codes of activity {a:g} with a mean"
        )
        _panel.axhline(annealing.annealed_depth(N, M), color=GREEN, linestyle="-.", label=f"annealed over {M} facts")
        if M > 1:
            _panel.plot([M], [retention.ceiling(N, M) / M], "v", color=ORANGE, label="ceiling for the oldest fact")
        _panel.set(
            xscale="log", ylim=(0, 1.05), xlabel="age + 1 (facts written since, plus one)", ylabel="retained depth (fraction)"
        )
        _panel.legend(loc="upper right")
    retention_plot = _canvas
    return (retention_plot,)


@app.cell
def _(mo, retention_plot):
    mo.vstack(
        [
            mo.md(
                r"""
    ## 3. Retained depth by age (C2)

    **Try** $\eta$: deep writes are forgotten fast, shallow ones were never deep. The oldest of $M$ facts is kept best at $\eta\lambda_k = 1/M$.
    **Notice** that a mean (dense $a$, large $c$) hurts at first and shows a second, slower phase: its one strong direction is
    overwritten at once, the others later.
    """
            ),
            retention_plot,
        ]
    )
    return


@app.cell
def _(BLACK, D, N, R, REGIMES, T, b, np, panels, separation, styled):
    with styled():
        _canvas, (_panel,) = panels(ratio=0.5)
        _bits = np.geomspace(1, max(2, b * N - R), 60)
        for _regime, _look in REGIMES.items():
            _panel.plot(_bits, [separation.largest_tasks(N, b, R, _d, _regime) for _d in _bits], **_look.curve())
        _panel.plot([D], [T], "o", color=BLACK, label=f"your stream: $T={T}$, $D_s={D}$")
        _panel.set(
            xscale="log",
            yscale="log",
            ylim=(0.8, None),
            xlabel="private bits per task $D_s$",
            ylabel="largest number of tasks $T$",
        )
        _panel.legend(loc="lower left")
    frontier_plot = _canvas
    return (frontier_plot,)


@app.cell
def _(D, N, R, T, b, frontier_plot, mo, separation):
    _single, _dual = (separation.largest_tasks(N, b, R, D, _regime) for _regime in ("single", "dual"))
    _word = "neither holds" if _dual < T else "only two regimes hold" if _single < T else "both hold"
    mo.vstack(
        [
            mo.md(
                rf"""
    ## 4. The frontier: tasks against depth (C2, S1)

    Cells of {b} bits, $R={R:g}$ bits shared. At $D_s={D}$ one regime holds {_single:.3g} tasks, two hold {_dual:.3g}: **{_word} your stream.**
    **Try** $R=0$: the curves coincide, for two sparsities alone gain nothing. **Notice** where they part: at small $D_s$, where shared
    bits outweigh private ones.
    """
            ),
            frontier_plot,
        ]
    )
    return


@app.cell
def _(BLACK, N, R, T, b, np, panels, separation, styled):
    with styled():
        _canvas, (_panel,) = panels(ratio=0.5)
        _tasks, _share = np.meshgrid(np.geomspace(1, 200, 90), np.linspace(0, 0.9, 90))
        _gain = separation.S1.value("gain_at_T", N=N, b=b, R=_share * b * N, T=_tasks).value
        _levels = np.geomspace(1, 1e4, 13)
        _map = _panel.contourf(_tasks, _share, np.clip(_gain, 1, 1e4), _levels, cmap="cividis", norm="log")
        _lines = _panel.contour(_tasks, _share, _gain, [1.5, 3, 10, 100, 1e3, 1e4], colors="white", linewidths=0.7)
        _panel.clabel(_lines, fmt="%g", fontsize=7)
        _canvas.colorbar(_map, ax=_panel, label="gain in private bits", ticks=[1, 10, 100, 1e3, 1e4])
        _panel.plot([T], [R / (b * N)], "o", color=BLACK, markeredgecolor="white", clip_on=False)
        _panel.set(xscale="log", xlabel="tasks $T$", ylabel="shared bits $R/(bN)$")
    regime_plot = _canvas
    return (regime_plot,)


@app.cell
def _(D, N, R, T, b, mo, regime_plot, separation):
    _same_T = separation.S1.value("gain_at_T", N=N, b=b, R=R, T=T).value
    if b * N < R + D:
        _same_D = "not even one task of the present $D$ fits beside $R$."
    else:
        _ratio = separation.S1.value("gain_exact", N=N, b=b, R=R, D_s=D).value
        _same_D = f"at the present $D$ ($r=R/D_s={R / D:.3g}$) it holds {_ratio:.3g} times as many tasks."
    mo.vstack(
        [
            mo.md(
                rf"""
    ## 5. The regime map: what a second regime buys (S1)

    At the black point ($T={T}$, $R={R:g}$) a second regime gives each task {_same_T:.3g} times the private bits; {_same_D}
    **Try** the edges: nothing shared ($R=0$) or nothing to remember ($T=1$), and no gain. **Notice** that sparsity is on neither
    axis: how much is shared, and for how long it must not be rewritten, is all that counts.
    """
            ),
            regime_plot,
        ]
    )
    return


@app.cell
def _(BLACK, BLUE, GREY, eta, np, panels, styled, tradeoff):
    with styled():
        _canvas, (_panel,) = panels(ratio=0.5)
        _j = np.geomspace(0.003, 1, 300)
        _law = tradeoff.strength(_j, 1.0)
        _panel.fill_between(_j, _law, 1.05, color="#E8E8E8", hatch="////", edgecolor="white", linewidth=0)
        _panel.plot(_j, _law, color=BLUE, label=r"$\eta=2J/(\sigma^2+J)$")
        _panel.plot([tradeoff.J(eta, 1.0)], [eta], "o", color=BLACK, label=rf"$\eta={eta:g}$")
        _panel.text(0.05, 0.6, "closed to one regime", transform=_panel.transAxes, color=GREY, style="italic")
        _panel.set(
            xscale="log",
            xlim=(0.003, 1),
            ylim=(0, 1.05),
            xlabel=r"error on shared structure $J/\sigma^2$",
            ylabel="depth of the fact just written",
        )
        _panel.legend(loc="lower right")
    plane_plot = _canvas
    return (plane_plot,)


@app.cell
def _(mo, plane_plot):
    mo.vstack(
        [
            mo.md(
                r"""
    ## 6. Compression against writability (C4)

    One learning rate for what all facts share and for what each has to itself. **Try** to get a deep write ($\eta \to 1$) and a small error $J$ at
    once: the point only moves along the line. A second store with a rate of its own enters the hatched region.
    """
            ),
            plane_plot,
        ]
    )
    return


if __name__ == "__main__":
    app.run()
