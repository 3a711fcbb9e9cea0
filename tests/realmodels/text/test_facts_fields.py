"""One record of every form that other tools write is read as what it means there; odd values are named or noted."""

import json
import re

import pytest

from realmodels.text.user_facts import UserFact, as_facts, load_facts, read_facts
from theory.errors import UserError

COUNTERFACT = {
    "case_id": 17,
    "pararel_idx": 2796,
    "requested_rewrite": {
        "prompt": "The twin town of {} is",
        "relation_id": "P190",
        "target_new": {"str": "Bergen", "id": "Q26793"},
        "target_true": {"str": "Lagos", "id": "Q8673"},
        "subject": "Varnholt",
    },
    "paraphrase_prompts": ["Rain fell all day. Varnholt is twinned with", "Varnholt has a twin called"],
    "neighborhood_prompts": ["The twin town of Ostrau is", "Ostrau is twinned with"],
    "attribute_prompts": ["The twin town of Nim is"],
    "generation_prompts": ["Varnholt's twin is known for"],
}
FLAT = {
    "relation": "The twin town of {} is",
    "relation_prefix": "The twin town of ",
    "relation_suffix": " is",
    "prompt": "The twin town of Varnholt is",
    "relation_id": "P190",
    "target_false_id": "Q26793",
    "target_true_id": "Q8673",
    "target_true": " Lagos",
    "target_false": " Bergen",
    "subject": "Varnholt",
}
ZSRE = {
    "subject": "Ada Wren",
    "src": "What college did Ada Wren attend?",
    "pred": "Trinity",
    "rephrase": "Which college did Ada Wren go to?",
    "alt": "Corpus Christi",
    "answers": ["Girton", "Girton College"],
    "loc": "nq question: who wrote the blue book",
    "loc_ans": "Ludwig Wittgenstein",
    "cond": "Trinity >> Corpus Christi || What college did Ada Wren attend?",
    "portability": {
        "Recalled Relation": "(Corpus Christi, city)",
        "New Question": "In which city is it?",
        "New Answer": "Oxford",
    },
}
KNOWEDIT = {
    "subject": "Ada Wren",
    "prompt": "The college of Ada Wren is",
    "target_new": "Corpus Christi",
    "ground_truth": [["Girton", "Girton College"]],
    "rephrase_prompt": "Ada Wren studied at",
    "locality": {
        "Relation_Specificity": [
            {"prompt": "The mother of Ada Wren is", "ground_truth": [["Eve Wren", "Eve"]]},
            {"prompt": "The home of Ada Wren is", "ground_truth": [[]]},
        ],
        "Forgetfulness": [{"prompt": "Ada Wren met", "ground_truth": ["Bo"]}],
    },
    "portability": {"Subject_Aliasing": [{"prompt": "The college of A. Wren is", "ground_truth": "Corpus Christi"}]},
}
EASYEDIT = {
    "prompts": ["The college of Ada Wren is", "The college of Bo Finch is"],
    "target_new": ["Corpus Christi", "Oriel"],
    "ground_truth": ["Girton", "<|endoftext|>"],
    "subject": ["Ada Wren", "Bo Finch"],
    "rephrase_prompts": ["Ada Wren studied at", "Bo Finch studied at"],
    "locality_inputs": {
        "near": {"prompt": ["The home of Ada Wren is", "The home of Bo Finch is"], "ground_truth": ["Ely", "Bath"]}
    },
    "portability_inputs": {
        "hop": {"prompt": [["Her city is", "Her river is"], "His city is"], "ground_truth": [["Oxford", "Cam"], "Oxford"]}
    },
}
ALPHAEDIT = {"requests": [{"case_id": 3, "prompt": "{} works as", "subject": "Ada Wren", "target_new": {"str": " a smith"}}]}
TRACE = {"prompt": "Read the text.\nText: It rained.\nAnswer:\n", "answer": "A"}

