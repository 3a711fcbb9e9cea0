"""A language model that a writing method writes into, task after task; and the same parameters trained on all tasks at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from realmodels.bench.item import Item
from realmodels.bench.kinds import stream
from realmodels.bench.levels import DEVELOPMENT
from realmodels.bench.memories.memory import Told
from realmodels.model.loaded import Loaded
from realmodels.model.reading import first_block
from realmodels.model.remembering import remembering
from realmodels.model.saying import said
from realmodels.model.transformer import Transformer
from realmodels.text.protected import protected
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.replay import together
from realmodels.writing.methods.writer import Background, Diverged
from realmodels.writing.outputs import Answers, Asked, Facts, answer_loss, encode_asked, outputs
from realmodels.writing.stream import write_task
from theory.errors import UserError

PROMPTS = 128  # items of the development stream whose prompts a method may look at
FALL = 0.5  # share of the steps of joint training in which the learning rate decays
NUMBER_BITS = 32  # all models are written as float32


class Symbols(Answers):
    """The tokens of an alphabet as the options of every symbol, whatever came before."""

    def __init__(self, tokens: Sequence[int]):
        super().__init__((), len(tokens))
        self.tokens = list(tokens)

    def options(self, beginning: tuple[int, ...], token: int) -> list[int]:
        """The tokens of the alphabet."""
        return self.tokens


class LanguageModel:
    """A copy of a model, bound to a method. learning_rate, steps: of every task. Errors as `bind`, and those of `encoded`."""

    def __init__(self, loaded: Loaded, kind: str, method: str, options: Mapping[str, Any], learning_rate: float, steps: int):
        self.loaded, self.rate, self.steps = loaded, learning_rate, steps
        self.model = loaded.copy()
        prompts = encoded([item for task in stream(kind, 4, PROMPTS // 4, DEVELOPMENT) for item in task], loaded)
        text = None if isinstance(self.model, Transformer) else protected(loaded, None).beside
        background = Background(prompts) if text is None else Background(prompts, text)
        self.writer = bind(method, self.model, background, **options)
        self.earlier: list[Facts] = []
        self.first = first_block(self.model, self.writer.parameters.values())

    @property
    def parameters(self) -> int:
        """Parameters of the model."""
        return sum(p.numel() for p in self.model.parameters())

    @property
    def written(self) -> int:
        """Parameters that the method may change."""
        return sum(p.numel() for p in self.writer.parameters.values())

    @property
    def state_bits(self) -> float:
        """Bits of the model and of what the method keeps beside it."""
        return self.parameters * NUMBER_BITS + self.writer.state_bits

    def write(self, task: Sequence[Item]) -> None:
        """Write a task by the method. Raises Diverged."""
        facts = encoded(task, self.loaded)
        with remembering(self.model, self.first):
            write_task(self.writer, facts, self.rate, self.steps, self.earlier)
        self.earlier.append(facts)

    def learn_at_once(self, tasks: Sequence[Sequence[Item]], seed: int) -> None:
        """Train the parameters that the method may change on all tasks at once, by AdamW; each item is read `steps` times.

        Batches have the size of a task and hold items of all tasks, in a new order at each pass. The learning rate decays to 0 in
        the second half. Raises Diverged.
        """
        facts = encoded([item for task in tasks for item in task], self.loaded)
        parameters, total = list(self.writer.parameters.values()), self.steps * len(tasks)
        rule = torch.optim.AdamW(parameters, lr=self.rate, weight_decay=0.0)
        step = 0
        for turn in range(self.steps):
            order = torch.from_numpy(np.random.default_rng([seed, turn]).permutation(len(facts)))
            for rows in order.chunk(len(tasks)):
                rule.param_groups[0]["lr"] = self.rate * min(1.0, (total - step) / (FALL * total))
                batch = facts[rows]
                loss = answer_loss(outputs(self.model, batch), batch)
                if not torch.isfinite(loss):
                    raise Diverged(f"joint training, before step {step + 1} of {total}: the loss is {loss.item()}")
                rule.zero_grad()
                loss.backward(inputs=parameters)
                rule.step()
                step += 1

    @torch.no_grad()
    def ask(self, items: Sequence[Item]) -> Told:
        """Its greedy answers, and the probabilities of the symbols among their alphabets."""
        facts, places = encoded(items, self.loaded), len(items[0].symbols)
        chosen: list[Tensor] = []
        with remembering(self.model, self.first):
            for piece in facts.batches():
                options = outputs(self.model, piece)[:, :-1].double()
                chosen.append(piece.per_fact(_chosen(options, piece)) if places == 1 else _chosen(options, piece))
            texts = self._said(items, int(facts.count.max()))
        right = np.array([item.right(text) for item, text in zip(items, texts, strict=True)])
        return Told(right, torch.cat(chosen).exp().reshape(len(items), places).numpy())

    def _said(self, items: Sequence[Item], count: int) -> list[str]:
        """Greedy continuations of the prompts by `count` tokens; ours are continued together where their prompts are as long."""
        prompts = [self.loaded.words.prompt(item.prompt) for item in items]
        if not isinstance(self.model, Transformer):
            return said(self.model, self.loaded.words, prompts, count)
        texts = [""] * len(prompts)
        for length in sorted({len(prompt) for prompt in prompts}):
            rows = [row for row, prompt in enumerate(prompts) if len(prompt) == length]
            tokens = self.model.generate(torch.tensor([prompts[row] for row in rows]), count)[:, length:]
            for row, ids in zip(rows, tokens.tolist(), strict=True):
                texts[row] = self.loaded.words.decode(ids)
        return texts


def _chosen(options: Tensor, facts: Facts) -> Tensor:
    """Log probability of each item's token among its options."""
    return options.log_softmax(1).gather(1, facts.target[:, None])[:, 0]


