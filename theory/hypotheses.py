"""The hypotheses that the project set out with (H1, H2, H3) and their corollary (H4), as truth tables over the proved claims.

A hypothesis in words is true under some conditions and false under others. Each case names its condition, its verdict and the
claims it rests on, and its check evaluates those claims. The status follows from the cases: proved or refuted if all agree,
conditional if they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import e, log

import numpy as np

from theory import (
    annealing,
    controls,
    hebbian,
    information,
    interference,
    interleaving,
    palimpsest,
    retention,
    separation,
    tradeoff,
)
from theory.conservation import C1
from theory.methods import ewc, gpm, progressive, replay
from theory.proof.claim import Assumption, Case, Claim
from theory.proof.derivation import Derivation

Found = tuple[bool, str]
Row = tuple[str, str, str, Callable[[], Found]]


def status(cases: Sequence[Case]) -> str:
    """The status that the truth table leaves: "proved" or "refuted" if all cases agree, else "conditional"."""
    verdicts = {case.verdict for case in cases}
    if "open" in verdicts:
        return "conditional" if len(verdicts) > 1 else "open"
    return {("true",): "proved", ("false",): "refuted"}.get(tuple(verdicts), "conditional")


def _hypothesis(id: str, title: str, statement: str, assumption: str, source: str, rows: Sequence[Row], plain: str) -> Claim:
    """The claim whose derivation has a step for every row of the truth table."""
    cases = tuple(Case(condition, verdict, because) for condition, verdict, because, _ in rows)

    def derive() -> Derivation:
        proof = Derivation()
        for condition, verdict, because, check in rows:
            proof.argued(f"{verdict.capitalize()} ({because}): {condition}", None, check)
        return proof

    return Claim(
        id=id,
        title=title,
        statement=statement,
        assumptions=(Assumption(assumption),),
        status=status(cases),
        source=source,
        evidence=("truth table: theory.hypotheses", "test: tests/theory/test_hypotheses.py"),
        derive=derive,
        quantities=(),
        cases=cases,
        plain=plain,
    )


def _overlap(a: float, c: float, N: float = 10_000) -> float:
    return float(interference.mean_square_overlap(N, a, c))


def _raw(a: float, N: float = 10_000) -> float:
    """E<v, v'>^2 of binary codes that are not normalised: N^2 a^2 E[kappa^2]."""
    return (N * a) ** 2 * _overlap(a, 1)


def _above() -> Found:
    ratio = _overlap(0.2, 1) / _overlap(0.1, 1)
    return 3.9 < ratio < 4, f"c = 1, N = 10^4: from a = .2 to .1 it falls {ratio:.2f} times"


def _below() -> Found:
    star, ratio = float(interference.saturation_activity(10_000, 1)), _overlap(1e-3, 1) / _overlap(1e-4, 1)
    return 1 <= ratio < 1.02, f"c = 1, N = 10^4, a* = {star:g}: from a = .001 to .0001 it falls {ratio:.3f} times"


def _centred() -> Found:
    values = {_overlap(a, 0) for a in (0.001, 0.1, 1)}
    return max(values) - min(values) < 1e-15, "c = 0: 1/N at a = .001, .1 and 1"


def _short() -> Found:
    ratio = _raw(0.2) / _raw(0.1)
    return ratio > 4, f"E<v, v'>^2 falls {ratio:.1f} times from a = .2 to .1, of which (aN)^2, the codes' length, is 4"


def _floor() -> Found:
    floor = float(interference.interference_floor(300, 100))
    return floor == 2, "300 unit directions in 100 dimensions: at least 2, whatever they are"


def _tails() -> Found:
    sparse, dense = (float(interference.I2.excess_kurtosis(N=100, a=a)) for a in (0.01, 0.5))
    return sparse > 1 > dense, f"N = 100: excess kurtosis {sparse:.0f} at a = .01, {dense:.2f} at a = .5"


