"""Continual bits: how much a memory holds if it learns one task after another, against all at once.

    entry = realmodels.bench.run(model="dense", method="full", options={"optimizer": "adamw"})
    entry = realmodels.bench.run(memory=MyMemory)      # any class with write(task) and answer(prompt)
    entry.save("mine.json")

The names are loaded on first use.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "leaderboard": ["board"],
        "entry": ["Entry", "read_entry"],
        "running": ["run"],
        "verifying": ["verify"],
    },
)
