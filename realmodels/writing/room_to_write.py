"""How much memory it takes to write some facts and to ask them: told before any of it is taken."""

from torch import nn

from realmodels.model.memory import available, require
from realmodels.model.needs import LOGITS, NUMBER, READ_LAYERS, activations, sizes
from realmodels.model.reading import first_block
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts

STATES = {"sgd": 0, "adamw": 2}  # numbers that an optimiser holds of every parameter


def bytes_of(model: nn.Module, facts: Facts, layers: int) -> int:
    """Bytes that so many layers, and the logits of all answer tokens, take while these facts are read together."""
    size = sizes(model)
    more = (len(facts.row) - len(facts)) * NUMBER * LOGITS * size.vocabulary
    return len(facts) * activations(size, facts.tokens.shape[1], layers) + more


def require_room_to_write(model: nn.Module, writer: Writer, facts: Facts) -> None:
    """Raise UserError, with the number that would fit, if writing the largest task or asking all facts needs more than is free.

    The model and its copy are there already. What is written is held twice more, as gradient and as it was before a trial, and
    by the optimiser. Blocks below the first that is written hold nothing for the gradient.
    """
    written = sum(parameter.numel() for parameter in writer.parameters.values())
    fixed = NUMBER * written * (2 + STATES[writer.optimizer])
    layers = max(READ_LAYERS, sizes(model).layers - first_block(model, writer.parameters.values()))
    tasks = facts.task.unique().tolist()
    needs = {task: bytes_of(model, facts.of_task(task), layers) for task in tasks}
    largest = max(needs, key=lambda task: needs[task])
    count = int((facts.task == largest).sum())
    fitting = max(0, available() - fixed) * count // needs[largest]
    mend = f"about {fitting:,} facts per task would fit; make smaller tasks" if fitting else "choose fewer matrices to write"
    require(fixed + needs[largest], f"writing one task of {count:,} facts", mend)
    piece = max(facts.batches(), key=lambda piece: piece.tokens.numel())
    mend = "choose a smaller model or shorter facts"
    require(bytes_of(model, piece, READ_LAYERS), f"asking {len(piece):,} facts at a time", mend)
