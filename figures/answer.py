"""The first picture of the paper: one panel a hypothesis, law against measurement (H1, H2, H3)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from figures.figure import Figure
from figures.results import Results, bars, by_group
from figures.style import BLACK, BLUE, GREY, VERMILION, letters, panels, ticks
from figures.verdicts.coding_level import trained
from figures.verdicts.regimes import CONTROLS, comparisons
from figures.verdicts.separation import held_by_seed
from figures.verdicts.table import sentence
from simulate.tables import frontier
from theory.ledger import claim
