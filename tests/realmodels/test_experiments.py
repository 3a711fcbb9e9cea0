"""What the experiments on trainings compare is comparable: cells of `architectures` and `knowledge`."""

import pytest

from realmodels.experiments import architectures, knowledge
from realmodels.model.architectures import ARCHITECTURES
from realmodels.text.biographies import RELATIONS, Biographies
from realmodels.text.fact_texts import texts
from realmodels.text.known_cities import CITY
from realmodels.training.recipe import DEVELOPMENT_SEED, SEEDS, PretrainConfig


def trainings(preset: str) -> dict[tuple[str, str], PretrainConfig]:
    """{(architecture, equal what): its training}."""
    configs = [(cell["equal"], {k: v for k, v in cell.items() if k != "equal"}) for cell in architectures.cells(preset)]
    made = [(equal, PretrainConfig.from_json(config)) for equal, config in configs]
    return {(config.model.architecture, equal): config for equal, config in made}


def test_a_cost_stands_for_every_architecture():
    assert set(architectures.COST) == set(ARCHITECTURES)
    assert architectures.COST["dense"] == 1.0
    assert all(0.5 < cost < 5 for cost in architectures.COST.values())


@pytest.mark.parametrize("preset", ["quick", "paper"])
def test_every_architecture_reads_as_many_tokens_or_takes_as_long(preset):
    found = trainings(preset)
    assert set(found) == {(name, equal) for name in ARCHITECTURES for equal in ("tokens", "time")} - {("dense", "time")}
    dense = found["dense", "tokens"]
    for (name, equal), config in found.items():
        assert (config.batch, config.corpus, config.seed) == (dense.batch, dense.corpus, dense.seed)
        assert config.model.context == dense.model.context
        if equal == "tokens":
            assert config.steps == dense.steps
        else:
            assert abs(config.steps * architectures.COST[name] - dense.steps) <= architectures.COST[name] / 2


def test_the_models_of_knowledge_are_those_of_architectures():
    """So that they are trained once, and the noise of a seed is that of the same training."""
    mine = {config.key for config in trainings("paper").values()}
    theirs = {knowledge.taught(name, knowledge.SEEDS["paper"][0], "paper").key for name in knowledge.MODELS}
    assert theirs <= mine


def test_no_reported_seed_is_that_of_the_pilots():
    assert DEVELOPMENT_SEED not in (*SEEDS["paper"], *knowledge.SEEDS["paper"])
    assert all(config.corpus.people_seed in knowledge.SEEDS["paper"] for config in trainings("paper").values())


def test_held_out_sentences_are_in_no_text_from_the_name_on():
    """Searched in the texts themselves; "prefixed" sentences are found there from the name on, and nowhere as a whole."""
    read = "\n".join(texts(Biographies(knowledge.PEOPLE, 5), 100, knowledge.CITIES))
    names = {relation: [name for other, name, _ in known if other is relation]
             for known in knowledge.facts(5).values() for relation in {fact[0] for fact in known}}  # fmt: skip
    for relation in (*RELATIONS.values(), CITY):
        held = {sort: knowledge.phrasings(relation, sort) for sort in ("prefixed", "heldout")}
        assert held["heldout"]
        for sort, found in held.items():
            for phrasing in found:
                assert not any(phrasing.format(name) in read for name in names[relation])
                tails = [name + phrasing.split("{}")[1] in read for name in names[relation]]
                assert all(tails) if sort == "prefixed" else not any(tails)


def test_every_question_has_the_answer_of_its_fact():
    for sort in knowledge.PHRASINGS:
        for kind, questions in knowledge.questions(5, sort).items():
            values = {(name, value) for _, name, value in knowledge.facts(5)[kind]}
            assert questions
            assert len({question.prompt for question in questions}) == len(questions)
            assert all(any(name in q.prompt and q.answer == f" {value}." for name, value in values) for q in questions)
