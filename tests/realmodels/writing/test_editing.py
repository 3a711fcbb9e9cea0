"""Edits as in print: against sums over a plain forward pass, by hand; and why a number is undefined."""

import numpy as np
import pytest
import torch

from realmodels.text.user_facts import as_facts
from realmodels.writing import editing
from realmodels.writing.editing import DEFINITIONS, Edits, Pairs, related, right
from theory.errors import UserError

COUNTERFACT = {
    "requested_rewrite": {
        "prompt": "The capital of {} is",
        "subject": "France",
        "target_new": {"str": "Tokyo"},
        "target_true": {"str": "Paris"},
    },
    "paraphrase_prompts": ["France has the capital", "Of France, the capital is"],
    "neighborhood_prompts": ["The airport of Paris lies in the city of", "The capital of the country of France is"],
}
FACTS = [
    COUNTERFACT,
    {"prompt": "The capital of Spain is", "answer": "New York", "ground_truth": "Madrid"},
    {"prompt": "Lima lies in", "answer": "Norway"},
    {"prompt": "Oslo lies in", "answer": "Norway", "ground_truth": "Norway", "rephrase_prompt": "Oslo is in"},
    {
        "prompt": "Rome lies in",
        "answer": "Peru",
        "ground_truth": "Italy",
        "locality": {"near": [{"prompt": "Bern lies in", "ground_truth": "Switzerland"}, {"prompt": "Riga lies in"}]},
        "portability": {"far": [{"prompt": "The capital of Rome's country is", "ground_truth": "Lima"}]},
    },
]


def plainly(prompt: str, answer: str) -> tuple[str, str]:
    return prompt, answer


@torch.no_grad()
def surprise(loaded, prompt: str, answer: str) -> float:
    """Mean -log p per token of the answer, one text at a time."""
    before = loaded.tokenizer(prompt)["input_ids"]
    whole = loaded.tokenizer(prompt + answer)["input_ids"]
    log_p = loaded.model(input_ids=torch.tensor([whole]), use_cache=False).logits[0].double().log_softmax(-1)
    return -sum(float(log_p[place - 1, whole[place]]) for place in range(len(before), len(whole))) / (len(whole) - len(before))


def judged(loaded, facts):
    pairs = Pairs(loaded.words)
    edits = Edits(as_facts(facts), plainly, pairs)
    return edits.judged(pairs.ask(loaded.model)[1])


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2"])
def test_the_numbers_are_those_of_the_definitions(toys, family):
    loaded = toys(family)
    found, undefined = judged(loaded, FACTS)
    assert undefined == {}

    def better(prompt: str, one: str, other: str) -> bool:
        return surprise(loaded, prompt, one) < surprise(loaded, prompt, other)

    efficacy = [
        better("The capital of France is", " Tokyo", " Paris"),
        better("The capital of Spain is", " New York", " Madrid"),
        better("Rome lies in", " Peru", " Italy"),
    ]
    paraphrase = [[better(wording, " Tokyo", " Paris") for wording in COUNTERFACT["paraphrase_prompts"]]]
    neighbourhood = [
        [better(prompt, " Paris", " Tokyo") for prompt in COUNTERFACT["neighborhood_prompts"]],
        [better("Bern lies in", " Switzerland", " Peru")],
    ]
    expected = [
        np.mean(efficacy),
        np.mean([np.mean(one) for one in paraphrase]),
        np.mean([np.mean(one) for one in neighbourhood]),
    ]
    assert [found["efficacy"], found["paraphrase"], found["neighbourhood"]] == pytest.approx(expected)
    harmonic = 3 / sum(1 / value for value in expected) if min(expected) else 0
    assert found["score"] == pytest.approx(harmonic)


