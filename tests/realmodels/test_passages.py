"""Prompts behind passages: what stands where, and that the question asked stays the same."""

from types import SimpleNamespace

import numpy as np
import torch

from realmodels.experiments.attention_flows import behind


def test_each_prompt_stands_behind_a_passage_of_held_out_text(spelled_facts):
    """Every position is moved by the length of the passage, and the tokens there are those that were there."""
    facts = spelled_facts()
    text = SimpleNamespace(heldout={"a": np.arange(100, 160, dtype=np.uint16), "b": np.arange(160, 200, dtype=np.uint16)})
    moved = behind(facts, text, 5, np.random.default_rng(0))
    assert torch.equal(moved.tokens[:, 5:], facts.tokens)
    passages = moved.tokens[:, :5]
    assert torch.equal(passages - passages[:, :1], torch.arange(5).expand(len(facts), -1))
    assert passages.min() >= 100
    assert passages.max() < 200
    rows = torch.arange(len(facts))
    for name in ("last", "subject"):
        assert torch.equal(moved.tokens[rows, getattr(moved, name)], facts.tokens[rows, getattr(facts, name)])
    assert torch.equal(moved.tokens[moved.row, moved.place], facts.tokens[facts.row, facts.place])
    assert len(set(passages[:, 0].tolist())) > 1
