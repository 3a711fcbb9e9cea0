"""The learning rate of a method: the smallest that teaches by trial, wherever the search begins; trials leave no trace."""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from realmodels.writing import case as module
from realmodels.writing.case import Case, powers, sufficient_rate
from realmodels.writing.learning_rate import LEARNED
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.writer import SGD_RATES, Diverged, Writer
from realmodels.writing.outputs import asked
from realmodels.writing.question import Question, Setting
from realmodels.writing.stream import write_task
from tests.realmodels.writing.places import ENTRIES
from theory.errors import UserError

RATES = powers(*SGD_RATES)


def test_rates_are_all_powers_of_two_of_the_range():
    assert RATES.tolist() == [2.0**n for n in range(-14, 9)]
    assert powers(0.25, 0.25).tolist() == [0.25]


def searched(share, guess):
    """(answer, rates that were tried)."""
    tried = []

    def trial(rate: float) -> float:
        tried.append(rate)
        return share(rate)

    answer = sufficient_rate(trial, RATES, guess)
    assert len(tried) == len(set(tried)), "a rate was tried twice"
    return answer, tried


indices = st.integers(0, len(RATES) - 1)


@given(indices, st.integers(-7, 22))
def test_of_steps_the_smallest_is_found_from_a_guess_that_is_off_by_2_to_the_7_below_or_by_anything_above(threshold, above):
    guess = min(max(threshold + above, 0), len(RATES) - 1)
    answer, tried = searched(lambda rate: float(rate >= RATES[threshold]), RATES[guess])
    assert answer == (RATES[threshold], True)
    assert len(tried) <= 2 * abs(threshold - guess) + 2


@given(indices, st.integers(-7, 22), st.integers(1, 23))
def test_divergence_above_is_left_in_few_trials(threshold, above, width):
    """Learned from a threshold on, diverged from another on."""
    top, guess = threshold + width, min(max(threshold + above, 0), len(RATES) - 1)

    def share(rate: float) -> float:
        index = int(np.flatnonzero(rate == RATES)[0])
        return math.nan if index >= top else float(index >= threshold)

    answer, tried = searched(share, RATES[guess])
    assert answer == (RATES[threshold], True)
    if guess >= top:
        assert len(tried) <= 2 * math.log2(guess - top + 2) + 2 + (guess - threshold)


@given(indices, st.integers(-6, 6), st.integers(2, 6), st.floats(0.01, 0.4))
def test_a_slope_and_an_overshoot_do_not_mislead_it(peak, off, steep, floor):
    """Shares that rise to the threshold, stay, and then fall to a floor without diverging; the guess is off by up to 2^6."""
    guess = min(max(peak + off, 0), len(RATES) - 1)

    def share(rate: float) -> float:
        index = int(np.flatnonzero(rate == RATES)[0])
        return max(0.0, 1 - (peak - index) / steep) if index < peak else (1.0 if index <= peak + 1 else floor)

    expected = min(index for index in range(len(RATES)) if share(RATES[index]) >= LEARNED)
    answer, tried = searched(share, RATES[guess])
    assert answer == (RATES[expected], True)
    assert len(tried) <= 16


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (lambda rate: 1.0, (2.0**-14, True)),
        (lambda rate: 0.5 if rate == 4 else 0.1, (4.0, False)),
        (lambda rate: math.nan, (2.0**-14, False)),
        (lambda rate: rate / 2 if rate < 1 else math.nan, (0.5, False)),
        (lambda rate: 0.0, (None, False)),
        (lambda rate: 0.3, (None, False)),
    ],
)
def test_where_none_reaches_the_one_that_reaches_most_is_taken(share, expected):
    answer, _ = searched(share, 2.0)
    if expected[0] is None:
        assert answer[1] is False
        assert answer[0] in RATES
    else:
        assert answer == expected


def test_a_guess_between_two_rates_begins_at_the_nearer_one():
    assert searched(lambda rate: float(rate >= 0.25), 0.3)[0] == (0.25, True)


@pytest.fixture
def question(toys):
    return Question(toys("llama"), ENTRIES)


def said_right_alone(question, method: str, rate: float) -> list[float]:
    """Of each task, the share said right just after it was written into a fresh copy."""
    shares = []
    for number in (0, 1):
        model, task = question.loaded.copy(), question.facts.of_task(number)
        try:
            write_task(bind(method, model, question.background), task, rate, 20)
        except Diverged:
            return [math.nan]
        shares.append(float(asked(model, task).exact.mean()))
    return shares


@pytest.mark.parametrize(("method", "lowest"), [("full", 2.0**-9), ("last_matrix", 2.0**-6)])
def test_the_rate_is_the_smallest_that_teaches_by_trial_on_fresh_copies(question, method, lowest):
    """Every rate of a range is tried here; the search must come to the same, from its guess and from far off."""
    rates = powers(lowest, 2.0**7 * lowest)
    learned = [float(np.mean(said_right_alone(question, method, rate))) for rate in rates.tolist()]
    enough = [rate for rate, share in zip(rates, learned, strict=True) if share >= LEARNED]
    assert enough
    found = []
    for off in (None, 2.0**-6, 2.0**6):
        case = Case(question, method)
        case.writer.rates = (lowest, 2.0**7 * lowest)
        if off is not None:
            case._guess = lambda rates, steps, off=off: float(np.clip(enough[0] * off, rates[0], rates[-1]))
        found.append(case.rate(None, 20)[0])
        assert case.settings["learning_rate_choice"].startswith("the smallest power of 2")
    assert found[:2] == [enough[0]] * 2
    assert found[2] in enough  # shares need not rise: from above, the search ends where the next smaller rate fails
    assert found[2] / 2 not in enough


