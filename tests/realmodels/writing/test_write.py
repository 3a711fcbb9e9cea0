"""What a written stream is reported as: numbers that agree with one another, with the texts, and with a loop by hand."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import realmodels
from realmodels.model.loaded import load
from realmodels.model.saying import said
from realmodels.text.user_facts import as_facts
from realmodels.writing.applied import apply
from realmodels.writing.history import DEFINITIONS, SCORES
from realmodels.writing.methods.binding import bind
from realmodels.writing.outputs import asked, encode
from realmodels.writing.question import Question
from realmodels.writing.stream import write_task
from realmodels.writing.write import write
from tests.realmodels.toys import WINDOW
from tests.realmodels.writing.places import ENTRIES, PLACES, facts_file, reported, stream_of_three
from theory.errors import UserError

FAST = {"method": "full", "learning_rate": 0.02, "steps": 10, "ruin": math.inf}


def by_hand(loaded, entries, rate: float, steps: int) -> dict[str, np.ndarray]:
    """{score: [T + 1, F]}: plain steps on each task's loss, all facts asked after each."""
    model, facts = loaded.copy(), encode(as_facts(entries), loaded.words)
    rows = [asked(model, facts)]
    for task in sorted(set(facts.task.tolist())):
        mine = facts.of_task(task)
        for _ in range(steps):
            loss = 0.0
            for row in range(len(mine)):
                tokens, items = mine.tokens[row, : mine.last[row] + 1], mine.row == row
                logits = model(tokens[None]).logits[0] if not loaded.ours else model(tokens[None])[0]
                log_p = logits[mine.place[items]].log_softmax(-1)
                loss = loss - log_p.gather(1, mine.answer_tokens[items][:, None]).sum() / len(mine)
            gradients = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
            with torch.no_grad():
                for parameter, g in zip(model.parameters(), gradients, strict=True):
                    if g is not None:
                        parameter -= rate * g
        rows.append(asked(model, facts))
    return {name: np.stack([getattr(row, name).numpy() for row in rows]) for name in SCORES}


@pytest.mark.parametrize("family", ["llama", "gemma2", "gpt2"])
def test_the_report_is_that_of_plain_gradient_descent_by_hand(toys, family):
    loaded, entries = toys(family), stream_of_three()
    entries[-1]["task"] = 1  # tasks of 2, 3 and 1 facts
    entries = sorted(entries, key=lambda entry: entry["task"])
    truth = by_hand(loaded, entries, 0.02, 10)
    found = write(loaded, entries, **FAST)
    task = np.array([entry["task"] for entry in entries])
    for name in SCORES:
        R = np.stack([truth[name][:, task == t].mean(1) for t in range(3)], 1)
        assert np.array(found.matrix[name], dtype=float) == pytest.approx(R, rel=2e-3, abs=2e-3)
        assert found.continual[name]["acc"] == pytest.approx(R[3].mean(), rel=2e-3, abs=2e-3)
    fresh = {name: truth[name][task + 1, np.arange(len(task))] for name in SCORES}
    expected = {
        "exact_before": truth["exact"][0].mean(),
        "exact_learned": fresh["exact"].mean(),
        "exact_kept": truth["exact"][3].mean(),
        "probability": truth["probability"][3].mean(),
        "bits_before": truth["bits"][0].mean(),
        "learned": fresh["bits"].mean(),
        "kept": truth["bits"][3].mean(),
        "recall": truth["recall"][3].mean(),
    }
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, rel=2e-3, abs=2e-3), name
    assert found.exact_kept > found.exact_before
    table = found.per_fact
    for name in ("exact", "probability", "bits"):
        for when, values in (("before", truth[name][0]), ("fresh", fresh[name]), ("final", truth[name][3])):
            assert table[f"{name}_{when}"].to_numpy() == pytest.approx(values, rel=2e-3, abs=2e-3)
    by_age = {age: [R[t + 1 + age, t] for t in range(3 - age)] for age in range(3) for R in [_matrix(truth["bits"], task)]}
    assert found.age == [0, 1, 2]
    assert found.bits == pytest.approx([np.mean(by_age[age]) for age in range(3)], rel=2e-3, abs=2e-3)


def _matrix(of_facts: np.ndarray, task: np.ndarray) -> np.ndarray:
    return np.stack([of_facts[:, task == t].mean(1) for t in range(3)], 1)


