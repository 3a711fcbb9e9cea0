"""The model of a vote: Bradley and Terry's with ties, after Davidson (1970), and with the effects of side and length.

Two answers with strengths s and r, the first on the left, are chosen with the chances (Davidson, JASA 65:317, 1970)

    left s / (s + r + nu sqrt(s r)),   right r / (s + r + nu sqrt(s r)),   both nu sqrt(s r) / (s + r + nu sqrt(s r)).

In log strengths, with h half their difference, these are proportional to exp(h), exp(-h) and nu. The side adds a constant to the
difference, and the length a multiple of the log ratio of the lengths: Davidson and Beaver (Biometrics 33:693, 1977) let the order
of presentation act so. The logarithm of the likelihood is thus concave in all parameters, and a maximum, if there is one, is the
only one. There is none if some direction makes no vote less likely and one more likely (Albert and Anderson, Biometrika 71:1,
1984): if a system won all its votes, for instance. A linear programme finds out. Only then every parameter gets a normal prior
around 0 with standard deviation PRIOR.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import helmert
from scipy.optimize import linprog, minimize
from scipy.special import logsumexp

from realmodels.arena.ranking.comparisons import LEFT, RIGHT, TIE, Comparisons

PRIOR = 2.0
"""Standard deviation of the prior, in log odds. Two of them make a preference of 98%, which leaves room for what readers do."""

FAR = 8.0
"""A parameter beyond this makes us ask whether the estimate is infinite: it is a chance of 1 in 3000 of a vote against it."""


@dataclass(frozen=True)
class Terms:
    """Which effects are estimated beside the strengths. ties: False if no vote was one, so that nu = 0."""

    position: bool
    length: bool
    ties: bool


@dataclass(frozen=True)
class Fit:
    """An estimate. P parameters: contrasts of log strengths, then position, length and log nu, as far as `terms` has them.

    parameters [P]. information [P, P]: minus the second derivatives of the log likelihood, and of the prior if there is one.
    scores [votes, P]: first derivatives of every vote's log likelihood. infinite: whether the prior was needed.
    """

    systems: tuple[str, ...]
    terms: Terms
    parameters: np.ndarray
    information: np.ndarray
    scores: np.ndarray
    infinite: bool

    @property
    def contrast(self) -> np.ndarray:
        """[systems, P]: what makes log strengths, whose sum is 0, of the parameters."""
        return np.pad(_basis(len(self.systems)), ((0, 0), (0, len(self.parameters) - len(self.systems) + 1)))

    @property
    def strengths(self) -> np.ndarray:
        """Log strengths [systems] with the sum 0; a difference of d is a preference of 1 / (1 + exp(-d)), ties left out."""
        return self.contrast @ self.parameters

    @property
    def nu(self) -> float:
        """Davidson's parameter of ties; of equal systems the share nu / (2 + nu) of votes is one."""
        return float(np.exp(self.parameters[-1])) if self.terms.ties else 0.0

    def number(self, name: str) -> int | None:
        """Place of "position" or "length" among the parameters; None if it is not estimated."""
        if not getattr(self.terms, name):
            return None
        return len(self.systems) - 1 + (name == "length" and self.terms.position)


def terms_of(votes: Comparisons, position: bool = True, length: bool = True) -> tuple[Terms, list[str]]:
    """(effects that these votes can tell, notes on those that were wanted and cannot be told).

    An effect cannot be told if it is a sum of the others in every vote: if one system always stood on the left, for example.
    """
    notes = []
    told = {"position": False, "length": False}
    for name, wanted in (("position", position), ("length", length)):
        if wanted:
            columns = _design(votes, Terms(**{**told, name: True}, ties=True))
            told[name] = bool(np.linalg.matrix_rank(columns) == columns.shape[1])
            notes += [] if told[name] else [f"The effect of {name} cannot be told from the strengths here and is left out."]
    ties = bool((votes.outcome == TIE).any())
    return Terms(told["position"], told["length"], ties), notes


def fit(votes: Comparisons, terms: Terms, weights: np.ndarray | None = None) -> Fit:
    """The parameters that make the votes most likely (see above); weights [votes] count each that often.

    With weights of 0 the votes may leave some systems unconnected; then too the prior is used.
    """
    weights = np.ones(len(votes.outcome)) if weights is None else np.asarray(weights, float)
    design = _design(votes, terms)
    every = np.column_stack([design, votes.outcome])
    rows, place = np.unique(every, axis=0, return_inverse=True)  # equal votes have equal chances
    count = np.bincount(place.ravel(), weights)
    rows, count = rows[count > 0], count[count > 0]
    data = rows[:, :-1], rows[:, -1].astype(int), count, terms.ties
    best = _largest(*data, 0.0)
    information = _derivatives(best, *data, 0.0)[2]
    flat = np.linalg.eigvalsh(information)[0] < 1e-9 * count.sum()
    infinite = bool(flat or np.abs(best).max() > FAR) and bool(flat or _infinite(*data[:2], terms.ties))
    if infinite:
        best = _largest(*data, PRIOR**-2)
        information = _derivatives(best, *data, PRIOR**-2)[2]
    return Fit(votes.systems, terms, best, information, _scores(best, design, votes.outcome, terms.ties), infinite)


