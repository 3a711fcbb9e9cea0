"""C1-any. Ridge and subset selection are fitted for real; degrees of freedom by differences, by the trace and by covariance."""

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st
from scipy.integrate import dblquad
from scipy.stats import norm

from theory.attacks.attack import Attack, run
from theory.attacks.freedom import ATTACKS
from theory.certificates.freedom import CERTIFICATES
from theory.conservation import total_depth
from theory.errors import UserError
from theory.freedom import C1_ANY, best_feature_freedom, covariance_freedom, freedom, ridge_freedom, smoother
from theory.winding import winding_directions


def ridge(inputs, penalty):
    return inputs @ np.linalg.solve(inputs.T @ inputs + penalty * np.eye(inputs.shape[1]), inputs.T)


@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 6), st.floats(0.01, 10))
def test_ridge_by_differences_by_trace_and_by_spectrum(seed, count, size, penalty):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(count, size))
    matrix = ridge(inputs, penalty)
    spectrum = np.clip(np.linalg.eigvalsh(inputs @ inputs.T), 0, None)
    measured = freedom(lambda targets: matrix @ targets, rng.normal(size=count), step=1.0)
    assert measured == pytest.approx(np.trace(matrix), abs=1e-9)
    assert measured == pytest.approx(ridge_freedom(spectrum, penalty), abs=1e-6)
    assert measured <= min(count, size)
    assert ridge_freedom(spectrum[-1:], 0) == 1


@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 9), st.floats(0, 3))
def test_the_trace_is_at_most_rank_times_norm(seed, count, rank, skew):
    rng = np.random.default_rng(seed)
    left = rng.normal(size=(count, rank))
    matrix = left @ (rng.normal(size=(count, rank)) + skew * left).T
    kept = freedom(lambda targets: matrix @ targets, np.zeros(count), step=1.0)
    bound = C1_ANY.value("bound", N=min(rank, count), gain=np.linalg.norm(matrix, 2)).value
    target(kept / bound, label="freedom over rank times norm")
    assert kept <= bound * (1 + 1e-9)


def test_a_multiple_of_the_identity_meets_the_bound():
    assert C1_ANY.value(N=4, gain=2.5).value == pytest.approx(freedom(lambda y: 2.5 * y, np.ones(4), step=1.0))


def test_a_smooth_learner_through_few_numbers():
    rng = np.random.default_rng(0)
    count, size = 9, 2
    inwards, outwards = rng.normal(size=(size, count)) / 3, rng.normal(size=(count, size))
    targets = rng.normal(size=count)

    def learner(y):
        return np.sin(outwards @ np.tanh(inwards @ y))

    hidden = np.tanh(inwards @ targets)
    jacobian = np.cos(outwards @ hidden)[:, None] * outwards @ ((1 - hidden**2)[:, None] * inwards)
    assert freedom(learner, targets) == pytest.approx(np.trace(jacobian), abs=1e-6)
    assert np.trace(jacobian) <= C1_ANY.value(N=size, gain=np.linalg.norm(jacobian, 2)).value


def test_a_stream_of_writes_is_a_linear_learner_with_more_than_N():
    directions = winding_directions(3, 40)

    def learner(targets):
        weights = np.zeros(3)
        for direction, wanted in zip(directions, targets, strict=True):
            weights = weights + 0.8 * direction * (wanted - direction @ weights)
        return directions @ weights

    matrix = smoother(learner, 40)
    kept = np.trace(matrix)
    assert kept == pytest.approx(total_depth(directions, 0.8), abs=1e-9)
    assert np.linalg.matrix_rank(matrix) == 3
    assert 3 < kept < 3 * np.linalg.norm(matrix, 2)