def test_texts_are_what_the_model_says_and_agree_with_exact(toys):
    loaded = toys("llama")
    found = write(loaded, stream_of_three(), **{**FAST, "learning_rate": 0.05})
    table = found.per_fact
    assert table.exact_final.sum() > 0
    for row in table.itertuples():
        answer = f" {row.answer.strip()}"
        assert bool(row.exact_final) == str(row.text_final).startswith(answer)
        assert bool(row.exact_before) == str(row.text_before).startswith(answer)
    prompts = [loaded.words.prompt(prompt) for prompt in table.prompt]
    count = max(len(loaded.words.joined(row.prompt, row.answer)[1]) for row in table.itertuples()) + 4
    assert table.text_before.tolist() == said(loaded.model, loaded.words, prompts, count)
    without = write(loaded, stream_of_three(), **{**FAST, "learning_rate": 0.05}, texts=False)
    assert not {"text_before", "text_final"} & set(without.per_fact)
    assert without.kept == found.kept


def test_the_table_has_a_row_per_fact_with_its_id_and_goes_through_csv(toys, tmp_path):
    entries = [{**entry, "case_id": 7 + n} for n, entry in enumerate(ENTRIES[:2])] + ENTRIES[2:]
    entries = [{name: value for name, value in entry.items() if name != "task"} for entry in entries]
    table = write(toys("gpt2"), facts_file(tmp_path / "facts.jsonl", entries), **FAST).per_fact
    assert table.id.tolist() == ["7", "8", "line 3", "line 4"]
    assert table.task.tolist() == [0, 1, 2, 3]
    assert table.prompt.tolist() == [entry["prompt"] for entry in entries]
    assert table.answer.str.strip().tolist() == [answer for _, answer in PLACES]
    table.to_csv(tmp_path / "table.csv", index=False)
    again = pd.read_csv(tmp_path / "table.csv", keep_default_na=False)
    assert again.text_final.tolist() == table.text_final.tolist()
    assert again.bits_final.to_numpy() == pytest.approx(table.bits_final.to_numpy())


EDITS = [
    {
        "prompt": "The capital of France is",
        "answer": "Tokyo",
        "ground_truth": "Paris",
        "rephrase_prompts": ["France has the capital", "Of France, the capital is"],
        "locality": {"near": [{"prompt": "The capital of Spain is", "ground_truth": "Madrid"}]},
    },
    {"prompt": "The capital of Peru is", "answer": "Oslo", "ground_truth": "Lima"},
]


def test_what_is_asked_beside_the_facts_is_asked_of_the_written_model(toys, tmp_path):
    loaded = toys("llama")
    known = [("Oslo lies in", "Norway"), ("Lima lies in", "Peru")]
    found = write(loaded, EDITS, **FAST, known=known, out=tmp_path / "delta")
    apply(loaded.path, tmp_path / "delta", tmp_path / "new")
    after = load(tmp_path / "new")
    other = encode(as_facts([{**EDITS[0], "prompt": p} for p in EDITS[0]["rephrase_prompts"]] + EDITS[1:]), after.words)
    now = asked(after.model, other)
    assert found.exact_rephrased == pytest.approx(float(now.exact[:2].mean()))
    assert found.recall_heldout_phrasing == pytest.approx(float(now.recall[:2].mean()))
    assert found.heldout_phrasing == "2 held-out wordings of 1 of 2 facts"

    def per_token(prompt: str, answer: str) -> float:
        one = encode(as_facts([(prompt, answer), ("x", "y")]), after.words)[:1]
        return float(asked(after.model, one).loss / one.count)

    efficacy = [per_token(e["prompt"], e["answer"]) < per_token(e["prompt"], e["ground_truth"]) for e in EDITS]
    assert found.efficacy == np.mean(efficacy)
    near = per_token("The capital of Spain is", "Madrid") < per_token("The capital of Spain is", "Tokyo")
    assert found.neighbourhood == near
    assert (found.neighbours_before, found.known_before) == (0, 0)
    assert (found.neighbours_kept, found.known_kept) == (None, None)  # nothing was right before
    taught = write(after, EDITS, "full", 1e-6, 1, known=[(e["prompt"], e["answer"]) for e in EDITS])
    right = asked(after.model, encode(as_facts(EDITS), after.words)).exact
    assert taught.known_before == float(right.mean())
    assert taught.known_kept == (1 if right.sum() else None)


def test_undefined_numbers_are_null_with_the_reason(toys):
    found = write(toys("gpt2"), [(p, a, 0) for p, a in (("Avonlea is in", "Canada"), ("Macondo is in", "Brazil"))], **FAST)
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    for name in ("efficacy", "paraphrase", "neighbourhood", "score"):
        assert told[name] is None
        assert told["undefined"][name]
    assert told["continual"]["exact"]["bwt"] is None
    assert "one task only" in told["undefined"]["bwt"]
    assert set(DEFINITIONS) <= set(told["definitions"])
    assert len(told["retained"]) == 1
    assert np.array(told["matrix"]["exact"]).shape == (2, 1)