def chances(halves: np.ndarray, log_nu: float | np.ndarray) -> np.ndarray:
    """Chances [..., 3] of LEFT, RIGHT and TIE; halves [...]: half the difference of log strengths, side and length included."""
    halves, log_nu = np.broadcast_arrays(halves, log_nu)
    options = np.stack([halves, -halves, log_nu], -1)
    return np.exp(options - logsumexp(options, -1, keepdims=True))


def _basis(count: int) -> np.ndarray:
    """[systems, systems - 1]: orthonormal contrasts, so that the prior does not depend on the order of systems."""
    return helmert(count).T


def _design(votes: Comparisons, terms: Terms) -> np.ndarray:
    """[votes, P]: by what each parameter but log nu adds to the log strength of the left side over the right one."""
    basis = _basis(len(votes.systems))
    columns = [basis[votes.left] - basis[votes.right]]
    columns += [np.ones((len(votes.left), 1))] * terms.position + [votes.length[:, None]] * terms.length
    return np.concatenate(columns, 1)


def _split(parameters: np.ndarray, design: np.ndarray, ties: bool) -> tuple[np.ndarray, float]:
    log_nu = float(parameters[-1]) if ties else -np.inf
    return design @ parameters[: design.shape[1]] / 2, log_nu


def _scores(parameters: np.ndarray, design: np.ndarray, outcome: np.ndarray, ties: bool) -> np.ndarray:
    """First derivatives [votes, P] of each vote's log likelihood."""
    p = chances(*_split(parameters, design, ties))
    surplus = (outcome == LEFT) * 1.0 - (outcome == RIGHT) - (p[:, LEFT] - p[:, RIGHT])
    scores = design / 2 * surplus[:, None]
    return np.column_stack([scores, (outcome == TIE) - p[:, TIE]]) if ties else scores


def _derivatives(
    parameters: np.ndarray, design: np.ndarray, outcome: np.ndarray, count: np.ndarray, ties: bool, ridge: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """Minus the log likelihood (and the log prior, of which `ridge` is the precision), its gradient and its Hessian."""
    p = chances(*_split(parameters, design, ties))
    value = -float(count @ np.log(p[np.arange(len(p)), outcome]))
    gradient = -count @ _scores(parameters, design, outcome, ties)
    lead = p[:, LEFT] - p[:, RIGHT]
    hessian = (design.T * (count * (p[:, LEFT] + p[:, RIGHT] - lead**2) / 4)) @ design
    if ties:
        cross = -design.T @ (count * lead * p[:, TIE]) / 2
        corner = count @ (p[:, TIE] * (1 - p[:, TIE]))
        hessian = np.block([[hessian, cross[:, None]], [cross[None], np.array([[corner]])]])
    value += ridge * float(parameters @ parameters) / 2
    return value, gradient + ridge * parameters, hessian + ridge * np.eye(len(parameters))


def _largest(design: np.ndarray, outcome: np.ndarray, count: np.ndarray, ties: bool, ridge: float) -> np.ndarray:
    """The parameters with the largest likelihood, by Newton's method in a region of trust; far away if there are none."""
    votes = count.sum()

    def part(which: int):
        def of(parameters: np.ndarray):
            return _derivatives(parameters, design, outcome, count, ties, ridge)[which] / votes

        return of

    start = np.zeros(design.shape[1] + ties)
    options = {"gtol": 1e-9, "maxiter": 100}
    return minimize(part(0), start, jac=part(1), hess=part(2), method="trust-exact", options=options).x


def _infinite(design: np.ndarray, outcome: np.ndarray, ties: bool) -> bool:
    """Whether a direction of parameters makes no vote less likely and one more likely."""
    none = np.zeros((len(design), 1))
    sides = [np.column_stack([sign * design / 2, none] if ties else [sign * design / 2]) for sign in (1, -1)]
    tie = [np.column_stack([0 * design, none + 1])] if ties else []
    options = np.stack(sides + tie, 1)  # [votes, choices, P]
    chosen = options[np.arange(len(design)), outcome]
    ahead = (chosen[:, None] - options).reshape(-1, options.shape[-1])
    found = linprog(-ahead.sum(0), A_ub=-ahead, b_ub=np.zeros(len(ahead)), bounds=(-1, 1))
    return bool(-found.fun > 1e-7)
