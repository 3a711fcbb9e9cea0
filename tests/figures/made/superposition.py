"""Made-up toy models: phases right of a boundary, filled dimensions, and a sequence that displaces its oldest task."""

from itertools import product

DIMS, D, TASKS = 8, 4, 5


def _row(part, seed, total, **rest):
    row = {"part": part, "seed": seed, "dims": DIMS, "features": 20, "rank": DIMS, "total_capacity": total}
    row |= {"participation_ratio": 0.9 * total, "squared_norm": 16.0, "represented": 16, "capacities": [total / 20] * 20}
    row |= {"D": 0, "t": 0, "importance": 1.0, "density": 0.1, "kind": "", "expected": "", "boundary": 0.0}
    return row | {"loss": 0.01, "reference_loss": 0.02} | rest


def rows(maker):
    """The knobs: `phase` is the share of the points off, `undercut` their loss, `capacity` and `sequence` multiply."""
    for place, (importance, density, seed) in enumerate(
        product((0.2, 0.5, 1.0, 2.0, 5.0), (0.05, 0.12, 0.22, 0.8, 0.95), maker.seeds)
    ):
        least = min(1.0, 1 / importance, importance)
        border = 4 * least / (2 * (1 + least) + 3 * least)
        expected = "pair" if density < border else "one"
        wrong = place % 10 < 10 * maker.bent.get("phase", 0.0)
        kind = {"pair": "one", "one": "pair"}[expected] if wrong else expected
        phase = {"density": density, "importance": importance, "expected": expected, "kind": kind, "boundary": border}
        loss = 0.02 * maker.bent.get("undercut", 1.0)
        yield _row("phase", seed, 1.0, **phase, loss=loss) | {"dims": 1, "features": 2, "rank": 1, "capacities": [0.5, 0.5]}
    for density, seed in product((1.0, 0.3, 0.1, 0.01), maker.seeds):
        share = (0.985 + 0.01 * maker.noise * maker.rng.standard_normal()) * maker.bent.get("capacity", 1.0)
        yield _row("geometry", seed, DIMS * share, density=density)
    for kind, t, seed in product(("disjoint", "overlapping", "interleaved"), range(1, TASKS + 1), maker.seeds):
        own = min(1.0, 0.7 * DIMS / (t * D)) * maker.bend("sequence")
        capacities = [own, *[0.3] * (t - 1), *[0.001] * (TASKS - t)]
        held = {"kind": kind, "D": D, "t": t, "capacities": capacities, "loss": 0.02 * (1 - own / 2)}
        yield _row("sequence", seed, 4 + 0.5 * t, **held)


CASES = {
    "U1-phase": ({}, {"bend": {"phase": 0.4}}, {"seeds": 1}),
    "U1-bounds": ({}, {"bend": {"capacity": 1.2}}, None),
    "U1-capacity": ({}, {"bend": {"capacity": 0.8}}, {"seeds": 1}),
    "U1-sequence": ({}, {"bend": {"sequence": 2.0}}, {"seeds": 1}),
}