def encoded(items: Sequence[Item], loaded: Loaded) -> Facts:
    """`Facts` of these items, all of one task. Raises UserError for a tokenizer that cannot tell the symbols apart."""
    if len(items[0].symbols) > 1:
        return _letters(items, loaded)
    alphabets = list(dict.fromkeys(item.alphabet for item in items))
    rows = [[row for row, item in enumerate(items) if item.alphabet == alphabet] for alphabet in alphabets]
    parts = [encode_asked(_asked(some := [items[row] for row in part]), loaded.words, _spelt(some[0], loaded)) for part in rows]
    order = torch.tensor([row for part in rows for row in part])
    return together(parts)[order.argsort()]


def _letters(items: Sequence[Item], loaded: Loaded) -> Facts:
    """Those of answers of several symbols: a token for each."""
    symbols = [loaded.words.joined(items[0].prompt, f" {symbol}")[1] for symbol in items[0].alphabet]
    if any(len(ids) != 1 for ids in symbols):
        raise UserError("this model's tokenizer has no token for every letter with a space before it: it cannot be asked strings")
    facts = encode_asked(_asked(items), loaded.words, Symbols([ids[0] for ids in symbols]))
    if len(facts.row) != len(items) * len(items[0].symbols):
        raise UserError("this model's tokenizer joins letters that stand apart: it cannot be asked strings")
    return facts


def _spelt(item: Item, loaded: Loaded) -> Answers:
    """The alphabet of an item as a tree of tokens. Raises UserError if one symbol begins as another ends."""
    spelt = [tuple(loaded.words.joined(item.prompt, f" {symbol}")[1]) for symbol in item.alphabet]
    if any(one != other and other[: len(one)] == one for one in spelt for other in spelt):
        raise UserError("in this model's tokens one answer is the beginning of another: it cannot be asked this kind")
    return Answers(spelt, len(spelt))


def _asked(items: Sequence[Item]) -> list[Asked]:
    return [Asked(item.prompt, item.answer) for item in items]
