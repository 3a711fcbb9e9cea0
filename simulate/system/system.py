"""What can be simulated: a memory, or a learner on one, whose frontier of tasks against depth can be measured.

One memory, one file, in `simulate/memories`; one learner, one file, in `simulate/learners`. A file that binds `SYSTEMS` is in
the registry (`simulate.system.registry`), in `cwb simulate` and in the paper's frontier.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulate.runs.experiment import Preset

Parameters = Mapping[str, Any]
Measure = Callable[[int], np.ndarray]


@dataclass(frozen=True)
class System:
    """A system and the ceiling that binds it.

    claim: id of the ledger whose ceiling it is. unit: of depth. defaults: its parameters, each with its default; the type
    (int or float) where it must be given, None where the system chooses a float itself. Every system has `required`, the depth
    asked of the task that is kept worst, and `seeds`. ceiling(p): theory's largest T, a real number. measure(p, T_max): a
    function from 1 <= T <= T_max to the depth of the worst-kept task [seeds], compiled once. points(preset): the settings at
    which the paper measures the frontier.

    The rest may be left out. law(p, T): mean depth of the worst-kept of T tasks that theory predicts, NaN where it is silent.
    bound(p, T): largest such depth that theory allows; found from `ceiling` where it is left out. numbers(p, T_max): how many
    numbers a measurement holds at once. meanings: {parameter: (unit, meaning)} where `simulate.system.parameters` says another.
    """

    name: str
    description: str
    claim: str
    unit: str
    defaults: Mapping[str, Any]
    ceiling: Callable[[Parameters], float]
    measure: Callable[[Parameters, int], Measure]
    points: Mapping[Preset, Sequence[Mapping[str, Any]]]
    law: Callable[[Parameters, int], float] | None = None
    bound: Callable[[Parameters, int], float] | None = None
    numbers: Callable[[Parameters, int], float] | None = None
    meanings: Mapping[str, tuple[str, str]] = field(default_factory=dict)
