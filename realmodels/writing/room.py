"""How much memory the kernel of some writes takes: told before any of it is taken."""

import math
from dataclasses import dataclass

from torch import nn

from realmodels.model.memory import GIB
from realmodels.writing.kernel import BYTES, PER_PAIR, WHOLE, plain, plain_bytes, shared_outputs
from realmodels.writing.methods.writer import Writer, unrestricted
from realmodels.writing.outputs import Facts
from realmodels.writing.signals import sources
from realmodels.writing.streamed import room, work
from theory.errors import UserError


@dataclass(frozen=True)
class Need:
    """What a kernel takes, in bytes.

    least: without which it cannot be had. best: with which nothing is read twice. free: what may be taken. fitting: facts that
    would fit. said: all that in a sentence.
    """

    least: int
    best: int
    free: int
    fitting: int
    said: str


def need(model: nn.Module, writer: Writer, facts: Facts, memory: int | None = None) -> Need:
    """The memory that the kernel of these facts, and forecasts from it, take. One fact is read to know it.

    memory: bytes that the process may take in all; default: what is free.
    """
    items, outs, free = len(facts.row), facts.options.shape[1] + 1, room(memory)
    signals = working = 0
    one_projection = writer.one_key_projection or all(r is unrestricted for r in writer.restrictions(facts).values())
    if one_projection and plain(model, writer, facts, memory):
        least = best = plain_bytes(model, writer, facts)
    else:
        where = sources(model, writer.parameters if one_projection else ())
        numbers = sum(writer.parameters[name].numel() for name in (where.rest if one_projection else writer.parameters))
        if where.layers:
            cut = work(model, where, facts, max(outs, shared_outputs(facts)[1]))
            signals, working = cut.signals, cut.working
        working += max(BYTES, 4 * 4 * numbers * outs * math.ceil(items / len(facts))) if numbers else 0
        kernel = _kernel_bytes(items * outs) * (1 if one_projection else 2)
        least, best = kernel + working + 2 * signals // len(facts), kernel + working + signals
    fixed = working if least > working else 0
    fitting = min(len(facts), int(len(facts) * math.sqrt(max(0, free - fixed) / max(1, least - fixed))))
    said = (
        f"the kernel of {len(facts):,} facts ({items:,} answer tokens, {outs} outputs each) takes {least / GIB:.2f} GiB"
        + (f", or {best / GIB:.2f} GiB to read every fact once" if best > 1.1 * least else "")
        + f"; {max(0, free) / GIB:.2f} GiB may be taken"
    )
    return Need(least, best, free, fitting, said)


def _kernel_bytes(size: int) -> int:
    """Bytes of a kernel of so many outputs, and of what is worked out from it."""
    return 4 * size**2 + (PER_PAIR - 4) * min(size**2, WHOLE) + 8 * 4 * size


def require_room(model: nn.Module, writer: Writer, facts: Facts, memory: int | None = None) -> Need:
    """What the kernel of these facts takes. Raises UserError, with the number that would fit, if that may not be taken."""
    needed = need(model, writer, facts, memory)
    if needed.least > needed.free:
        mend = "give more with --memory, or fewer facts" if memory is not None else "give fewer"
        raise UserError(f"{needed.said}: about {needed.fitting:,} facts would fit; {mend}")
    return needed