def test_the_score_is_the_harmonic_mean_of_all_three():
    pairs = Pairs(None)
    edits = Edits(as_facts([COUNTERFACT]), plainly, pairs)
    by_pair = {"Tokyo": 1.0, "Paris": 2.0}
    values = np.array([by_pair[answer.strip()] for _, answer in pairs.numbers])
    values[pairs.numbers[(COUNTERFACT["paraphrase_prompts"][0], " Tokyo")]] = 3.0  # one of two wordings fails
    values[pairs.numbers[(COUNTERFACT["neighborhood_prompts"][1], " Paris")]] = 0.5  # one of two neighbours stays
    found, _ = edits.judged(values)
    assert found == {"efficacy": 1.0, "paraphrase": 0.5, "neighbourhood": 0.5, "score": pytest.approx(3 / (1 + 2 + 2))}
    values[:] = 1.0  # as likely is not likelier
    assert set(edits.judged(values)[0].values()) == {0.0}


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        (FACTS[1:2], {"paraphrase", "neighbourhood"}),
        (FACTS[2:3], {"efficacy", "paraphrase", "neighbourhood"}),
        (FACTS[3:4], {"efficacy", "paraphrase", "neighbourhood"}),  # the answer was true before: nothing is edited
        (FACTS[4:], {"paraphrase"}),
        (FACTS[:1], set()),
    ],
)
def test_what_a_file_lacks_is_undefined_with_the_reason(toys, facts, missing):
    found, undefined = judged(toys("gpt2"), facts)
    assert {name for name, value in found.items() if value is None} == missing | ({"score"} if missing else set())
    assert set(undefined) == {name for name, value in found.items() if value is None}
    if missing:
        assert all(name in undefined["score"] for name in missing)
    if "paraphrase" in missing:
        assert "wording" in undefined["paraphrase"]
    assert set(found) <= set(DEFINITIONS)


def test_every_pair_is_read_once(toys, monkeypatch):
    loaded, read = toys("gpt2"), []
    plain = editing.asked
    monkeypatch.setattr(editing, "asked", lambda model, facts: read.append(len(facts)) or plain(model, facts))
    pairs = Pairs(loaded.words)
    Edits(as_facts([COUNTERFACT]), plainly, pairs)
    numbers = [pairs.add(pair) for pair in related(as_facts([COUNTERFACT]), plainly)]
    pairs.ask(loaded.model)
    assert read == [len(pairs.numbers)] == [2 * (1 + 2 + 2)]
    assert len(numbers) == 2


def test_related_are_neighbours_and_what_follows_with_an_expected_answer_each_once():
    assert related(as_facts(FACTS), plainly) == [
        *((prompt, " Paris") for prompt in COUNTERFACT["neighborhood_prompts"]),
        ("Bern lies in", " Switzerland"),
        ("The capital of Rome's country is", " Lima"),
    ]
    assert related(as_facts([FACTS[4], {**FACTS[4], "prompt": "Rome is in"}]), plainly) == [
        ("Bern lies in", " Switzerland"),
        ("The capital of Rome's country is", " Lima"),
    ]


def test_right_is_greedy_decoding_in_the_order_asked(toys):
    loaded = toys("llama")
    prompts = ["The capital of France is", "Oslo lies in", "Lima"]
    pairs = []
    for prompt in prompts:
        ids = loaded.tokenizer(prompt)["input_ids"]
        for _ in range(2):
            with torch.no_grad():
                ids.append(int(loaded.model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
        pairs.append((prompt, loaded.words.decode(ids)[len(prompt) :]))
    kept = [pair for pair in pairs if spelt_back(loaded, pair)]
    assert kept, "no answer of this toy is text that its tokenizer spells so"
    wrong = [(prompt, " Paris and Tokyo") for prompt in prompts]
    asked_of = [wrong[0], *kept, wrong[1], kept[0], wrong[2]]
    expected = [float(pair in kept) for pair in asked_of]
    assert right(loaded.model, loaded.words, asked_of).tolist() == expected
    assert right(loaded.model, loaded.words, []).shape == (0,)


def spelt_back(loaded, pair: tuple[str, str]) -> bool:
    try:
        before, answer = loaded.words.joined(*pair)
    except UserError:
        return False
    ids = list(before)
    with torch.no_grad():
        for _ in answer:
            ids.append(int(loaded.model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
    return ids[len(before) :] == answer


def test_a_pair_that_cannot_be_asked_is_named(toys):
    loaded = toys("gpt2")
    pairs = Pairs(loaded.words, 96)
    pairs.add(("Oslo " * 100 + "lies in", " Norway"))
    with pytest.raises(UserError, match=r"prompt 'Oslo .* does not fit a context of 96"):
        _ = pairs.facts
    empty = Pairs(loaded.words)
    assert [values.shape for values in empty.ask(loaded.model)] == [(0,), (0,)]
