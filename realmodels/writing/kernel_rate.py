"""The learning rate that suffices, as the linearised model says: no trial write is made."""

import math
from dataclasses import replace

import numpy as np
import torch

from realmodels.writing.forecast import Setup, isolated, said
from realmodels.writing.learning_rate import LEARNED
from realmodels.writing.methods.writer import SGD_RATES

MANY = 64  # tasks that are asked, if there are more


def kernel_rate(setup: Setup, goal: float = LEARNED, rates: tuple[float, float] = SGD_RATES) -> tuple[float, bool]:
    """(learning rate, whether it suffices): the smallest, to 1%, with which tasks written by themselves reach `goal`.

    No trial write is made: the linearised model is asked. A task is learned by the lesser of the share of answers that are said
    exactly and the share of their bits; mean over up to MANY tasks, spread evenly. Where no rate of the range suffices, the one
    that reaches most of the powers of 2. For methods that write one matrix: where all facts share nearly all directions of many,
    the linearised model asks for rates at which it is no longer true. The learning rate of `setup` is not used.
    """
    tasks = [setup.tasks[n] for n in np.unique(np.linspace(0, len(setup.tasks) - 1, MANY).astype(int))]
    mine = torch.isin(setup.facts.task, torch.tensor(tasks))

    def learned(rate: float) -> float:
        now = said(setup, isolated(replace(setup, learning_rate=rate), tasks))
        shares = (now.exact[mine].mean(), (now.bits / setup.facts.full_bits.clamp(min=1e-9))[mine].mean())
        return float(torch.stack(shares).min().nan_to_num(0.0))

    powers = 2.0 ** np.arange(math.floor(math.log2(rates[0])), math.ceil(math.log2(rates[1])) + 1)
    reached: list[float] = []
    for rate in powers.tolist():
        reached.append(learned(rate))
        if reached[-1] >= goal:
            break
    else:
        return float(powers[int(np.argmax(reached))]), False
    if len(reached) == 1:
        return float(rate), True
    low, high = math.log2(rate) - 1, math.log2(rate)  # does not reach, reaches
    while high - low > 0.014:
        middle = (low + high) / 2
        low, high = (low, middle) if learned(2**middle) >= goal else (middle, high)
    return 2**high, True