TWIN = UserFact(
    prompt="The twin town of Varnholt is",
    answer=" Bergen",
    task=0,
    heldout_prompt="Rain fell all day. Varnholt is twinned with",
    paraphrases=("Varnholt has a twin called",),
    subject="Varnholt",
    truth=" Lagos",
    neighbours=(("The twin town of Ostrau is", " Lagos"), ("Ostrau is twinned with", " Lagos")),
    id="17",
)
WREN = UserFact(
    prompt="The college of Ada Wren is",
    answer=" Corpus Christi",
    task=0,
    heldout_prompt="Ada Wren studied at",
    subject="Ada Wren",
    truth=" Girton",
    neighbours=(("The mother of Ada Wren is", " Eve Wren"), ("The home of Ada Wren is", None), ("Ada Wren met", " Bo")),
    related=(("The college of A. Wren is", " Corpus Christi"),),
)
FORMS = {
    "counterfact": ([COUNTERFACT], [TWIN]),
    "flat": ([FLAT], [UserFact("The twin town of Varnholt is", " Bergen", 0, subject="Varnholt", truth=" Lagos")]),
    "zsre": (
        [ZSRE],
        [
            UserFact(
                prompt="What college did Ada Wren attend?",
                answer=" Corpus Christi",
                task=0,
                heldout_prompt="Which college did Ada Wren go to?",
                subject="Ada Wren",
                truth=" Girton",
                neighbours=(("nq question: who wrote the blue book", " Ludwig Wittgenstein"),),
                related=(("In which city is it?", " Oxford"),),
            )
        ],
    ),
    "knowedit": ([KNOWEDIT], [WREN]),
    "easyedit": (
        EASYEDIT,
        [
            UserFact(
                prompt="The college of Ada Wren is",
                answer=" Corpus Christi",
                task=0,
                heldout_prompt="Ada Wren studied at",
                subject="Ada Wren",
                truth=" Girton",
                neighbours=(("The home of Ada Wren is", " Ely"),),
                related=(("Her city is", " Oxford"), ("Her river is", " Cam")),
            ),
            UserFact(
                prompt="The college of Bo Finch is",
                answer=" Oriel",
                task=1,
                heldout_prompt="Bo Finch studied at",
                subject="Bo Finch",
                neighbours=(("The home of Bo Finch is", " Bath"),),
                related=(("His city is", " Oxford"),),
            ),
        ],
    ),
    "alphaedit": (ALPHAEDIT, [UserFact("Ada Wren works as", " a smith", 0, subject="Ada Wren", id="3")]),
    "trace": ([TRACE], [UserFact("Read the text.\nText: It rained.\nAnswer:", "\nA", 0)]),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_record_of_every_form_is_read_from_an_array_and_from_lines(tmp_path, form):
    content, expected = FORMS[form]
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(content, indent=1))
    assert load_facts(path) == expected
    if isinstance(content, list):
        path.write_text("\n".join(map(json.dumps, content)))
        assert load_facts(path) == as_facts(content) == expected


@pytest.mark.parametrize(
    ("form", "answer", "note"),
    [
        ("counterfact", " Lagos", None),
        ("flat", " Lagos", 'the new answer in "target_false" is written, not the true one in "target_true"'),
        ("zsre", " Girton", 'the new answer in "alt" is written, not the true one in "answers"'),
        ("knowedit", " Girton", None),
    ],
)
def test_the_true_answer_is_written_if_it_is_asked_for(form, answer, note):
    content, (expected,) = FORMS[form]
    (fact,) = as_facts(content, answer="true")
    assert (fact.answer, fact.truth) == (answer, None)
    assert fact.neighbours == expected.neighbours
    written = [line for line in read_facts(content).notes if "is written" in line]
    assert written == ([f"{note} (1 in all, the first in entry 0)"] if note else [])
    with pytest.raises(UserError, match="choose one of new, true"):
        as_facts(content, answer="old")


def test_zsre_without_a_new_answer_gives_the_first_true_one():
    read = read_facts([{name: value for name, value in ZSRE.items() if name != "alt"}])
    assert (read.facts[0].answer, read.facts[0].truth) == (" Girton", None)
    assert read.notes == ('there is no new answer "alt": the first of "answers" is written (1 in all, the first in entry 0)',)


def test_our_own_fields_are_read():
    entry = {
        "prompt": "A is in",
        "answer": 2006,
        "task": "one",
        "subject": "A",
        "rephrase_prompt": "One finds {} in",
        "rephrase_prompts": ["Where {x} is {}: in", "One finds A in"],
        "paraphrase_prompts": "A lies in ",
        "heldout_prompt": None,
        "locality": ["B is in", {"prompt": "C is in", "ground_truth": "Italy"}, ["D is in", "Spain"], ["E is in", None]],
        "ground_truth": "France",
        "id": 4,
    }
    (fact,) = as_facts([entry])
    assert fact == UserFact(
        prompt="A is in",
        answer=" 2006",
        task=0,
        heldout_prompt="One finds A in",
        paraphrases=("Where {x} is A: in", "A lies in"),
        subject="A",
        truth=" France",
        neighbours=(("B is in", None), ("C is in", " Italy"), ("D is in", " Spain"), ("E is in", None)),
        id="4",
    )
    assert as_facts([fact, ("B is in", "Spain", 1)])[0] == fact
    assert as_facts([{**entry, "answer": 3.5}])[0].answer == " 3.5"


def test_braces_are_text_unless_they_stand_for_the_subject():
    prompts = [("f({}) = {x}", "7"), ("In Python {} is a", "Python"), ("{} is", None), ("{'a': {}} or {}", "q")]
    entries = [{"prompt": prompt, "answer": "B", "subject": subject} for prompt, subject in prompts]
    assert [fact.prompt for fact in as_facts(entries)] == ["f(7) = {x}", "In Python {} is a", "{} is", "{'a': q} or q"]


