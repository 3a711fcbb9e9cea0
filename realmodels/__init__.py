"""Language models small enough to train here, taught one task after another: how they are written, and what they keep.

    path = realmodels.train("memory", size="small")
    facts = [("The capital of France is", "Paris"), ("The capital of Spain is", "Madrid")]
    realmodels.write(path, facts, method="full")

`train` pretrains a model, `load` reads one. `measure`, `forecast` and `write` take a model (its folder, or what `load` returned),
facts (a file, a list or a table) and a method, in this order, and answer with numbers that know their unit and their meaning.
`apply` makes a model's folder of what `write` saved, `revert` takes it off again. `OffMode` restricts any optimizer in a training
loop of one's own.
The names are loaded on first use.
"""

import lazy_loader

import realmodels.neighbours  # noqa: F401  # says so if a file of the user hides theory or simulate

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "model.loaded": ["Loaded", "load"],
        "training.by_name": ["train"],
        "writing.answers.applied": ["Applied"],
        "writing.applied": ["apply", "revert"],
        "writing.answers.forecast": ["Forecast"],
        "writing.answers.measurement": ["Measurement"],
        "writing.answers.written": ["Written"],
        "writing.measure": ["forecast", "measure"],
        "writing.restricted_updates": ["OffMode"],
        "writing.answers.capacity": ["Capacity"],
        "writing.advice": ["advise"],
        "writing.ask": ["ask"],
        "writing.capacity": ["capacity"],
        "writing.report": ["report"],
        "writing.school": ["school"],
        "writing.methods.binding": ["methods"],
        "writing.write": ["write"],
    },
)
