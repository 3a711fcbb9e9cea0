"""Rule for the frontier of every system under the ceiling of its claim."""

from figures.results import Results
from figures.verdicts.rule import Judgement, Rule
from simulate.tables import searched


def _frontiers(results: Results) -> Judgement:
    """Tasks held over tasks allowed, over all systems and settings: median and range; refuted by one violation."""
    found = searched(results.table("frontiers", "system", "T", "seed", "depth", "ceiling_T"))
    reached = found["tightness"].dropna()
    shown = float(reached.median()), (float(reached.min()), float(reached.max()))
    if found["violation"].any():
        return Judgement(*shown, "refuted")
    return Judgement(*shown, "supported" if found["seeds"].min() > 1 else "undecided")


RULES = (
    Rule(
        "frontiers",
        "No memory and no learner that is simulated holds one task more than the ceiling of its claim.",
        "no violation",
        "The largest T whose worst-kept task keeps the depth asked for is searched up to twice the ceiling. A setting violates "
        "its ceiling if at one task more than allowed the depth asked for is kept even by the lower end of the 95% interval over "
        "seeds, simultaneous over all systems and settings (where bits or seeds are counted: if the exact binomial bound of the "
        "share that returned all exceeds what Markov's inequality leaves). Shown: tasks held over the ceiling, median and "
        "range. Supported if nothing violates, refuted if anything does, undecided with one seed.",
        ("frontiers",),
        _frontiers,
        rests_on="simulation",
        rule_set="after",
    ),
)