H1 = _hypothesis(
    "H1",
    "Interference between tasks falls as activation sparsity rises",
    "True of raw inner products, because sparse codes are short. Of normalised overlaps it is true only through the common mode "
    "of the codes and only above a* = 1/(c sqrt N); centred codes interfere equally at every activity, and no code "
    "escapes the floor M/N - 1. What sparsity changes in centred codes is who is hit: few facts badly "
    "instead of all of them slightly.",
    "independent codes, as in I2; interference is the mean squared overlap of write directions",
    "the project's first hypothesis; I1 and I2",
    (
        ("raw inner products of codes that are not normalised", "true", "I2", _short),
        ("normalised overlaps of codes with a mean, a > 1/(c sqrt N)", "true", "I2", _above),
        ("normalised overlaps of codes with a mean, a well below 1/(c sqrt N)", "false", "I2", _below),
        ("centred codes", "false", "I2", _centred),
        ("summed over M > N facts, below the floor M/N - 1", "false", "I1", _floor),
        ("centred codes, the worst-hit fact instead of the mean", "false", "I2", _tails),
    ),
    "Do sparser codes interfere less? Only in part. Sparse codes are shorter, and they share less of a common mean. "
    "Beyond that, sparsity changes which facts are hit, not how much interference there is on average.",
)


def _fixed() -> Found:
    ceiling = float(retention.ceiling(1000, 1e6))
    return abs(ceiling * e / 1000 - 1) < 1e-5, f"N = 1000, 10^6 facts: depth {ceiling:.1f} in all, N/e = {1000 / e:.1f}"


def _cells() -> Found:
    ceiling = float(palimpsest.ceiling(1000, 2, 1e6))
    return abs(ceiling * e / 2000 - 1) < 1e-5, f"b N = 2000 bits: {ceiling:.1f} of them, b N/e"


def _hebbian() -> Found:
    bits = float(hebbian.C3.bits(d=1000))
    return abs(bits - 1000 / (2 * log(2))) < 1e-9, f"1000 synapses: {bits:.1f} bits at every coding level"


def _state() -> Found:
    most = float(information.ceiling(1000, 2, 0))
    return most <= 1000, f"1000 bits of state answer at most {most:.0f} binary facts"


def _annealed() -> Found:
    total = 1e6 * float(annealing.annealed_depth(1000, 1e6))
    return total > 2.7 * float(retention.ceiling(1000, 1e6)), f"N = 1000, 10^6 facts: annealed writes keep {total:.1f}"


def _ordered() -> Found:
    total = float(C1.turning_total(N=10, M=9e6))
    return total > 18.9, f"N = 10: directions that turn slowly keep {total:.3f} in all, above N and below 2N - 1 = 19"


def _rehearsed() -> Found:
    bits = float(interleaving.gardner_bits(0.5))
    return bits > 1 / (2 * log(2)), f"{bits:.3f} bits a synapse rehearsed, against {1 / (2 * log(2)):.3f} in one shot"


def _few() -> Found:
    depth = float(retention.attainable_depth(1000, 10, 1)) * 10
    return depth < 0.03 * 1000, f"N = 1000, 10 tasks of one fact: at most {depth:.2f} facts' depth, far below N/e"


