"""How many edits a closed-form editor holds, before any of them is made: from the first two moments of other facts' edits.

An editor (`realmodels.writing.methods.editor`) changes one matrix W by a formula. D_b is the change that it makes of the
unedited W for a task b of facts that are never written, `lent` by the background; M is the mean of B of them. n tasks that come
later change W by about
  n s M + sqrt(n / (B - 1)) sum_b z_b (D_b - M),
z_b being standard normal: their first two moments are right, and with them the spectra of keys and residuals. s <= 1 takes out
of |M|^2 what is there by chance. A lent fact, with the change of its own task and without it in M and D, is asked after n
tasks: it gives the share that is still right. One thing more counts. Edits make all answers of the stream likelier, so that
later ones need smaller changes. The keys stay, as no earlier layer is written, and the formula is linear in what the outputs
at them lack: an edit that is made after n tasks has ratio(n) times the size of the first, and counts as ratio(n)^2 tasks. That
ratio compares how far edits of lent facts move the outputs at their own keys, after such a change and before it. (Ratios of
the changes themselves are led by the few facts with large ones.) What the model says of anything else is asked after the same
draws of n tasks.
Nothing of the stream is known but its form. The formula must not depend on what was edited before: `rls` and `alphaedit` keep
earlier keys, and are refused.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from realmodels.writing.methods.editor import Editor
from realmodels.writing.methods.values import subject_keys
from realmodels.writing.outputs import Facts, asked
from theory.errors import UserError


class editing:
    """Within it an editor may write; its matrix is as before afterwards. Raises UserError if it remembers earlier edits."""

    def __init__(self, editor: Editor):
        if editor.state():
            raise UserError(f"editor {type(editor).__name__} remembers earlier edits: this law is for rome and memit")
        self.weight = editor.matrix.parameter(editor.model)

    def __enter__(self) -> Tensor:
        self.start = self.weight.detach().clone()
        return self.weight

    def __exit__(self, *error: object) -> None:
        with torch.no_grad():
            self.weight.copy_(self.start)


def tasks(facts: Facts) -> list[Facts]:
    """The facts of each task, in order."""
    return [facts.of_task(task) for task in sorted(set(facts.task.tolist()))]


def change(editor: Editor, task: Facts, learning_rate: float, steps: int, after: Tensor | None = None) -> Tensor:
    """What an editor adds to its matrix for a task, after `after` was added to it: float64, as the matrix lies in the model."""
    with editing(editor) as weight:
        if after is not None:
            _add(weight, after)
        before = weight.detach().double()
        editor.write(task, (), learning_rate, steps)
        return weight.detach().double() - before


def moved(editor: Editor, task: Facts, change: Tensor) -> float:
    """How far a change of the matrix moves its outputs at the keys of a task: the sum of squares."""
    keys = subject_keys(editor.model, editor.matrix, task).double()
    return float((keys @ (change if editor.matrix.transposed else change.T)).square().sum())


def _add(weight: Tensor, change: Tensor) -> None:
    with torch.no_grad():
        weight.copy_(weight.double() + change)


def later(made: Tensor, count: float, random: torch.Generator) -> Tensor:
    """A draw of what `count` tasks add to the matrix, whose changes have the moments of `made` [B, ...], B >= 2."""
    number, mean = len(made), made.mean(0)
    flat = made.flatten(1)
    products = flat @ flat.T
    unbiased = float((products.sum() - products.trace()) / (number * (number - 1)))
    share = (max(0.0, unbiased) / float(products.mean())) ** 0.5 if float(products.mean()) > 0 else 0.0
    z = torch.randn(number, generator=random, dtype=torch.float64)
    return count * share * mean + (count / (number - 1)) ** 0.5 * torch.tensordot(z, made - mean, 1)


@dataclass(frozen=True)
class EditLaw:
    """counts: numbers of tasks. right: share of lent facts still right after so many. ratio: how far an edit made after so many
    moves its own outputs, over that in the unedited model. beside: what was asked beside the facts, after so many. All at
    `counts`, between them by straight lines, beyond the last as there."""

    counts: tuple[float, ...]
    right: tuple[float, ...]
    ratio: tuple[float, ...]
    beside: tuple[float, ...] = ()

    def counted(self, T: int) -> np.ndarray:
        """What 0, 1, ..., T tasks count as [T + 1], in tasks that edit the unedited model."""
        found = [0.0]
        for _ in range(T):
            found.append(found[-1] + float(np.interp(found[-1], self.counts, self.ratio)) ** 2)
        return np.array(found)

    def shares(self, T: int) -> np.ndarray:
        """Share of all facts written so far that are right after 1, ..., T tasks [T]."""
        counted = self.counted(T)
        since = [counted[now] - counted[1 : now + 1] for now in range(1, T + 1)]
        return np.array([float(np.interp(each, self.counts, self.right).mean()) for each in since])

    def others(self, T: int) -> np.ndarray:
        """What was asked beside the facts, after 1, ..., T tasks [T]. Raises ValueError if nothing was."""
        return np.interp(self.counted(T)[1:], self.counts, self.beside)


def edit_law(
    editor: Editor,
    lent: Facts,
    learning_rate: float,
    steps: int,
    counts: Sequence[float],
    draws: int = 2,
    seed: int = 0,
    searched: int = 3,
    beside: Callable[[nn.Module], float] | None = None,
) -> EditLaw:
    """The law of an editor, from lent facts in three tasks at least. counts: 0 and more, rising; draws: of what comes after.

    learning_rate, steps: of the search for values. searched: tasks that are edited anew after each count, other ones in turn: a
    search takes as long as some ten forward and backward passes. beside: what else is asked of the edited model, for its mean
    over draws. Raises UserError for an editor that remembers earlier edits, fewer tasks, or counts that do not begin with 0 and
    rise.
    """
    parts = tasks(lent)
    if len(parts) < 3:
        raise UserError(f"{len(parts)} tasks of lent facts: give 3 at least, so that two are left when one is asked")
    if not counts or counts[0] != 0 or any(b <= a for a, b in pairwise(counts)):
        raise UserError(f"counts {list(counts)}: begin with 0 and rise")
    random = torch.Generator().manual_seed(seed)
    made = torch.stack([change(editor, task, learning_rate, steps) for task in parts])
    right, ratio, others = [], [], []
    for place, count in enumerate(counts):
        share, before, now, asides = 0.0, 0.0, 0.0, []
        again = {(place * searched + number) % len(parts) for number in range(searched)}
        for index, task in enumerate(parts):
            rest = torch.cat([made[:index], made[index + 1 :]])
            for draw in range(draws if count else 1):
                added = later(rest, count, random)
                with editing(editor) as weight:
                    _add(weight, made[index] + added)
                    share += float(asked(editor.model, task).exact.sum()) / (draws if count else 1)
                if beside is not None and draw == 0 and (count or index == 0):
                    with editing(editor) as weight:
                        _add(weight, added)
                        asides.append(beside(editor.model))
                if draw == 0 and count and index in again:
                    now += moved(editor, task, change(editor, task, learning_rate, steps, added))
                    before += moved(editor, task, made[index])
        right.append(share / len(lent))
        others += [float(np.mean(asides))] if asides else []
        ratio.append((now / before) ** 0.5 if count and before > 0 else 1.0)
    return EditLaw(tuple(map(float, counts)), tuple(right), tuple(ratio), tuple(others))
