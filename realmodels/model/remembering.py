"""No block of a model computed twice in vain: what the blocks below the first written one give for a text is kept.

A stream of writes reads the same facts again and again, and nothing changes below the first block that it writes. Only
`realmodels.model.reading` recalls what is kept: any other call of the model is computed whole, and so is every call of ours.
"""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from realmodels.model.matrices import blocks
from realmodels.model.transformer import Transformer

ROOM = 2**30  # bytes that are kept at most; what was not used for longest goes first
MEMORY = "_remembered"  # attribute of a model while it remembers


class _Memory:
    """What the blocks before `first` gave, by the tokens that were read."""

    def __init__(self, model: nn.Module, first: int):
        stack = list(blocks(model))
        self.skipped = stack[:first]
        above = {id(p) for block in stack[first:] for p in block.parameters()}
        self.below = [p for p in model.parameters() if id(p) not in above]
        self.plain = [block.forward for block in self.skipped]
        self.tuples = [False] * first  # whether a block gives a tuple
        self.kept: OrderedDict[bytes, Any] = OrderedDict()
        self.size = 0
        self.now = threading.local()  # key: of the texts that go through the model in this thread; found: what is kept of them
        self.version = self._version()

    def __deepcopy__(self, memo: dict[int, Any]) -> NoReturn:
        raise RuntimeError("a model cannot be copied while its blocks are remembered: the copy would go through them too")

    def _version(self) -> int:
        """A number that grows when a parameter below is changed in place."""
        return sum(p._version for p in self.below)

    @contextlib.contextmanager
    def recalling(self, tokens: Tensor) -> Iterator[None]:
        """Within it, the texts `tokens` go through the model in this thread."""
        if self.version != self._version():
            self.kept.clear()
            self.size, self.version = 0, self._version()
        key = repr(tuple(tokens.shape)).encode() + tokens.contiguous().numpy().tobytes()
        self.now.found = self.kept.get(key)
        if self.now.found is not None:
            self.kept.move_to_end(key)
        self.now.key = key
        try:
            yield
        finally:
            self.now.key = self.now.found = None

    def forward(self, index: int) -> Callable[..., Any]:
        """What stands in for the forward pass of a block."""
        return _Forward(self, index)

    def through(self, index: int, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """What block `index` gives: kept, passed on unchanged to the last of the skipped blocks, or computed."""
        if getattr(self.now, "key", None) is None:
            return self.plain[index](*inputs, **options)
        last = index == len(self.skipped) - 1
        if self.now.found is None:
            with torch.no_grad():
                given = self.plain[index](*inputs, **options)
            self.tuples[index] = isinstance(given, tuple)
            if last:
                self._keep(self.now.key, given)
            return given
        if last:
            return self.now.found
        hidden = inputs[0] if inputs else options["hidden_states"]
        return (hidden,) if self.tuples[index] else hidden

    def _keep(self, key: bytes, given: Any) -> None:
        self.kept[key] = given
        self.size += _bytes(given)
        while self.size > ROOM and len(self.kept) > 1:
            self.size -= _bytes(self.kept.popitem(last=False)[1])


class _Forward:
    """A forward pass that cannot be copied: a copy of the model would go through the blocks of the first one."""

    def __init__(self, memory: _Memory, index: int):
        self.memory, self.index = memory, index

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.memory.through(self.index, inputs, options)


def _bytes(given: Any) -> int:
    hidden = given[0] if isinstance(given, tuple) else given
    return hidden.numel() * hidden.element_size()


@contextlib.contextmanager
def remembering(model: nn.Module, first: int) -> Iterator[None]:
    """Within it, `reading` computes blocks before number `first` once per batch of texts; then what they gave is recalled.

    No gradient reaches these blocks. A change in place of a parameter of theirs makes it forget all. Within another such context
    for the same model the one of fewer blocks holds. Raises RuntimeError if the model is copied meanwhile.
    """
    outer = model.__dict__.get(MEMORY)
    if isinstance(model, Transformer) or first <= 0 or (outer is not None and len(outer.skipped) <= first):
        with forgetting(model) if first <= 0 else contextlib.nullcontext():
            yield
        return
    memory = _Memory(model, first)
    before = [block.__dict__.get("forward") for block in memory.skipped]
    try:
        model.__dict__[MEMORY] = memory
        for index, block in enumerate(memory.skipped):
            block.__dict__["forward"] = memory.forward(index)
        yield
    finally:
        for block, forward in zip(memory.skipped, before, strict=True):
            _restore(block, "forward", forward)
        _restore(model, MEMORY, outer)


@contextlib.contextmanager
def forgetting(model: nn.Module) -> Iterator[None]:
    """Within it, every block is computed: for who looks at what a block reads."""
    memory = model.__dict__.pop(MEMORY, None)
    try:
        yield
    finally:
        _restore(model, MEMORY, memory)


def recalling(model: nn.Module, tokens: Tensor) -> contextlib.AbstractContextManager[None]:
    """Within it, the texts `tokens` go through the model, which recalls what it has kept of them."""
    memory = model.__dict__.get(MEMORY)
    return contextlib.nullcontext() if memory is None else memory.recalling(tokens)


def _restore(module: nn.Module, name: str, value: Any) -> None:
    if value is None:
        module.__dict__.pop(name, None)
    else:
        module.__dict__[name] = value
