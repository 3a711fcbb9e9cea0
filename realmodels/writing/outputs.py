"""What a model says about facts: at every token of an answer, C + 1 numbers.

An answer of several tokens is taught and asked whole: an item is one of its tokens, given the prompt and the tokens before. The
options of an item are the tokens by which the answers of the file go on there: for the first token, the first tokens of all
answers; later, those of the answers that began alike. The outputs z of an item are the logits of its C options and the
log-sum-exp of all other logits. The softmax over the whole vocabulary, and so the loss of the answer and its gradient, is a
function of these C + 1 numbers alone:
  -log p(token) = logsumexp(z) - z_token,  -log p(answer) = their sum over the answer's tokens.
Retained bits of a fact: over its items, the sum of log2 C minus the cross-entropy in bits of the model's choice among the
options; clipped at 0. That is what the model knows of the answer when it may say nothing but the answers of the file, token by
token. Who guesses evenly among the options has 0 bits. An answer of one token that is certain has log2 C.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from realmodels.model.reading import logits_at
from realmodels.text.encoder import Encoder
from realmodels.text.facts import Fact
from theory.errors import UserError

TOKENS = 8192  # tokens that are read at one time
ITEMS = 1024  # and tokens of answers, each of which costs as many numbers as the vocabulary has tokens


@dataclass(frozen=True)
class Facts:
    """F facts as tensors, with I items: the tokens of their answers, fact after fact.

    tokens [F, L] (long, padded on the right): prompt and answer, but for the answer's last token. last [F]: the last position
    that is no padding; it predicts the answer's last token. task [F]. row [I]: the fact of an item. place [I]: the position
    that predicts it. target [I]: its index among its options. options [I, C]: tokens, -1 where an item has fewer. choices:
    number of distinct answers in the file. subject [F]: position of the last token of the fact's subject; of the prompt's last
    token where no subject is known.
    """

    tokens: Tensor
    last: Tensor
    task: Tensor
    row: Tensor
    place: Tensor
    target: Tensor
    options: Tensor
    choices: int
    subject: Tensor

    def __len__(self) -> int:
        return len(self.last)

    def __getitem__(self, rows: Tensor | slice) -> "Facts":
        """The facts in these rows (a mask, a slice, or numbers in any order, also repeated), with no more padding than they need.

        Raises ValueError for no rows.
        """
        chosen = torch.arange(len(self))[rows]
        if len(chosen) == 0:
            raise ValueError("no fact is left")
        last = self.last[chosen]
        row, items = self._items(chosen)
        return replace(
            self,
            tokens=self.tokens[chosen, : int(last.max()) + 1],
            last=last,
            task=self.task[chosen],
            row=row,
            place=self.place[items],
            target=self.target[items],
            options=self.options[items],
            subject=self.subject[chosen],
        )

    def _items(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """(place among `chosen` of each of their items' facts, number of the item), fact after fact."""
        count = self.count[chosen]
        row = torch.arange(len(chosen)).repeat_interleave(count)
        start = (self.count.cumsum(0) - self.count)[chosen]
        return row, torch.arange(len(row)) - (count.cumsum(0) - count)[row] + start[row]

    def of_task(self, task: int) -> "Facts":
        """The facts of one task."""
        return self[self.task == task]

    @property
    def count(self) -> Tensor:
        """Number of items of each fact [F]: the tokens of its answer."""
        return self.row.bincount(minlength=len(self))

    @property
    def first(self) -> Tensor:
        """The position of each fact [F] that predicts the first token of its answer."""
        return self.place[torch.searchsorted(self.row, torch.arange(len(self)))]

    @property
    def answer_tokens(self) -> Tensor:
        """The token of each item [I]."""
        return self.options.gather(1, self.target[:, None])[:, 0]

    @property
    def full_bits(self) -> Tensor:
        """Retained bits of each fact [F] if its answer is certain: log2 of the options, summed over its items. Float64."""
        return self.per_fact(self.known.log2())

    @property
    def known(self) -> Tensor:
        """Number of options of each item [I], float64."""
        return (self.options >= 0).sum(1).double()

    @property
    def log_weight(self) -> Tensor | None:
        """Logarithm of how many options each tracked one stands for [I, C]; None if all are tracked."""
        return None

    @property
    def common_options(self) -> Tensor | None:
        """The options [C] of every item, if all items have the same ones; else None."""
        same = bool((self.options == self.options[:1]).all()) and bool((self.options[0] >= 0).all())
        return self.options[0] if same else None

    def per_fact(self, of_items: Tensor) -> Tensor:
        """Sum [F] over the items of each fact."""
        return torch.zeros(len(self), dtype=of_items.dtype).index_add(0, self.row, of_items)

    def batches(self) -> list["Facts"]:
        """The facts in order, in pieces of at most TOKENS tokens, padding included, and ITEMS items; of one fact at least."""
        size = max(1, TOKENS // self.tokens.shape[1])
        ends = self.count.cumsum(0).tolist()
        starts, before = [0], 0
        for index, end in enumerate(ends):
            if index > starts[-1] and (index - starts[-1] == size or end - before > ITEMS):
                starts.append(index)
                before = ends[index - 1]
        pairs = zip(starts, [*starts[1:], len(self)], strict=True)
        return [self[a:b] for a, b in pairs] if len(starts) > 1 else [self]


def facts_from_ids(
    prompts: Sequence[Sequence[int]], target: Sequence[int], task: Sequence[int], candidates: Sequence[int]
) -> Facts:
    """`Facts` with answers of one token each: target [F] is its index among `candidates`, the options of all of them."""
    tokens, last = _padded(prompts)
    rows = torch.arange(len(last))
    options = torch.tensor(list(candidates)).expand(len(last), -1)
    return Facts(tokens, last, torch.tensor(task), rows, last, torch.tensor(target), options, len(candidates), last)


def _padded(texts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """(tokens [F, L], place of the last one of each [F]); padding is token 0, which a causal model does not see from there."""
    length = max(map(len, texts))
    tokens = torch.tensor([[*ids, *[0] * (length - len(ids))] for ids in texts])
    return tokens, torch.tensor([len(ids) - 1 for ids in texts])


class Answers:
    """The answers of a file as a tree of tokens: by which tokens they go on after a beginning. count: of distinct answers.

    One answer may be spelt in several ways, after a prompt that ends in a letter and after one that ends in a sign. An answer
    that is the beginning of another is not told apart from it: where an answer ends is not asked.
    """

    def __init__(self, answers: Sequence[tuple[int, ...]], count: int = 0):
        self.count = count
        self.after: dict[tuple[int, ...], dict[int, None]] = {}
        for ids in answers:
            for length, token in enumerate(ids):
                self.after.setdefault(ids[:length], {})[token] = None

    def options(self, beginning: tuple[int, ...], token: int) -> list[int]:
        """Tokens by which an answer that begins so goes on, in the order of the answers; `token` is one of them in any case."""
        return list({**self.after.get(beginning, {}), token: None})


@dataclass(frozen=True)
class Asked:
    """One question: a prompt, the answer that continues it, the task that it belongs to, and what the prompt is about."""

    prompt: str
    answer: str
    task: int = 0
    subject: str | None = None


def encode(facts: Sequence[Fact], encoder: Encoder, heldout_phrasing: bool = False) -> Facts:
    """`Facts` for a model with this encoder; the options are those of the distinct answers, sorted.

    heldout_phrasing: take the other phrasing of each fact, where it has one. Raises UserError for fewer than two answers, and
    for an answer that has no token of its own after its prompt.
    """
    plain = [Asked(fact.prompt, fact.answer, fact.task) for fact in facts]
    other = [Asked((heldout_phrasing and fact.heldout_prompt) or fact.prompt, fact.answer, fact.task) for fact in facts]
    return encode_asked(other, encoder, tree(plain, encoder))


def tree(facts: Sequence[Asked], encoder: Encoder) -> Answers:
    """The tree of the answers of these facts, as they follow their own prompts. Raises UserError as `encode`."""
    distinct = {fact.answer for fact in facts}
    if len(distinct) < 2:
        raise UserError(f"the facts have {len(distinct)} distinct answer(s), nothing to choose among: give at least two")
    spelt = [tuple(encoder.joined(f.prompt, f.answer)[1]) for f in sorted(facts, key=lambda f: f.answer)]
    return Answers(spelt, len(distinct))


def encode_asked(asked: Sequence[Asked], encoder: Encoder, answers: Answers, room: int | None = None) -> Facts:
    """`Facts` of these questions, whose answers are told apart in the tree `answers`.

    Errors as `Encoder.joined`, and UserError for a prompt and answer of more tokens than `room`.
    """
    texts, row, place, target, options, subject = [], [], [], [], [], []
    for index, one in enumerate(asked):
        before, ids = encoder.joined(one.prompt, one.answer)
        length = len(before) + len(ids) - 1  # the answer's last token is not read
        if room is not None and length > room:
            what = f"prompt {one.prompt[:50]!r}... takes {length} tokens with its answer"
            raise UserError(f"{what} and does not fit a context of {room}: shorten it")
        texts.append([*before, *ids[:-1]])
        subject.append(_end_of(one, before, encoder))
        for length, token in enumerate(ids):
            here = answers.options(tuple(ids[:length]), token)
            row.append(index)
            place.append(len(before) - 1 + length)
            target.append(here.index(token))
            options.append(here)
    width = max(map(len, options))
    tokens, last = _padded(texts)
    padded = torch.tensor([[*here, *[-1] * (width - len(here))] for here in options])
    items = (torch.tensor(values) for values in (row, place, target))
    of_task = torch.tensor([one.task for one in asked])
    return Facts(tokens, last, of_task, *items, padded, answers.count, torch.tensor(subject))


def _end_of(one: Asked, before: Sequence[int], encoder: Encoder) -> int:
    """Position in the prompt's tokens `before` of the last token of its subject; of the last token if it has none."""
    if not one.subject or one.subject not in one.prompt:
        return len(before) - 1
    text = one.prompt[: one.prompt.rindex(one.subject) + len(one.subject)]
    at = len(encoder.prompt(text)) - 1
    return at if list(before[: at + 1]) == encoder.prompt(text) else min(at, len(before) - 1)


def fold(logits: Tensor, facts: Facts) -> Tensor:
    """Outputs [I, C + 1] from logits [I, V]: those of the options (-inf where there is none), and log-sum-exp of all others."""
    common = facts.common_options
    if common is not None:  # cheaper than by item, and the usual case of a stream with one-token answers
        others = torch.ones(logits.shape[-1], dtype=torch.bool)
        others[common] = False
        return torch.cat([logits[..., common], logits[..., others].logsumexp(-1, keepdim=True)], -1)
    inside = facts.options >= 0
    places = facts.options.clamp(min=0)
    chosen = logits.gather(1, places).masked_fill(~inside, -math.inf)
    taken = torch.zeros_like(logits, dtype=torch.bool)
    rows = torch.arange(len(places))[:, None].expand_as(places)
    taken[rows[inside], places[inside]] = True
    return torch.cat([chosen, logits.masked_fill(taken, -math.inf).logsumexp(-1, keepdim=True)], -1)


def outputs(model: nn.Module, facts: Facts) -> Tensor:
    """Outputs [I, C + 1] of the model for the items of these facts."""
    return fold(logits_at(model, facts.tokens, facts.row, facts.place), facts)


def answer_loss(z: Tensor, facts: Facts) -> Tensor:
    """Mean over facts of -log p(answer) (nats, whole vocabulary) under outputs z [I, C + 1]."""
    return nn.functional.cross_entropy(z, facts.target, reduction="sum") / len(facts)


@dataclass(frozen=True)
class Scores:
    """Per fact [F]: retained bits before clipping; recall (1.0 if every token of the answer beats its other options); loss,
    -log p(answer) in nats over the whole vocabulary; exact (1.0 if greedy decoding says the whole answer; NaN if only outputs
    were given)."""

    bits_raw: Tensor
    recall: Tensor
    loss: Tensor
    exact: Tensor

    @property
    def bits(self) -> Tensor:
        """Retained bits, clipped at 0 per fact."""
        return self.bits_raw.clamp(min=0)

    @property
    def probability(self) -> Tensor:
        """Probability of the whole answer, every token given the ones before."""
        return (-self.loss).exp()


def scores(z: Tensor, facts: Facts, top: Tensor | None = None) -> Scores:
    """Scores of outputs z [I, C + 1] of these facts, in float64. top [I]: the likeliest token of the vocabulary at each item."""
    options = z[:, :-1].double()
    weighted = options if facts.log_weight is None else options + facts.log_weight
    bits = facts.known.log2() - nn.functional.cross_entropy(weighted, facts.target, reduction="none") / math.log(2)
    missed = facts.per_fact((options.argmax(1) != facts.target).double())
    loss = facts.per_fact(nn.functional.cross_entropy(z.double(), facts.target, reduction="none"))
    exact = torch.full_like(loss, math.nan)
    if top is not None:
        exact = (facts.per_fact((top != facts.answer_tokens).double()) == 0).double()
    return Scores(facts.per_fact(bits), (missed == 0).double(), loss, exact)


@torch.no_grad()
def asked(model: nn.Module, facts: Facts) -> Scores:
    """Scores of the model for these facts, read in pieces. A whole answer is exact if greedy decoding would say it: then, and
    only then, each of its tokens is the likeliest after those before."""
    parts = []
    for piece in facts.batches():
        logits = logits_at(model, piece.tokens, piece.row, piece.place)
        parts.append(scores(fold(logits, piece), piece, logits.argmax(1)))
    names = ("bits_raw", "recall", "loss", "exact")
    return Scores(*(torch.cat([getattr(part, name) for part in parts]) for name in names))
