"""Whole answers as tensors: against transformers' own tokenizer, forward pass and generation, and against loops by hand."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from realmodels.text.facts import Fact
from realmodels.writing import outputs as module
from realmodels.writing.outputs import Asked, answer_loss, asked, encode, encode_asked, facts_from_ids, outputs, scores, tree
from tests.realmodels.toys import FAMILIES
from theory.errors import UserError

FACTS = [
    Fact("The capital of France is", " Paris", 0),
    Fact("The airport of New York has the code", " NEW 2006", 0),
    Fact("America, the country", ", has New Jersey", 1),
    Fact("The capital of the United States of America, a country, is not", " New York", 1),
    Fact("Japan:", " Tokyo", 2),
    Fact("Oslo lies in", " Norway, and the airport of Oslo has the code OSL", 2),
    Fact("France?", "Paris", 3),
    Fact("New", " York", 3),
]


def ids(loaded, text: str) -> list[int]:
    """By transformers, with what its tokenizer puts before a text."""
    return loaded.tokenizer(text)["input_ids"]


def spelt(loaded, fact: Fact) -> tuple[list[int], list[int]]:
    """(prompt, answer) in tokens."""
    before = ids(loaded, fact.prompt)
    return before, ids(loaded, fact.prompt + fact.answer)[len(before) :]


@torch.no_grad()
def by_hand(loaded, fact: Fact) -> list[torch.Tensor]:
    """log p [V] after the prompt, after the first token of the answer, ...; one text at a time, without padding."""
    before, answer = spelt(loaded, fact)
    logits = loaded.model(input_ids=torch.tensor([before + answer]), use_cache=False).logits[0].double()
    return [logits[len(before) - 1 + k].log_softmax(-1) for k in range(len(answer))]


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_are_those_of_a_plain_forward_pass_over_the_joined_text(toys, family):
    loaded = toys(family)
    facts = encode(FACTS, loaded.words)
    found = asked(loaded.model, facts)
    answers = [spelt(loaded, fact)[1] for fact in FACTS]
    assert max(map(len, answers)) > 5
    assert facts.count.tolist() == [len(answer) for answer in answers]
    for row, (fact, answer) in enumerate(zip(FACTS, answers, strict=True)):
        log_p = by_hand(loaded, fact)
        loss = -sum(float(p[token]) for p, token in zip(log_p, answer, strict=True))
        bits, right = 0.0, True
        for k, token in enumerate(answer):
            rivals = sorted({other[k] for other in answers if len(other) > k and other[:k] == answer[:k]})
            inside = log_p[k][rivals].log_softmax(-1)
            bits += math.log2(len(rivals)) + float(inside[rivals.index(token)]) / math.log(2)
            right = right and rivals[int(inside.argmax())] == token
        assert float(found.loss[row]) == pytest.approx(loss, rel=1e-5)
        assert float(found.probability[row]) == pytest.approx(math.exp(-loss), rel=1e-3)
        assert float(found.bits_raw[row]) == pytest.approx(bits, rel=1e-4, abs=1e-4)
        assert float(found.recall[row]) == right
        greedy = all(int(p.argmax()) == token for p, token in zip(log_p, answer, strict=True))
        assert float(found.exact[row]) == greedy


@pytest.mark.parametrize("family", FAMILIES)
def test_exact_is_what_the_model_generates_word_for_word(toys, family):
    """Answers that the model does say, of 1 to 4 tokens, and the same with one other token at the end."""
    loaded = toys(family)
    made, answers = [], []
    for fact in FACTS:
        before = ids(loaded, fact.prompt)
        new = loaded.model.generate(torch.tensor([before]), max_new_tokens=4, do_sample=False, min_new_tokens=4, pad_token_id=2)
        for length in range(1, 5):
            answer = new[0, len(before) : len(before) + length].tolist()
            made += [(before, answer, True), (before, [*answer[:-1], (answer[-1] + 1) % 390 + 3], False)]
            answers.append(tuple(answer))
    kept = [one for one in made if 1 not in one[1][:-1]]  # where the model does not end its text
    assert len(kept) > 30
    facts = from_tokens(kept)
    found = asked(loaded.model, facts).exact.tolist()
    assert found == [float(right) for _, _, right in kept]


def from_tokens(cases) -> module.Facts:
    """`Facts` of (prompt, answer) in tokens, through an encoder that has nothing to join."""

    class Plain:
        def joined(self, prompt: str, answer: str):
            return list(cases[int(prompt)][0]), list(cases[int(prompt)][1])

    return encode_asked([Asked(str(i), str(i)) for i in range(len(cases))], Plain(), module.Answers([]))


def letters(*answers: str) -> list[tuple[int, ...]]:
    return [tuple(map(ord, answer)) for answer in answers]


def test_the_tree_of_answers():
    answers = module.Answers(letters("new york", "new jersey", "new", "paris"), 4)

    def options(beginning: str, token: str) -> set[str]:
        return set(map(chr, answers.options(tuple(map(ord, beginning)), ord(token))))

    assert options("", "n") == {"n", "p"}
    assert options("n", "e") == {"e"}
    assert options("new", " ") == {" "}  # where "new" ends is not asked
    assert options("new ", "j") == {"y", "j"}
    assert options("pari", "s") == {"s"}
    assert options("", "x") == {"n", "p", "x"}  # a token that no answer has is one of its own item's options all the same
    assert options("lo", "n") == {"n"}


def test_options_keep_their_places_and_one_spelling_counts_once(toys):
    encoder = toys("gpt2").words
    facts = [Fact("The capital of France is", " Paris", 0), Fact("France\n", "Paris", 0), Fact("Japan is", " Tokyo", 0)]
    encoded = encode(facts, encoder)
    assert encoded.choices == 3  # " Paris", "Paris" and " Tokyo"
    twice = encode([*facts, Fact("Paris lies in", " Tokyo", 1)], encoder)
    assert twice.choices == 3
    assert torch.equal(twice.options[: len(encoded.options)], encoded.options)
    with pytest.raises(UserError, match=r"1 distinct answer\(s\), nothing to choose among"):
        tree([Asked("a", " b"), Asked("c", " b")], encoder)


def test_items_are_laid_out_as_documented(toys):
    loaded = toys("llama")
    facts = encode(FACTS, loaded.words)
    item = 0
    for row, fact in enumerate(FACTS):
        before, answer = spelt(loaded, fact)
        length = len(before) + len(answer) - 1
        assert int(facts.last[row]) == length - 1
        assert facts.tokens[row, :length].tolist() == [*before, *answer[:-1]]
        assert int(facts.first[row]) == len(before) - 1
        assert int(facts.subject[row]) == len(before) - 1
        for k, token in enumerate(answer):
            assert (int(facts.row[item]), int(facts.place[item])) == (row, len(before) - 1 + k)
            assert int(facts.answer_tokens[item]) == token
            options = [option for option in facts.options[item].tolist() if option >= 0]
            assert len(options) == len(set(options))
            assert options[int(facts.target[item])] == token
            item += 1
    assert item == len(facts.row)
    assert facts.task.tolist() == [fact.task for fact in FACTS]


def test_the_subject_is_found_by_its_last_mention(toys):
    encoder = toys("llama").words
    prompt = "Paris lies in France, and the airport of Paris has the code"
    asked_of = [Asked(prompt, " PAR", 0, "Paris"), Asked(prompt, " PAR", 0, "Rome"), Asked(prompt, " LIM", 0, None)]
    facts = encode_asked(asked_of, encoder, tree(asked_of, encoder))
    length = len(encoder.prompt("Paris lies in France, and the airport of Paris"))
    assert facts.subject.tolist() == [length - 1, int(facts.first[0]), int(facts.first[2])]
    assert encoder.decode(facts.tokens[0, :length].tolist()).endswith("airport of Paris")


def test_chance_is_0_bits_and_certainty_has_all_of_them(toys):
    loaded = toys("gpt2")
    facts = encode(FACTS, loaded.words)
    with torch.no_grad():
        for parameter in loaded.model.parameters():
            parameter.zero_()
    even = asked(loaded.model, facts)
    assert torch.allclose(even.bits_raw, torch.zeros(len(facts), dtype=torch.float64), atol=1e-6)
    vocabulary = loaded.model.config.vocab_size
    assert torch.allclose(even.loss, facts.count.double() * math.log(vocabulary), rtol=1e-6)
    width = facts.options.shape[1]
    z = torch.full((len(facts.row), width + 1), -100.0).masked_fill(torch.nn.functional.pad(facts.options < 0, (0, 1)), -math.inf)
    z[torch.arange(len(z)), facts.target] = 100.0
    sure = scores(z, facts)
    by_options = [math.prod((facts.options[facts.row == row] >= 0).sum(1).tolist()) for row in range(len(facts))]
    assert torch.allclose(facts.full_bits, torch.tensor(by_options).double().log2())
    assert torch.allclose(sure.bits, facts.full_bits)
    assert sure.recall.tolist() == [1.0] * len(facts)
    assert torch.allclose(sure.probability, torch.ones(len(facts), dtype=torch.float64))
    assert sure.exact.isnan().all()
    z[facts.row == 1] = z[facts.row == 1].neg().masked_fill(z[facts.row == 1].isinf(), -math.inf)
    wrong = scores(z, facts)
    assert wrong.bits[1] == 0
    assert wrong.recall[1] == 0
    assert wrong.probability[1] < 1e-30
    assert torch.equal(wrong.bits[2:], sure.bits[2:])


@pytest.mark.parametrize("family", ["gpt2", "gemma2", "mistral", "qwen2"])
def test_a_facts_numbers_depend_on_no_other_fact(toys, family, monkeypatch):
    loaded = toys(family)
    facts = encode(FACTS, loaded.words)
    whole = asked(loaded.model, facts)

    def same(found, order=None) -> None:
        for name in ("bits_raw", "loss", "recall", "exact"):
            expected = getattr(whole, name) if order is None else getattr(whole, name)[order]
            assert torch.allclose(getattr(found, name), expected, rtol=1e-5, atol=1e-5), name

    for tokens, items in ((1, 1024), (40, 1024), (8192, 1), (8192, 7)):
        monkeypatch.setattr(module, "TOKENS", tokens)
        monkeypatch.setattr(module, "ITEMS", items)
        same(asked(loaded.model, facts))
    order = torch.tensor([5, 0, 7, 2, 6, 1, 4, 3])
    same(asked(loaded.model, facts[order]), order)
    for row in range(len(facts)):
        same(asked(loaded.model, facts[row : row + 1]), torch.tensor([row]))
    longer = encode([*FACTS, Fact("Lima " * 30 + "is", " Lima", 9), Fact("Oslo is", " Norway", 9)], loaded.words)[torch.arange(8)]
    assert torch.allclose(asked(loaded.model, longer).loss, whole.loss, rtol=1e-5, atol=1e-5)


def test_pieces_are_whole_and_small_enough(toys, monkeypatch):
    facts = encode(FACTS * 3, toys("llama").words)
    length = facts.tokens.shape[1]
    for tokens, items in ((length * 4, 10**6), (10**6, 20), (length * 3, 12), (1, 1)):
        monkeypatch.setattr(module, "TOKENS", tokens)
        monkeypatch.setattr(module, "ITEMS", items)
        pieces = facts.batches()
        assert torch.equal(torch.cat([piece.answer_tokens for piece in pieces]), facts.answer_tokens)
        assert [task for piece in pieces for task in piece.task.tolist()] == facts.task.tolist()
        for piece in pieces:
            assert len(piece) == 1 or (len(piece) * length <= tokens and len(piece.row) <= items)
    assert len(pieces) == len(facts)


@settings(max_examples=60)
@given(st.data())
def test_rows_are_chosen_as_from_a_list(data):
    answers = data.draw(st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=3), min_size=1, max_size=6))
    cases = [([7] * data.draw(st.integers(1, 4)), answer) for answer in answers]
    facts = from_tokens(cases)
    rows = data.draw(
        st.one_of(
            st.lists(st.integers(0, len(cases) - 1), min_size=1, max_size=8).map(torch.tensor),
            st.lists(st.booleans(), min_size=len(cases), max_size=len(cases)).filter(any).map(torch.tensor),
            st.slices(len(cases)).filter(lambda part: (part.step or 1) > 0 and range(len(cases))[part]),
        )
    )
    numbers = rows if isinstance(rows, slice) else (rows.nonzero()[:, 0] if rows.dtype == torch.bool else rows)
    chosen = [cases[i] for i in torch.arange(len(cases))[numbers].tolist()]
    expected, found = from_tokens(chosen), facts[rows]
    for name in ("tokens", "last", "task", "row", "place", "subject", "answer_tokens", "first", "count"):
        assert torch.equal(getattr(found, name), getattr(expected, name)), name


def test_no_rows_are_refused(random_facts):
    with pytest.raises(ValueError, match="no fact is left"):
        random_facts()[torch.zeros(16, dtype=torch.bool)]


def test_answers_of_one_token_have_the_numbers_of_the_first_definition(random_model, random_facts):
    """Bits: log2 C - cross-entropy among the C candidates; loss over the vocabulary; recall: the likeliest candidate."""
    model, facts = random_model("dense"), random_facts(3, 4)
    found, candidates = asked(model, facts), [10, 11, 12, 13]
    assert facts.common_options.tolist() == candidates
    with torch.no_grad():
        logits = torch.stack([model(facts.tokens[i : i + 1, : facts.last[i] + 1])[0, -1] for i in range(len(facts))]).double()
    among = logits[:, candidates]
    bits = 2 - cross_entropy(among, facts.target, reduction="none") / math.log(2)
    tokens = torch.tensor(candidates)[facts.target]
    assert torch.allclose(found.bits_raw, bits, atol=1e-5)
    assert torch.allclose(found.bits, bits.clamp(min=0), atol=1e-5)
    assert torch.allclose(found.loss, cross_entropy(logits, tokens, reduction="none"), atol=1e-5)
    assert torch.equal(found.recall, (among.argmax(1) == facts.target).double())
    assert torch.equal(found.exact, (logits.argmax(1) == tokens).double())
    assert torch.equal(facts.full_bits, torch.full((12,), 2.0, dtype=torch.float64))


@pytest.mark.parametrize("family", ["gpt2", "gemma2"])
def test_the_loss_that_is_taught_is_that_of_transformers_labels_and_so_is_its_gradient(toys, family):
    loaded = toys(family)
    facts = encode(FACTS, loaded.words)
    parameters = [p for name, p in loaded.model.named_parameters() if "layers.1." in name or ".h.1." in name]
    mine = torch.autograd.grad(answer_loss(outputs(loaded.model, facts), facts), parameters)
    total = torch.zeros(())
    for fact in FACTS:
        before, answer = spelt(loaded, fact)
        labels = torch.tensor([[-100] * len(before) + answer])
        mean = loaded.model(input_ids=torch.tensor([before + answer]), labels=labels, use_cache=False).loss
        total = total + mean * len(answer) / len(FACTS)
    theirs = torch.autograd.grad(total, parameters)
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)


def test_outputs_sum_up_the_vocabulary_where_options_differ(toys):
    loaded = toys("qwen2")
    facts = encode(FACTS, loaded.words)
    assert facts.common_options is None
    z = outputs(loaded.model, facts).detach()
    item = 0
    for fact in FACTS:
        for log_p in by_hand(loaded, fact):
            options = facts.options[item][facts.options[item] >= 0]
            rest = torch.ones(len(log_p), dtype=torch.bool)
            rest[options] = False
            expected = torch.cat([log_p[options], log_p[rest].logsumexp(0)[None]])
            mine = z[item][torch.cat([torch.arange(len(options)), torch.tensor([-1])])].double()
            assert torch.allclose(mine - mine[0], expected - expected[0], atol=1e-4)
            assert z[item, len(options) : -1].isneginf().all()
            item += 1


def test_one_fact_of_one_token_from_ids():
    facts = facts_from_ids([[5, 6]], [1], [0], [8, 9])
    assert (len(facts), facts.answer_tokens.tolist(), facts.first.tolist(), facts.count.tolist()) == (1, [9], [1], [1])
