"""Teach smollm2 airports in a training loop of one's own, with AdamW on all weights: freely, and off-mode in every linear layer.

    python paper/examples/own_loop.py [seed]

Off-mode leaves alone what prompts about other airports and other capitals have in common. Each model is taught until it says nine
tenths of the facts, so that both are compared at equal learning. Printed are the rounds over the facts, the share of the taught
facts that the model says then, the share of capitals that it still says, none of them in the background, and the cross-entropy of
a text that nobody wrote for it. It takes about ten minutes on two cores.
"""

import json
import random
import sys
from pathlib import Path

import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

import realmodels

HERE = Path(__file__).parent
TAUGHT, LEARNED, ROUNDS, BATCH, LEARNING_RATE, DIRECTIONS = 24, 0.9, 40, 8, 1e-4, 24
TEXT = (
    "Rivers carry the rain of a whole country to the sea. Where the ground is flat they are slow and wide, and the sand that "
    "they bring settles on the bottom. After a long winter the snow of the mountains melts, and the villages watch the water."
)


def facts(name: str) -> list[tuple[str, str]]:
    """(prompt, answer) of a file of this folder."""
    return [(fact["prompt"], " " + fact["answer"]) for fact in map(json.loads, (HERE / name).read_text("utf-8").splitlines())]


def loss_of(model: nn.Module, tokenizer: PreTrainedTokenizerBase, some: list[tuple[str, str]]) -> torch.Tensor:
    """Mean cross-entropy of the answers' tokens, in nats."""
    total, count = torch.zeros(()), 0
    for prompt, answer in some:
        start, whole = tokenizer(prompt)["input_ids"], tokenizer(prompt + answer)["input_ids"]
        tokens = torch.tensor([whole])
        log = model(input_ids=tokens).logits[0, len(start) - 1 : -1].log_softmax(-1)
        total = total - log.gather(1, tokens[0, len(start) :, None]).sum()
        count += len(whole) - len(start)
    return total / count


@torch.no_grad()
def said(model: nn.Module, tokenizer: PreTrainedTokenizerBase, some: list[tuple[str, str]]) -> float:
    """Share of these facts whose whole answer is the model's likeliest continuation, token after token."""
    right = 0
    for prompt, answer in some:
        start, whole = tokenizer(prompt)["input_ids"], tokenizer(prompt + answer)["input_ids"]
        likeliest = model(input_ids=torch.tensor([whole])).logits[0, len(start) - 1 : -1].argmax(-1)
        right += likeliest.tolist() == whole[len(start) :]
    return right / len(some)


def main(seed: int = 0) -> None:
    """Teach twice, and print what came of it."""
    torch.manual_seed(seed)
    draw = random.Random(seed)
    loaded = realmodels.load("smollm2")
    tokenizer = loaded.tokenizer
    airports, capitals = facts("airports.jsonl"), facts("known.jsonl")
    draw.shuffle(airports)
    draw.shuffle(capitals)
    taught, asked = airports[:TAUGHT], capitals[25:]
    background = [prompt for prompt, _ in airports[TAUGHT:] + capitals[:25]]
    text = [(TEXT[:40], TEXT[40:])]
    print("model       rounds  taught  capitals  text, nats")

    def show(name: str, model: nn.Module, rounds: int) -> None:
        """Print a line."""
        learned, kept = said(model, tokenizer, taught), said(model, tokenizer, asked)
        loss = float(loss_of(model, tokenizer, text).detach())
        print(f"{name:10}{rounds:8}{learned:8.2f}{kept:10.2f}{loss:12.2f}", flush=True)

    show("before", loaded.model, 0)
    for name in ("freely", "off-mode"):
        model = loaded.copy()
        optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
        if name == "off-mode":
            realmodels.OffMode(model, background, where="all", k=DIRECTIONS, tokenizer=tokenizer).restrict(optimizer)
        order, lesson, rounds = random.Random(seed), list(taught), 0
        while rounds < ROUNDS and said(model, tokenizer, taught) < LEARNED:
            order.shuffle(lesson)
            for start in range(0, TAUGHT, BATCH):
                loss_of(model, tokenizer, lesson[start : start + BATCH]).backward()
                optimizer.step()
                optimizer.zero_grad()
            rounds += 1
        show(name, model, rounds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
