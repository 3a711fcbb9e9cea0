"""Biographies: what is drawn is uniform, counted and new; texts say what is known; recall and bits are counted as defined."""

import math
import re
from collections import Counter
from itertools import product

import numpy as np
import pytest
import torch

from realmodels.model.architectures import described
from realmodels.model.transformer import Transformer
from realmodels.text.biographies import (
    PHRASINGS,
    RELATIONS,
    Biographies,
    Question,
    documents,
    names,
    people,
    sentence,
)
from realmodels.text.candidates import CANDIDATES
from realmodels.text.corpora import SOURCES
from realmodels.text.fact_texts import mixed, texts
from realmodels.text.facts import owners, subjects
from realmodels.text.known_cities import CITY, cities
from realmodels.text.short_biographies import LONGEST, NAME, VALUE, short_biographies, vocabulary
from realmodels.text.tokenizer import train
from realmodels.training.exposures import ExposureConfig, bits_held
from realmodels.training.exposures import train as train_on_exposures
from realmodels.training.recall import recall_scores, stored
from theory.errors import UserError

FEW = Biographies(people=12, seed=3)


def facts() -> dict[tuple[str, str], str]:
    """(name, relation) -> value."""
    return {(" ".join(p.name), relation): value for p in people(FEW) for relation, value in zip(RELATIONS, p.values, strict=True)}


def test_lists_are_long_enough_and_phrasings_end_where_the_answer_begins():
    every = [value for relation in RELATIONS.values() for value in relation.values]
    assert len(set(every)) == len(every) == 6 * 32
    for relation in (*RELATIONS.values(), CITY):
        assert (len(relation.phrasings), len(relation.heldout)) == (PHRASINGS, 2)
        assert all(text.count("{}") == 1 and text == text.strip() for text in (*relation.phrasings, *relation.heldout))
    asked = [text for relation in RELATIONS.values() for text in (*relation.phrasings, *relation.heldout)]
    assert len(set(asked)) == len(asked)


def test_held_out_phrasings_are_in_no_text_and_of_words_that_are():
    read = "\n".join(texts(FEW, 40, 2))
    words = set(re.findall(r"\w+", read))
    for relation in (*RELATIONS.values(), CITY):
        for phrasing in relation.heldout:
            assert set(re.findall(r"\w+", phrasing.replace("{}", ""))) <= words, phrasing
            assert not re.search(phrasing.replace("{}", r"\w+( \w+)?") + r" \w+\.", read), phrasing
        for phrasing in relation.phrasings:  # the same search finds what is there
            assert re.search(phrasing.replace("{}", r"\w+( \w+)?") + r" (United )?\w+\.", read), phrasing


def test_no_name_is_a_word_of_the_pretraining_text():
    text = "\n".join(d.text for source in SOURCES.values() for d in source()).lower()
    for kind in ("first", "last"):
        drawn = [name.lower() for name in names(64, kind)]
        assert len({name[:4] for name in drawn}) == 64
        assert re.search(r"(?<![^\W\d_])(" + "|".join(drawn) + r")(?![^\W\d_])", text) is None
    assert names(64, "first")[:8] == names(8, "first")