H2 = _hypothesis(
    "H2",
    "One fixed regime has a ceiling on tasks times depth that depends on its size alone",
    "True in every model of one fixed regime treated here: N/e facts' depth, bN/e bits of cells, N/(2 ln 2) bits of one-shot "
    "storage, and all persistent bits for anything. False as a wall for all that has one activation regime: annealed "
    "strengths, coherent orders and rehearsal pass the ceiling of the fixed regime, each under a higher ceiling of its "
    "own. For few tasks the ceiling is not the only bound: it depends on T and D as well.",
    "independent write directions or supports unless the case says otherwise; depth in the unit of the case",
    "the project's second hypothesis; C1, C2, C2-schedule, C2-cells, C3, C5, S2",
    (
        ("delta-rule writes of one strength, long streams: N/e", "true", "C2", _fixed),
        ("cells overwritten on random supports: b N/e bits", "true", "C2-cells", _cells),
        ("one-shot additive storage, any coding level: N/(2 ln 2) bits", "true", "C3", _hebbian),
        ("any system at all, counted in bits of its whole persistent state", "true", "C5", _state),
        ("strengths that fall as N/(N + j): N, as plasticity vanishes", "false", "C2-schedule", _annealed),
        ("directions in a coherent order: up to 2N - 1", "false", "C1", _ordered),
        ("rehearsal of everything held: 2 bits a synapse without error", "false", "S2", _rehearsed),
        ("few tasks: the largest depth depends on T and D too, as eta <= 1", "false", "C2", _few),
    ),
    "Is there a ceiling for a network that always writes in the same way, set by its size alone? Yes, in every model "
    "studied here. Other ways of writing (falling rates, rehearsal, chosen orders) pass it, each up to a higher "
    "ceiling of its own.",
)


def _nothing_shared() -> Found:
    return float(separation.gain(1000, 1, 0, 1)) == 1, "R = 0: gain 1"


def _shared() -> Found:
    gain = float(separation.S1.gain_exact(N=10_000, b=1, R=100, D_s=10))
    return gain > 3, f"b N = 10^4, R = 100, D_s = 10: {gain:.2f} times the tasks"


def _read_densely() -> Found:
    rng, T, cells = np.random.default_rng(0), 8, 400_000  # every cell is read; it holds half a shared bit, half a private one
    written = rng.random((T, cells)) < 1 / T
    oldest = np.sum(written[0] & ~written[1:].any(axis=0))
    simulated, dual = T * oldest / 2, float(separation.dual_ceiling(cells, 1, cells / 2, T))
    return abs(simulated / dual - 1) < 5 / np.sqrt(
        oldest
    ), f"T = 8, R = bN/2: {simulated:.0f} private bits simulated, {dual:.0f} in two regimes"


def _few_tasks() -> Found:
    any_code = float(separation.S1.single_ceiling_any_code(N=1000, b=1, R=500, T=2))
    dual = float(separation.dual_ceiling(1000, 1, 500, 2))
    return any_code > dual, f"T = 2, R = bN/2: one dense regime, decoded jointly, {any_code:.0f} bits; two regimes {dual:.0f}"


def _rates() -> Found:
    factor = float(controls.S3.plane_gain(depth=1.0, eta=0.02))
    one = float(tradeoff.J_min(1.0, 1.0)) / float(tradeoff.J(0.02, 1.0))
    return factor > 50 and abs(factor / one - 1) < 1e-12, f"eta = .02: {factor:.0f} times less error, by a second rate alone"


def _winner(control: str, access: str, winner: str) -> Callable[[], Found]:
    def check() -> Found:
        (row,) = (row for row in controls.outcomes() if (row.control, row.access) == (control, access))
        return row.winner == winner, f"{row.two:.3f} against {row.other:.3f} labels per number: {row.winner}; {row.reason}"

    return check


