"""A made-up table of frontiers: systems that hold 0.9 of their ceiling, or as much as the knob `frontiers` says.

The knob `counted` at 0 leaves out the cells, whose tasks come back whole or not, and whose few seeds cannot show a violation.
"""

from itertools import product


def rows(maker):
    reach = maker.bent.get("frontiers", 0.9)
    for (kind, system, claim), (point, D) in product(
        (("memory", "delta", "C2"), ("memory", "cells", "C2"), ("learner", "gpm", "gpm")), enumerate((2, 4, 8))
    ):
        if system == "cells" and not maker.bent.get("counted", 1):
            continue
        ceiling = 100.5 / D
        for T in (1, int(0.5 * ceiling), int(0.9 * ceiling), int(ceiling), int(ceiling) + 1, int(1.9 * ceiling)):
            for seed in maker.seeds:
                kept = 0.5 * reach * ceiling / T * maker.bend("depth")
                unit = "fraction of bits" if system == "cells" else "fraction"
                yield {
                    "kind": kind, "system": system, "claim": claim, "unit": unit,
                    "point": point, "N": 128, "D": D, "required": 0.5, "ceiling_T": ceiling, "T": T, "seed": seed,
                    "depth": float(kept >= 0.5) if system == "cells" else kept,
                }  # fmt: skip


CASES = {"frontiers": ({"bend": {"counted": 0}}, {"bend": {"frontiers": 1.6}}, {})}
