"""Forgetting of a small language model: stored streams of facts, and your own. Open it by `cwb explore language_model`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Forgetting of a small language model", css_file="notebooks.css")

with app.setup:
    from math import log2
    from pathlib import Path

    import marimo as mo
    import numpy as np
    import pandas as pd

    from figures.build.layout import Layout
    from figures.results import bars, by_group
    from figures.style import ARCHITECTURES, BLACK, METHODS
    from figures.verdicts.runs import learning_rates
    from paper.notebooks.drawing import MEASURED, RESULTS, Picture, asked, markdown, number, screen
    from realmodels.writing.methods.catalogue import RUNS
    from theory.errors import UserError

    STEPS = 100
    FACTS = """\
    Paris is the capital of | France | 1
    Rome is the capital of | Italy | 1
    Oslo is the capital of | Norway | 1
    Cairo is the capital of | Egypt | 2
    Lima is the capital of | Peru | 2
    Tokyo is the capital of | Japan | 2
    Madrid is the capital of | Spain | 3
    Hanoi is the capital of | Vietnam | 3
    Havana is the capital of | Cuba | 3
    Accra is the capital of | Ghana | 4
    Sofia is the capital of | Bulgaria | 4
    Lusaka is the capital of | Zambia | 4"""
    LABELS = {f"{METHODS[m].label} ({ARCHITECTURES[a].label})": (a, m) for a, m in RUNS}


@app.cell
def _():
    markdown(r"""
    ## What a small language model keeps of facts that are written into it one after another

    A model is taught 12 tasks of 8 facts, such as *Lodz is a city in → Poland*. One **write** is a few gradient steps on
    one task. A **method** says which weights they may change. A fact is worth $\log_2 C$ bits if $C$ answers are possible: all of
    it is kept if the model is as sure as can be, nothing if it guesses. The **age** of a task counts the tasks written since.
    """)
    return


@app.cell
def _():
    writers = mo.ui.dictionary({label: mo.ui.checkbox(writer[0] != "dsa", label=label) for label, writer in LABELS.items()})
    factor = mo.ui.slider(steps=[0.1, 0.3, 1, 3, 10], value=1, show_value=True, debounce=True, full_width=True)
    measure = mo.ui.radio({"bits kept": "bits", "facts recalled": "recall"}, value="bits kept", inline=True)
    return factor, measure, writers


@app.cell
def _(factor, measure, writers):
    _table = RESULTS.table("streams", "architecture", "method", "seed", "tuning", "age", "bits", "recall", "candidates")
    _forecast = RESULTS.table("forecast", "architecture", "method", "seed", "kind", "age", "bits_predicted")
    full_bits = log2(_table["candidates"].iloc[0])
    _unit = full_bits if measure.value == "bits" else 1.0
    _chosen = learning_rates(RESULTS)
    curves = {}
    for _label in (label for label, shown in writers.value.items() if shown):
        _writer = dict(zip(("architecture", "method"), LABELS[_label], strict=True))
        _rows = _table[
            (_table[list(_writer)] == pd.Series(_writer)).all(axis=1) & ~_table["tuning"].astype(bool) & (_table["age"] >= 0)
        ]
        _rows = _rows[np.isclose(np.log10(_rows["learning_rate"] / (_chosen[LABELS[_label]] * factor.value)), 0, atol=0.05)]
        if len(_rows):
            curves[_label] = by_group(_rows.assign(kept=100 * _rows[measure.value] / _unit), ["age"], "kept")
    laws = {}
    if factor.value == 1 and measure.value == "bits":
        for _label in curves:
            _architecture, _method = LABELS[_label]
            _rows = _forecast[(_forecast["architecture"] == _architecture) & (_forecast["method"] == _method)]
            _rows = _rows[(_rows["kind"] == "kernel") & (_rows["age"] >= 0)]
            laws[_label] = 100 * _rows.groupby("age")["bits_predicted"].mean() / full_bits
    seeds = int(_table.loc[~_table["tuning"].astype(bool), "seed"].nunique())
    return curves, full_bits, laws, seeds


@app.cell
def _(curves, laws, measure, written):
    def _draw(panel, narrow):
        for place, (label, curve) in enumerate(curves.items()):
            architecture, method = LABELS[label]
            look = METHODS[method]
            fill = {"dense": "white", "memory": look.color, "dsa": "#BBBBBB"}[architecture]
            panel.errorbar(
                curve["age"] + 0.09 * (place - (len(curves) - 1) / 2),
                curve["mean"], yerr=bars(curve), color=look.color, marker=look.marker, elinewidth=1, label=label,
                **{**MEASURED, "markerfacecolor": fill, "linestyle": "none" if label in laws else ":"},
            )  # fmt: skip
            if label in laws:
                panel.plot(laws[label].index, laws[label], color=look.color, linewidth=1)
        if laws:
            panel.plot([], [], color=BLACK, linewidth=1, label="lines: forecast before any write")
        if written is not None and measure.value == "bits":
            share = 100 * np.array(written.bits) / written.full_bits
            panel.plot(written.age, share, color=BLACK, marker="*", markersize=14, linestyle="--", label="your facts")
        panel.set(xlim=(-0.3, 11.4), ylim=(0, 110), xlabel="age of a task, in tasks written since")
        panel.set_ylabel("bits kept, % of all" if measure.value == "bits" else "facts recalled, %")

    _shares = {}
    for _label, _curve in curves.items():
        _shares.setdefault(METHODS[LABELS[_label][1]].label, []).append(_curve["mean"].mean())
    _kept = {method: float(np.mean(shares)) for method, shares in _shares.items()}
    _best = max(_kept, key=_kept.get) if _kept else ""
    _word = "keeps most: {:.0f}% of a fact" if measure.value == "bits" else "keeps most: {:.0f}% of the facts are recalled"
    picture = Picture(
        name="language_model",
        title=f"{_best.capitalize()} {_word.format(_kept[_best])}, on average over ages" if _kept else "Nothing is chosen",
        draw=_draw,
        numbers=pd.concat(
            [pd.DataFrame(columns=["series", "age", "mean", "low", "high"])]
            + [curve.assign(series=label) for label, curve in curves.items()]
            + [pd.DataFrame({"series": f"forecast, {label}", "age": law.index, "mean": law}) for label, law in laws.items()]
        ),
        alt="What is kept of a task against its age, a series per way of writing.",
    )
    return (picture,)


@app.cell
def _(curves, factor, full_bits, measure, picture, seeds, writers):
    _missing = [label for label, shown in writers.value.items() if shown and label not in curves]
    _chance = number(100 / 2**full_bits)
    screen(
        {
            "ways of writing": writers,
            "learning rate, in multiples of the one chosen for each": factor,
            "what is shown": measure,
        },
        picture,
        f"""
        All of a fact is {full_bits:g} bits: one of {2**full_bits:.0f} answers. Guessing
        {"keeps nothing" if measure.value == "bits" else f"recalls {_chance}%"}. The chosen learning rate is the smallest that
        teaches nine tenths of a task, by a rule stated before.

        Points: means over {seeds} models that were trained here, with 95% intervals. Filled: the model with a memory layer.
        {"No points, for this rate was not run: " + "; ".join(_missing) + "." if _missing else ""}
        """,
    )
    return


@app.cell
def _():
    markdown(r"""
    ### Try, and notice

    * **Try** ten times the learning rate. **Notice** that what was just written is still learned, and older tasks are lost.
    * **Try** a tenth of it. **Notice** that little is forgotten of the little that was ever learned.
    * **Notice** the lines. They were computed before any fact was written, from how much the writes overlap.
    * **Write** facts of your own below. **Notice** that a new model forgets more than the stored ones. Those had learned what
      facts look like (*format finetuning*) before the first fact was written.
    """)
    return


@app.cell
def _():
    def _name(row):
        kind = ", knows the format of facts" if row["format_finetuned"] else ""
        return f"{row['architecture']} {row['size']}, seed {row['seed']}, {row['steps']} steps{kind} ({row['name'][:6]})"

    from realmodels.model.about import checkpoints

    _known = {_name(row): row["path"] for row in checkpoints(Layout.of("quick").workspace)}
    model = mo.ui.dropdown(
        {f"train a small one now ({STEPS} steps)": "", **_known}, value=f"train a small one now ({STEPS} steps)"
    )
    method = mo.ui.dropdown({look.label: name for name, look in METHODS.items()}, value=METHODS["full"].label)
    rate = mo.ui.dropdown(
        {"automatic": 0.0, **{f"{rate:g}": rate for rate in (0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)}}, value="automatic"
    )
    text = mo.ui.text_area("\n".join(line.strip() for line in FACTS.splitlines()), rows=12, full_width=True)
    button = mo.ui.run_button(label="Write these facts")
    return button, method, model, rate, text


@app.function
def facts_of(text: str) -> list[tuple[str, str, str]]:
    """(prompt, answer, task) of each line "prompt | answer | task". Raises UserError naming the line that is none."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    facts = [(number, [part.strip() for part in line.split("|")]) for number, line in lines]
    for number, parts in facts:
        if len(parts) != 3 or not all(parts):
            raise UserError(f"line {number}: write prompt | answer | task, for instance: Paris is the capital of | France | 1")
    return [(prompt, answer, task) for _, (prompt, answer, task) in facts]