H3 = _hypothesis(
    "H3",
    "Two subsystems of different sparsity exceed every system of one regime",
    "True where tasks share structure, against one regime that writes what it reads, by the factor G(r) of S1. Open where each "
    "fact is seen once and rehearsed between tasks: two stores hold more than the best single one known. False where nothing is "
    "shared; against dense reading with sparse writing; with many passes, where one dense store dominates; and against a list of "
    "labels. "
    "What two rates, a buffer or rehearsal give, sparsity has no claim to: its own share falls as 1/T.",
    "systems of equal numbers of state; access rules and controls as in S3",
    "the project's third hypothesis; S1, S3, C4",
    (
        ("nothing shared between tasks", "false", "S1", _nothing_shared),
        ("shared structure, long streams, against one regime of equal read and write activity", "true", "S1", _shared),
        ("shared structure, against dense reading with sparse writing", "false", "S1", _read_densely),
        ("shared structure, few tasks, against one dense regime decoded jointly", "false", "S1", _few_tasks),
        ("the plane of C4, against two rates of equal sparsity", "false", "C4, S3", _rates),
        ("many passes, against one dense store", "false", "S3", _winner("one store", "many passes", "control")),
        (
            "one pass with sleep, against every single store: two hold more than the best one known, no converse",
            "open",
            "S3",
            _winner("one store", "one pass with sleep", "two stores"),
        ),
        (
            "one pass with sleep, against two stores of equal sparsity: by (c' - c)/T numbers a label",
            "true",
            "S3",
            _winner("equal sparsity", "one pass with sleep", "two stores"),
        ),
        (
            "one pass with sleep, against a buffer of labels as the fast store",
            "false",
            "S3, C5",
            _winner("buffer as fast store", "one pass with sleep", "control"),
        ),
        ("rehearsal also between facts, against one store", "false", "S3", _winner("one store", "one pass", "tie")),
    ),
    "Do two memories of different sparsity hold more than any single one? Yes where tasks share structure, and no "
    "where they share nothing, where facts are repeated many times, or against a plain list of the facts.",
)


def _full() -> Found:
    left = [float(gpm.CLAIM.plasticity(N=100, M=M)) for M in (50, 100, 200)]
    return left == [0.5, 0, 0], f"N = 100: room for {left} of a key after 50, 100, 200 facts"


def _exact() -> Found:
    kept = [float(ewc.CLAIM.retained_depth(N=100, M=M)) for M in (100, 200, 1000)]
    return np.allclose(kept, [1, 0.5, 0.1]), "N = 100: every fact keeps 1, .5, .1 after 100, 200, 1000"


def _diagonal() -> Found:
    kept = float(ewc.CLAIM.diagonal_depth(N=100, M=100))
    return kept < 0.51, f"N = 100: already {kept:.2f} after 100 facts, where the exact Hessian keeps 1"


def _replayed() -> Found:
    total, oldest = (
        float(replay.CLAIM.store_ceiling(N=100)),
        float(replay.CLAIM.retained_depth(N=100, B=50, age=500)),
    )
    return total == 100 and oldest < 1e-3, f"N = 100, a buffer of 50: total {total:.0f}; a fact of age 500 keeps {oldest:.1e}"


def _grows() -> Found:
    states = [float(progressive.CLAIM.state(N=100, outputs=10, T=T)) for T in (1, 10)]
    return states[1] >= 10 * states[0] * 0.999, f"state {states[0]:.0f} numbers for one task, {states[1]:.0f} for ten"


H4 = _hypothesis(
    "H4",
    "EWC, GPM and replay degrade on long sequences because of the ceiling",
    "True of each of them with fixed persistent state, and each in its own way: GPM stops learning when the keys span N "
    "dimensions, "
    "EWC fades evenly (and, with the diagonal, before N), replay forgets what left its buffer. False of methods whose state "
    "grows with the sequence: they raise the ceiling instead.",
    "one linear layer of width N, independent keys",
    "corollary of H2; claims gpm, ewc, replay, progressive",
    (
        ("GPM: learning stops when the keys span N dimensions", "true", "C1, gpm", _full),
        ("EWC with the exact Hessian: nothing is lost up to N, all fades as N/M beyond", "true", "C1, ewc", _exact),
        ("EWC with the diagonal: facts fade long before N", "true", "C2, ewc", _diagonal),
        ("replay from a buffer of fixed size: total depth N, old facts lost", "true", "C1, replay", _replayed),
        ("state that grows with the sequence (progressive networks)", "false", "progressive", _grows),
    ),
    "Do the usual remedies against forgetting fail on long sequences because of the ceiling? Yes, those whose state "
    "is fixed, each in its own way. Methods that grow with the sequence do not meet it.",
)

CLAIMS = (H1, H2, H3, H4)
