"""Real facts: in which of 16 countries a city lies, 4 bits an item. They last for 31 tasks of 32.

The cities are those of the stream "cities" (`realmodels.text.facts`), small places whose names stand in no pretraining text of
the models trained here. A model that has read more may know some; what it knows before the first write is in the entry.
"""

from realmodels.bench.item import Item
from realmodels.text import facts
from realmodels.text.candidates import CANDIDATES


def stream(tasks: int, per_task: int, seed: int) -> list[list[Item]]:
    """Cities and their countries, every country as often as the others. Raises UserError if there are not that many."""
    drawn = facts.stream("cities", tasks, per_task, seed)
    items = [Item(fact.prompt, fact.answer, CANDIDATES) for fact in drawn]
    return [items[task * per_task : (task + 1) * per_task] for task in range(tasks)]