@app.function
def write_facts(model: str, text: str, method: str, rate: float | None, say=print):
    """Write the facts of `text` into the model of that folder, or into a small one that is trained first if it is "".

    Raises UserError for facts, methods and models that do not fit.
    """
    import realmodels

    facts = facts_of(text)
    path = Path(model) if model else realmodels.train("dense", "small", steps=STEPS, say=say)
    say(f"writing {len(facts)} facts")
    return realmodels.write(path, facts, method=method, learning_rate=rate)


@app.cell
def _(button, method, model, rate, text):
    written, trouble = None, ""
    if button.value:
        try:
            with mo.status.spinner(title="Writing your facts", subtitle="loading PyTorch") as _spinner:
                written = write_facts(
                    model.value, text.value, method.value, rate.value or None, say=lambda line: _spinner.update(subtitle=line)
                )
        except UserError as _error:
            trouble = str(_error)
    return trouble, written


@app.cell
def _(button, method, model, rate, text, trouble, written):
    def _answer(*_):
        if trouble:
            return f"**Not written.** {trouble}"
        if written is None:
            return "One fact per line: *prompt | answer | task*. Tasks are written in their order, in one to two minutes."
        warnings = " ".join(f"**Warning:** {warning}" for warning in written.warnings)
        return f"{written.conclusion} The picture above shows them as stars. {warnings}"

    asked({"your facts": text, "model": model, "method": method, "learning rate": rate, "": button}, _answer)
    return


if __name__ == "__main__":
    app.run()