@pytest.mark.parametrize(
    "entries",
    [
        [{**entry, "task": 0} for entry in ENTRIES],  # one task
        [{"prompt": "Oz is in", "answer": "Kansas"}, {"prompt": "Ix is in", "answer": "New York"}],  # a fact a task
        [{"prompt": "Oz is in", "answer": "New"}, {"prompt": "Ix is in", "answer": "New York"}],  # one begins the other
        [{"prompt": "A", "answer": "B C D"}, {"prompt": "B", "answer": "B C E"}],  # all but the last token are shared
        [{"prompt": "天是", "answer": "蓝色"}, {"prompt": "草是", "answer": "绿色"}],
    ],
)
@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_few_facts_and_answers_of_every_kind_give_numbers(toys, family, entries):
    found = write(toys(family), entries, **{**FAST, "learning_rate": 0.05, "steps": 30})
    assert found.facts == len(entries)
    assert found.not_finite == []
    assert 0 <= found.kept <= found.full_bits + 1e-9
    assert 0 < found.chance_recall <= 1
    assert found.exact_learned > found.exact_before
    json.dumps(found.to_dict(), allow_nan=False)


def test_answers_with_nothing_to_choose_among_are_still_taught(toys):
    """ " New" and " New York" go on alike at every token, so that no bits are defined; what is said is."""
    loaded = toys("llama")
    found = write(loaded, [("Oz is in", "New"), ("Ix is in", "New York")], "full")
    assert (found.full_bits, found.chance_recall, found.kept) == (0, 1, 0)
    assert found.exact_learned == 1
    assert not any("Nothing was learned" in warning for warning in found.warnings)


def test_prompts_that_the_model_cannot_tell_apart_are_not_learned_and_that_is_said(toys):
    """Mistral with a short window reads nothing of what differs; its outputs are the same for all."""
    loaded = toys("mistral")
    same = "the place that lies there and is" + " the" * 10
    entries = [{"prompt": f"{name[0]}: {same}", "answer": answer, "task": 0} for name, answer in PLACES]
    facts = Question(loaded, entries).facts
    assert int(facts.first.min()) > 3 * WINDOW + 3
    found = write(loaded, entries, **FAST)
    assert found.exact_learned <= 0.25
    assert found.not_finite == []
    assert any("learned" in warning for warning in found.warnings)
    words = [{**entry, "answer": answer} for entry, answer in zip(entries, ("lies", "has", "airport", "code"), strict=True)]
    measured = realmodels.measure(loaded, words, "last_matrix")
    assert measured.answer_tokens == 4
    assert measured.participation_ratio == pytest.approx(1, abs=1e-3)
    assert measured.rms_overlap == pytest.approx(1, abs=1e-3)
    assert any("hardly tells these prompts apart" in warning for warning in measured.warnings)


def test_facts_that_are_known_already_are_told(toys, tmp_path):
    loaded = toys("llama")
    first = write(loaded, ENTRIES, "full", 0.1, 60, out=tmp_path / "delta", ruin=math.inf, facts_per_task=4)
    assert first.exact_kept == 1
    apply(loaded.path, tmp_path / "delta", tmp_path / "new")
    again = write(tmp_path / "new", ENTRIES, "full", 1e-5, 1)
    assert again.exact_before == 1
    assert any("right before any write: there is little to learn" in warning for warning in again.warnings)
    assert not any("Nothing was learned" in warning for warning in again.warnings)


def test_a_result_that_is_worthless_says_so(toys):
    loaded = toys("llama")
    assert "Nothing was learned" in " ".join(write(loaded, ENTRIES, "full", 1e-9, 1).warnings)
    lost = write(loaded, ENTRIES, "full", 0.1, 10, ruin=math.inf)
    assert "lost language" in " ".join(lost.warnings)
    for exact, share, told in (
        (1.0, 0.4, "The facts were learned with little certainty: 100% of the facts are said right"),
        (0.4, 0.9, "Few facts were learned word for word: 40% of the facts are said right"),
        (0.4, 0.4, "Little was learned: 40% of the facts are said right"),
    ):
        found = replace(lost, exact_learned=exact, learned=share * lost.full_bits, exact_before=0.0, bits_before=0.0)
        assert sum(warning.startswith(told) for warning in found.warnings) == 1
    narrow = write(loaded, ENTRIES, "last_matrix", steps=1, options={"where": "0.attention.key"}, texts=False)
    assert "No power of 2 in the range reaches" in " ".join(narrow.warnings) or narrow.at_grid_end
    for word in ("0", "-1", "nan"):
        with pytest.raises(UserError, match="give a number of bits per byte above 0"):
            write(loaded, ENTRIES, ruin=float(word))