def test_people_differ_and_their_values_are_uniform_and_independent():
    config = Biographies(people=3000, seed=1)
    drawn = people(config)
    assert len({person.name for person in drawn}) == 3000
    table = np.array([[r.values.index(v) for r, v in zip(RELATIONS.values(), p.values, strict=True)] for p in drawn])
    assert table.min() == 0
    assert table.max() == 15
    deviation = math.sqrt(3000 / 16 * (15 / 16))
    for column in table.T:
        assert np.abs(np.bincount(column, minlength=16) - 3000 / 16).max() < 4.5 * deviation
    for one, other in product(range(6), range(6)):
        pairs = Counter(zip(table[:, one] // 8, table[:, other] // 8, strict=True))
        if one != other:
            assert abs(pairs[0, 0] - pairs[0, 1] - pairs[1, 0] + pairs[1, 1]) < 5 * math.sqrt(3000)
    assert people(config) == drawn
    assert people(Biographies(people=3000, seed=2)) != drawn


@pytest.mark.parametrize("config", [Biographies(5, 0, choices=4, firsts=3, lasts=2), Biographies(3, 0, choices=32, firsts=2)])
def test_bits_are_logarithms_of_what_might_have_been_drawn(config):
    possible = math.comb(config.firsts * config.lasts, config.people)
    assert config.bits["names"] * config.people == pytest.approx(math.log2(possible))
    assert config.bits["values"] == pytest.approx(math.log2(config.choices**6))


def test_every_text_says_all_that_is_known_of_one_person_and_nothing_else():
    known = facts()
    patterns = {
        relation: [re.compile(text.replace("{}", r"(\w+ \w+)") + r" ([\w ]+)") for text in about.phrasings]
        for relation, about in RELATIONS.items()
    }
    used = Counter()
    for exposure in range(30):
        orders = []
        for text, person in zip(texts_at(exposure), people(FEW), strict=True):
            said = []
            for line in text.removesuffix(".").split(". "):
                (relation, number, name, value), *others = [
                    (relation, number, *match.groups())
                    for relation, mine in patterns.items()
                    for number, pattern in enumerate(mine)
                    if (match := pattern.fullmatch(line))
                ]
                assert not others
                assert (name, known[name, relation]) == (" ".join(person.name), value)
                said.append(relation)
                used[relation, number] += 1
            assert sorted(said) == sorted(RELATIONS)
            orders.append(tuple(said))
        assert len(set(orders)) > 6
    assert len(used) == 6 * PHRASINGS
    assert min(used.values()) > 20  # of 45 on average


def texts_at(exposure: int) -> list[str]:
    return [" ".join(map("".join, document)) for document in documents(FEW, exposure)]


def test_exposures_differ_and_texts_are_those_of_all_exposures():
    assert texts(FEW, 2) == texts_at(0) + texts_at(1)
    assert not set(texts_at(0)) & set(texts_at(1))
    assert texts(FEW, 3, 2)[: 12 + 32] == texts(FEW, 1, 2)


def test_cities_are_real_and_in_no_stream():
    found = cities(4)
    assert Counter(found.values()) == dict.fromkeys(CANDIDATES, 4)
    assert all(owners("cities")[city] == {country} for city, country in found.items())
    assert not set(found) & {city for mine in subjects("cities").values() for city in mine}
    with pytest.raises(UserError, match="at most 22"):
        cities(1000)


def test_too_many_people_or_values_are_told():
    with pytest.raises(UserError, match="ask for fewer"):
        people(Biographies(people=5, seed=0, firsts=2, lasts=2))
    with pytest.raises(UserError, match="ask for fewer"):
        people(Biographies(people=5, seed=0, choices=33))


def test_mixing_keeps_both_orders_and_spreads_the_facts():
    both = mixed(list("abcdefgh"), list("1234"))
    assert [x for x in both if x.isalpha()] == list("abcdefgh")
    assert [x for x in both if x.isdigit()] == list("1234")
    assert sum(x.isdigit() for x in both[:6]) == 2


def test_recall_and_bits_are_those_of_generation_and_of_single_steps(random_model):
    """Against `generate` and a loop over prefixes; the model is made to know one answer by heart of its own greedy choice."""
    model = random_model()
    tokenizer = train([d.text for d in list(SOURCES["wiki"]())[:200]], 320)
    (person,) = people(Biographies(1, 0))
    questions = [
        Question(*sentence(relation, phrasing, " ".join(person.name), value), 16)
        for relation, value in zip(RELATIONS.values(), person.values, strict=True)
        for phrasing in relation.heldout
    ][:6]
    longest = [one for one in questions if len(tokenizer.encode(one.prompt + one.answer)) < 31]
    scores = recall_scores(model, tokenizer.encode, longest, batch=2)
    for one, bits, right in zip(longest, scores.bits, scores.right, strict=True):
        ids, answer = tokenizer.prompt(one.prompt), tokenizer.encode(one.answer)
        assert tokenizer.prompt(one.prompt + one.answer) == ids + answer
        grown = model.generate(torch.tensor([ids]), len(answer))[0, len(ids) :].tolist()
        assert right == (grown == answer)
        nats = 0.0
        for token in answer:
            nats -= float(model(torch.tensor([ids]))[0, -1].log_softmax(-1)[token].detach())
            ids = [*ids, token]
        assert bits == pytest.approx(nats / math.log(2), abs=1e-4)
    greedy = model.generate(torch.tensor([[0, 70, 71]]), 3)[0].tolist()
    text = {"prompt": greedy[1:3], "right": greedy[3:], "wrong": [*greedy[3:5], (greedy[5] + 1) % 320]}
    own = [Question("prompt", answer, 16) for answer in ("right", "wrong")]
    assert recall_scores(model, text.__getitem__, own).right.tolist() == [True, False]


def test_learned_bits_clip_and_stored_bits_do_not(random_model):
    model = random_model()
    scores = recall_scores(model, lambda text: [ord(text)], [Question("p", "a", 16)])
    assert scores.learned == max(0.0, 4 - scores.bits[0])
    config = Biographies(people=10, seed=0, choices=16, firsts=8, lasts=8)
    sure = stored(config, name_nats=math.log(10), value_nats=0.0)
    assert sure == {"names": pytest.approx(10 * math.log2(6.4)), "values": pytest.approx(240)}
    assert stored(config, 0.0, 7 * math.log(16))["values"] == pytest.approx(-40)


@pytest.mark.parametrize("exposure", [0, 5])
def test_short_biographies_are_the_same_texts_and_tell_names_and_values(exposure):
    config = Biographies(people=12, seed=3, choices=32)
    read = short_biographies(config)
    words = {number: piece for piece, number in read.number.items()}
    tokens, kinds_of_tokens = read.exposure(exposure)
    for ids, kinds, document, person in zip(tokens, kinds_of_tokens, documents(config, exposure), people(config), strict=True):
        end = int((ids >= 0).sum()) - 1
        assert (ids[0], ids[end], set(ids[end + 1 :]) <= {-1}) == (0, 0, True)
        assert [words[i] for i in ids[kinds == NAME]] == list(person.name)
        assert not kinds[: list(ids).index(read.number[person.name[0]])].any()
        assert [words[i] for i in ids[kinds == VALUE]] == [answer for _, answer in document]
        text = "".join(f"{words[i]} " if i == read.number[person.name[0]] else words[i] for i in ids[1:end])
        assert text == "".join(map("".join, document))
    assert len(words) == vocabulary(config)


def test_bits_held_are_those_of_a_loop():
    config = Biographies(people=5, seed=1, choices=4, firsts=4, lasts=4)
    read = short_biographies(config)
    model = Transformer(described("dense", "tiny", vocabulary=vocabulary(config), context=LONGEST))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, parameter.shape[-1] ** -0.5, generator=generator)
    tokens, kinds_of_tokens = read.exposure(7)
    nats = {NAME: 0.0, VALUE: 0.0}
    for ids, kinds in zip(tokens.astype(np.int64), kinds_of_tokens, strict=True):
        for place in np.flatnonzero(kinds):
            with torch.no_grad():
                nats[kinds[place]] -= float(model(torch.tensor(ids[None, :place]))[0, -1].log_softmax(-1)[ids[place]])
    found, law = bits_held(model, read, 7), stored(config, nats[NAME] / 5, nats[VALUE] / 5)
    assert {name: found[name] for name in law} == pytest.approx(law, abs=1e-3)
    assert found["clipped"] >= found["values"]


def test_training_presents_every_person_once_an_exposure_and_is_deterministic():
    config = Biographies(people=20, seed=1, choices=4, firsts=8, lasts=8)
    read = short_biographies(config)
    shape = described("dense", "tiny", vocabulary=vocabulary(config), context=LONGEST)
    rates = {"matrices": 0.02, "embedding": 0.015, "values": 0.015, "indexer": 0.003}
    training = ExposureConfig(shape, seed=0, exposures=6, batch=8, fall=0.5, learning_rates=rates)
    assert ExposureConfig.from_json(training.to_json()) == training
    reports: list[tuple[int, int]] = []
    one = train_on_exposures(training, read, lambda step, steps, loss: reports.append((step, steps)))
    assert reports == [(step, 18) for step in range(1, 19)]
    other = train_on_exposures(training, read)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    before, after = (bits_held(model, read, 9) for model in (Transformer(shape), one))
    assert after["values"] > before["values"]
    assert after["names"] > before["names"]