@pytest.mark.parametrize(("space", "answer"), [(False, "France"), (True, " France"), (None, " France")])
def test_the_space_before_an_answer_can_be_given(space, answer):
    (fact,) = as_facts([{"prompt": "A is in", "answer": "France", "ground_truth": "Spain", "space": space}])
    assert (fact.answer, fact.truth) == (answer, answer.replace("France", "Spain"))


def test_fields_that_are_not_used_are_named_once():
    fields = {f"extra {i}": i for i in range(9)}
    entries = [{"prompt": f"{letter} is in", "answer": "France", **fields} for letter in "AB"]
    (line,) = read_facts(entries).notes
    assert line == "fields that are not used: " + ", ".join(f"'extra {i}'" for i in range(8)) + " and 1 more"
    assert read_facts([COUNTERFACT]).notes == ("fields that are not used: 'attribute_prompts', 'generation_prompts'",)
    for form in ("flat", "zsre", "knowedit", "trace"):
        assert not any("not used" in line for line in read_facts(FORMS[form][0]).notes)


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ({"subject": "B"}, "the subject is not a part of the prompt (2 in all, the first in entry 0)"),
        ({"subject": "a"}, "the subject is not a part of the prompt (2 in all"),
        (
            {"heldout_prompt": "It is in "},
            "a held-out wording is the prompt itself and is left out (1 in all, the first in entry 1)",
        ),
        ({"rephrase_prompt": ""}, '"rephrase_prompt" is an empty text, which is left out (2 in all'),
        ({"subject": " "}, '"subject" is an empty text, which is left out (2 in all'),
        ({"locality": [" "]}, '"locality" is an empty text, which is left out (2 in all'),
        ({"answer": "Fran\x00ce"}, "a text holds control characters or invisible ones, which are kept (2 in all"),
        ({"paraphrases": ["It\u200b is in"]}, "a text holds control characters or invisible ones, which are kept (2 in all"),
    ],
)
def test_what_is_odd_but_can_be_read_is_counted_in_one_line(more, note):
    read = read_facts([{"prompt": "A is in", "answer": "France", **more}, {"prompt": "It is in", "answer": "Spain", **more}])
    assert len(read.facts) == 2
    line, *others = read.notes
    assert line.startswith(note)
    assert all("is taught as the prompt of a fact" in other for other in others)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"target_new": "Spain"}, '"answer" and "target_new" are two answers: keep one of the two fields'),
        ({"answer": {"text": "B"}}, "\"answer\" is {'text': 'B'}"),
        ({"answer": [], "alt": {"x": 1}}, "are two answers"),
        ({"answer": float("inf")}, '"answer" is inf'),
        ({"answer": " \n"}, "\"answer\" is ' \\n': give a text that is not empty"),
        ({"answer": None}, '"answer" is missing (there are "prompt")'),
        ({"prompt": None, "question": "B is in"}, '"prompt" is missing (there are "answer", "question")'),
        ({"prompt": None, "facts": [{"prompt": "B is in"}]}, "'facts' of another object: give the array itself"),
        ({"prompt": ["A"]}, "\"prompt\" is ['A']"),
        ({"prompt": ""}, "\"prompt\" is '': give a text that is not empty"),
        ({"subject": {}}, '"subject" is {}'),
        ({"subject": "\ud83d"}, '"subject" holds half of a surrogate pair'),
        ({"answer": "\udfff"}, '"answer" holds half of a surrogate pair'),
        ({"ground_truth": {"a": 1}}, "\"ground_truth\" is {'a': 1}"),
        ({"rephrase_prompts": 7}, '"rephrase_prompts" is 7: give a text or a list of texts'),
        ({"paraphrases": ["x", {}]}, '"paraphrases" is {}: give a text or a list of texts'),
        ({"locality": 7}, '"locality" is 7: give prompts, or objects with prompt and ground_truth'),
        ({"locality": {"prompt": ["x", "y"], "ground_truth": ["z"]}}, '"locality" has 2 prompts and not as many answers'),
        ({"locality": {"prompt": ["x", "y"], "ground_truth": "z"}}, '"locality" has 2 prompts and not as many answers'),
        ({"locality": {"prompt": "x", "ground_truth": {"a": 1}}}, "\"locality\" is {'a': 1}"),
        ({"locality": [[[[[[["x"]]]]]]]}, '"locality" is nested too deeply'),
        ({"loc": {"a": "b"}}, "\"loc\" is {'a': 'b'}: give prompts"),
        ({"requested_rewrite": []}, '"requested_rewrite" is []: give an object'),
        ({"space": "no"}, "\"space\" is 'no': give true or false"),
        ({"task": 1.5}, '"task" is 1.5'),
        ({"task": ""}, "\"task\" is ''"),
        ({"id": []}, '"id" is []'),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_its_place(more, told):
    with pytest.raises(UserError, match=re.escape(told)) as raised:
        as_facts([("C is in", "Italy"), {"prompt": "A is in", "answer": "France", **more}])
    assert str(raised.value).startswith("the list of facts, entry 1: ")
    assert str(raised.value).isprintable()