def test_the_model_is_left_alone_and_two_writes_are_the_same(trained, places, tmp_path):
    path = trained[1]["dense"]
    before = (path / "model.safetensors").read_bytes()
    loaded = realmodels.load(path)
    values = {name: tensor.clone() for name, tensor in loaded.model.state_dict().items()}
    answer = write(loaded, places, "full", 0.01, out=tmp_path / "delta")
    assert reported(answer) | {"survives": None} == reported(write(loaded, places, "full", 0.01))
    assert answer.survives == pytest.approx(1)
    assert all(torch.equal(tensor, values[name]) for name, tensor in loaded.model.state_dict().items())
    assert (path / "model.safetensors").read_bytes() == before
    assert answer.learned > answer.bits_before
    with pytest.raises(UserError, match="exists"):
        write(path, places, "full", out=tmp_path / "delta")
    apply(path, tmp_path / "delta", tmp_path / "taught")
    again = realmodels.load(tmp_path / "taught")
    assert again.meta["written"]["learning_rate"] == answer.learning_rate
    facts = encode(as_facts(places), again.words)
    assert asked(again.model, facts).bits.mean().item() == pytest.approx(answer.kept, abs=1e-5)


def test_a_notebook_needs_three_lines(trained):
    """Use 5 of the review of the house: train a small model and write facts into it; the model here is a tiny one, trained."""
    facts = [("Macondo is in", "Brazil"), ("Combray is in", "France")]
    answer = realmodels.write(trained[1]["memory"], facts, method="full", learning_rate=0.05)
    assert answer.tasks == answer.facts == 2
    assert "recalled" in answer._repr_html_()
    assert list(answer.to_frame().columns) == ["age", "bits", "low", "high"]
    assert answer.plot().get_ylabel() == "bits (bits per fact)"


def test_notes_of_the_facts_file_are_told(toys, tmp_path):
    twice = facts_file(tmp_path / "facts.jsonl", [*ENTRIES, {**ENTRIES[0], "colour": "red"}])
    found = write(toys("gpt2"), twice, **FAST)
    assert any("colour" in note for note in found.notes)
    assert all(f"Note: {note}" in found.show() for note in found.notes)
    assert json.loads(json.dumps(found.to_dict()))["notes"] == list(found.notes)


def test_answers_may_begin_with_the_same_tokens_and_may_be_spelt_letter_by_letter(trained):
    """With 320 tokens every answer begins with a space and goes on in letters."""
    loaded = realmodels.load(trained[1]["dense"])
    entries = [
        {"prompt": f"{name} is", "answer": answer, "heldout_prompt": f"{name} is called"}
        for name, answer in (("Oz", "zebra"), ("Ix", "zebras"), ("Ux", "zebus"))
    ]
    found = write(loaded, entries, learning_rate=0.03)
    assert (found.facts, found.candidates) == (3, 3)
    assert found.recall_heldout_phrasing is not None
    shared = encode(as_facts(entries), loaded.words)
    assert (shared.options[:, 1] < 0).any()


def test_every_parameter_is_what_the_method_says_it_writes(toys):
    loaded = toys("llama_tied")
    found = write(loaded, ENTRIES, "last_matrix", 0.1, 2, options={"where": "1.feedforward.output"})
    writer = bind("last_matrix", loaded.copy(), Question(loaded, ENTRIES).background, where="1.feedforward.output")
    assert set(found.parameters) == set(writer.parameters) == {"model.layers.1.mlp.down_proj.weight"}
    assert found.written_parameters == 32 * 48
    before = loaded.model.get_parameter("model.layers.1.mlp.down_proj.weight").detach().clone()
    for task in (0, 1):
        write_task(writer, Question(loaded, ENTRIES).facts.of_task(task), 0.1, 2)
    (after,) = writer.parameters.values()
    ratio = float((after.detach() - before).norm() / before.norm())
    assert found.weight_change == pytest.approx(ratio, rel=1e-5)
    assert found.parameters["model.layers.1.mlp.down_proj.weight"]["weight"] == pytest.approx(ratio, rel=1e-5)


def test_a_penalty_is_told_from_the_second_task_on(toys):
    """What elastic weight consolidation costs is in the log: a penalty that stays 0 protects nothing."""
    lines_said: list[str] = []
    write(toys("llama"), stream_of_three(), "ewc", 0.02, 3, {"strength": 1.0}, ruin=math.inf, texts=False, say=lines_said.append)
    lines = [line for line in lines_said if line.startswith("task ")]
    assert ["penalty" in line for line in lines] == [False, True, True]
    first, last = map(float, lines[1].split("penalty ")[1].split(" to "))
    assert 0 < first < last
