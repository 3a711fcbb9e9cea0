"""Everything that is measured of a method's writes before any is made, in one pass over the facts: kernel, outputs, room."""

from collections.abc import Callable

from torch import nn

from realmodels.model.reading import first_block
from realmodels.model.remembering import remembering
from realmodels.writing.forecast import Setup, setup_of
from realmodels.writing.kernel import Kernel, logit_kernel
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts
from realmodels.writing.room import require_room
from realmodels.writing.sampled import FEW, OPTIONS, sampled


def measured(
    model: nn.Module,
    writer: Writer,
    facts: Facts,
    memory: int | None = None,
    say: Callable[[str], None] = lambda line: None,
    most: int = FEW,
    others: int = OPTIONS,
    grams: bool = True,
) -> tuple[Kernel, Setup]:
    """(kernel, setup of a stream at learning rate 1) of a method's writes to these facts; the model stays as it is.

    Items with more than `most` options track `others` of them (`realmodels.writing.sampled`); `setup.facts` are these. memory:
    bytes that the process may take in all (default: what is free). grams: as in `logit_kernel`. say: is told what is needed
    before any of it is taken. Raises UserError if that may not be taken.
    """
    with remembering(model, first_block(model, writer.parameters.values())):
        some = sampled(model, facts, others) if facts.options.shape[1] > most else facts
        say(require_room(model, writer, some, memory).said)
        kernel = logit_kernel(model, writer, some, memory, grams)
        return kernel, setup_of(model, kernel, some)