@dataclass(eq=False, kw_only=True)
class Counting(Writer):
    """A method with a state of its own, which it changes with every write."""

    seen: torch.Tensor = field(default_factory=lambda: torch.zeros(3))

    def write(self, task, earlier, learning_rate, steps):
        """Write, and count."""
        super().write(task, earlier, learning_rate, steps)
        self.seen += len(task)

    def state(self):
        """What was counted."""
        return {"seen": self.seen}

    def restore(self, state):
        """Take up what was counted."""
        self.seen = state["seen"]


def test_trials_put_copy_and_state_back_to_the_bit(question):
    case = Case(question, "full")
    case.writer = Counting(case.model, case.writer.parameters)
    before = {name: tensor.clone() for name, tensor in case.model.state_dict().items()}
    for rate in (0.5, 1e30):  # the second diverges
        case.trial(rate, 5)
        case.trial_bits(rate, 5)
    case.rate(None, 3)
    assert case.writer.seen.tolist() == [0, 0, 0]
    for name, tensor in case.model.state_dict().items():
        assert torch.equal(tensor.view(torch.int32), before[name].view(torch.int32)), name


def test_a_trial_says_what_share_is_said_right_and_nan_after_divergence(question):
    case = Case(question, "full")
    for rate in (2.0**-7, 2.0**-4, 2.0**-1):
        expected = said_right_alone(question, "full", rate)
        shares = expected if expected[0] >= LEARNED / 2 else expected[:1]
        assert case.trial(rate, 20) == pytest.approx(np.mean(shares), nan_ok=True)
    assert math.isnan(case.trial(1e30, 20))
    assert math.isnan(case.trial_bits(1e30, 20))


def test_only_the_first_tasks_are_tried_and_a_hopeless_rate_stops_at_one(question, monkeypatch):
    many = [{**entry, "prompt": f"{number} {entry['prompt']}", "task": number} for number in range(5) for entry in ENTRIES[:2]]
    case, written = Case(Question(question.loaded, many), "last_matrix"), []
    monkeypatch.setattr(module, "write_task", lambda writer, task, rate, steps: written.append(task.task.tolist()))
    case.trial(1e-9, 20)
    assert written == [[0, 0]]
    written.clear()
    case.trial_bits(1e-9, 20)
    assert written == [[0, 0], [1, 1], [2, 2]]


def test_a_given_rate_is_taken_without_a_trial(question, monkeypatch):
    case = Case(question, "full")
    monkeypatch.setattr(Case, "trial", None)
    assert case.rate(1000.0, 20) == (1000.0, False)
    assert case.settings["learning_rate_choice"] == "given"
    for rate in (0, -1.0, math.nan, math.inf, "fast"):
        with pytest.raises(UserError, match="finite number above 0"):
            case.rate(rate, 20)
    with pytest.raises(UserError, match="0 steps per task: give 1 or more"):
        case.rate(0.1, 0)


def test_facts_that_are_known_already_take_the_least_rate_and_say_so(question):
    case = Case(question, "full")
    model = question.loaded.copy()
    write_task(bind("full", model, question.facts), question.facts, 0.1, 60)
    assert float(asked(model, question.facts).exact.mean()) == 1
    case.model.load_state_dict(model.state_dict())
    assert case.rate(None, 20) == (RATES[0], True)


@pytest.mark.parametrize("family", ["gpt2", "gemma2"])
def test_models_from_elsewhere_get_a_rate_that_teaches(toys, family):
    question = Question(toys(family), ENTRIES, Setting())
    case = Case(question, "full")
    rate, at_end = case.rate(None, 20)
    assert not at_end
    assert np.mean(said_right_alone(question, "full", rate)) >= LEARNED
    assert np.mean(said_right_alone(question, "full", rate / 2)) < LEARNED


def test_a_model_whose_numbers_are_not_finite_is_refused_before_any_write(toys):
    loaded = toys("llama")
    with torch.no_grad():
        loaded.model.model.norm.weight.fill_(math.nan)
    with pytest.raises(UserError, match="before any write: the loss is nan: choose another model"):
        Case(Question(loaded, ENTRIES), "full").rate(None, 20)


def test_of_rates_that_reach_as_little_the_one_that_teaches_most_bits_is_taken():
    wanted = RATES[12]
    bits = lambda rate: -abs(math.log2(rate / wanted))  # noqa: E731
    assert sufficient_rate(lambda rate: 0.0, RATES, RATES[11], bits) == (wanted, False)
    assert sufficient_rate(lambda rate: 0.5 * (rate == RATES[10]), RATES, RATES[11], bits) == (RATES[10], False)