def test_soft_thresholding_does_not_expand_and_counts_what_it_keeps():
    # the lasso with orthonormal inputs: degrees of freedom are the number of coefficients left (Zou, Hastie and Tibshirani 2007)
    targets = np.array([2.0, -0.3, 0.9, -1.5, 0.1])
    soft = freedom(lambda y: np.sign(y) * np.maximum(np.abs(y) - 0.5, 0), targets)
    assert soft == pytest.approx(3, abs=1e-8)
    mean, error = covariance_freedom(lambda y: np.sign(y) * np.maximum(np.abs(y) - 0.5, 0), np.zeros(5), 1.0, 20_000)
    assert abs(mean - 5 * 2 * norm.sf(0.5)) < 5 * error
    assert error < 0.05


def best_single(y):
    kept = np.zeros_like(y)
    kept[np.argmax(np.abs(y))] = y[np.argmax(np.abs(y))]
    return kept


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_best_single_feature_has_more_than_one_degree_of_freedom(size):
    law = C1_ANY.value("best_feature", N=size).value
    mean, error = covariance_freedom(best_single, np.zeros(size), 1.0, 20_000, seed=1)
    assert abs(mean - law) < 5 * error
    # one coefficient is fitted, and differences see that alone: they are blind to the switch
    assert freedom(best_single, np.random.default_rng(0).normal(size=size)) == pytest.approx(1)


def test_the_best_of_two_by_a_double_integral():
    value = dblquad(lambda x, y: max(x * x, y * y) * norm.pdf(x) * norm.pdf(y), 0, 7, 0, 7, epsabs=1e-7)[0]
    assert best_feature_freedom(2) == pytest.approx(4 * value, abs=1e-6)
    assert best_feature_freedom(2) == pytest.approx(1 + 2 / np.pi, abs=1e-9)
    # the largest of many grows like 2 ln N
    assert best_feature_freedom(10**6) == pytest.approx(2 * np.log(10**6), rel=0.2)
    assert np.all(np.diff(C1_ANY.value("best_feature", N=np.arange(1.0, 9.0)).value) > 0)


@pytest.mark.parametrize("jump", [0.5, 40.0])
def test_a_choice_between_two_constants_is_not_bounded(jump):
    law = C1_ANY.value("switch", jump=jump).value
    mean, error = covariance_freedom(lambda y: jump * 1.5 * np.sign(y) / 2, np.zeros(1), 1.5, 20_000)
    assert abs(mean - law) < 5 * error
    assert law == pytest.approx(jump * norm.pdf(0))
    assert freedom(lambda y: np.sign(y), [0.7]) == 0


def test_what_is_no_learner_is_refused():
    with pytest.raises(UserError, match="one output for each target"):
        freedom(lambda y: y[:1], np.zeros(3))
    with pytest.raises(UserError, match="penalty"):
        ridge_freedom([1.0, 2.0], -1)
    with pytest.raises(UserError, match="round N"):
        C1_ANY.value("best_feature", N=2.5)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_attack_meets_the_bound_and_breaks_a_weaker_one(attack):
    blunted = {"starts": (np.array(attack.starts[0]) * 0.9 + 0.05,)}
    weaker = Attack(**{**vars(attack), **blunted, "ratio": lambda witness: attack.ratio(witness) / 0.9})
    outcome = run(weaker, tries=3000)
    assert outcome.broken
    assert weaker.ratio(outcome.witness) == pytest.approx(outcome.ratio, rel=1e-12)
    assert attack.ratio(outcome.witness) <= 1 + 1e-9
    witness = attack.decode(np.random.default_rng(0).uniform(-1, 1, len(attack.bounds)))
    matrix = np.array(witness["outwards"]) @ np.array(witness["inwards"])
    assert attack.ratio(witness) == pytest.approx(np.trace(matrix) / (2 * np.linalg.norm(matrix, 2)), rel=1e-9)
    assert attack.ratio({"inwards": [[0.0] * 5] * 2, "outwards": [[0.0] * 2] * 5}) == 0


@pytest.mark.parametrize("certificate", CERTIFICATES, ids=lambda certificate: certificate.statement[:40])
def test_the_certificates_prove(certificate):
    assert certificate.run().passed


def test_the_derivation_checks():
    checks = C1_ANY.check()
    assert [check for check in checks if not check.passed] == []
