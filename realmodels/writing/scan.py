"""Which matrix of a model would keep most of what is written into it, and why: all of them at once, before any write.

A write's gradient for a matrix is a sum over the prompt's positions of (signal at its output) x (key at its input). Two facts'
writes overlap as far as their keys do and their signals do. For at most `limit` facts the kernel of every matrix is computed, as
overlaps of write directions for outputs that all facts share (`realmodels.writing.kernel.shared_outputs`), at the place where the
answers begin. It is split in two by the keys: the part along the k common directions that the keys of background prompts have
there, and the rest. As both are projections, the kernel is the sum of the two; the rest is the kernel of off-mode writing.
What is kept is said by the spectral law (`realmodels.writing.spectral`) at the same write strength for every matrix, each fact a
task of its own: the share of what was learned, mean over the ages 0 to facts - 1. So matrices are compared at equal learning.

One forward pass serves all matrices together, and one backward pass for each of the few random directions of the outputs.
"""

from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from realmodels.model.matrices import matrices
from realmodels.writing.kernel import normalised
from realmodels.writing.matrix_kernels import MatrixKernel, matrix_kernels
from realmodels.writing.outputs import Facts
from realmodels.writing.spectral import depth_by_age
from theory.errors import UserError
from theory.statistics import common_mode_share, participation_ratio

LIMIT = 48  # facts that are read
TOKENS = 1024  # tokens that are read at most; of longer prompts fewer are
PROBES = 4  # directions of the outputs, if the answers have more tokens
STRENGTH = 0.9  # write strength at which matrices are compared
BACKGROUND = 64  # background prompts that are read
NOTHING = 1e-9  # share of a kernel below which nothing is left of it


@dataclass(frozen=True)
class Part:
    """What a matrix, or all matrices of a layer, would keep.

    kept, kept_off_mode: share of what was learned that is kept, mean over ages, written as it is and off the common directions (0
    if nothing is left to write along). participation_ratio, participation_ratio_off_mode: independent directions of the writes.
    common_mode: squared mean overlap over mean squared overlap of the writes. common_interference: share of the squared overlaps
    of different facts' writes that goes through the common key directions; common_learning: the same of a write's own. Matrices
    alone have: key_overlap, key_common_mode where the answers begin, and over all positions of the prompts of different facts;
    signal_overlap, signal_common_mode where the answers begin.
    """

    name: str
    layer: int
    role: str
    kept: float
    kept_off_mode: float
    participation_ratio: float
    participation_ratio_off_mode: float
    common_mode: float
    common_interference: float
    common_learning: float
    key_overlap: float | None = None
    key_common_mode: float | None = None
    key_overlap_everywhere: float | None = None
    key_common_mode_everywhere: float | None = None
    signal_overlap: float | None = None
    signal_common_mode: float | None = None

    @property
    def why(self) -> str:
        """In a sentence, what makes it keep what it keeps."""
        keys = ""
        if self.key_overlap is not None:
            keys = f"keys overlap by {self.key_overlap:.2f}, signals by {self.signal_overlap:.2f}; "
        spared = f"{self.common_interference:.0%} of the interference and {self.common_learning:.0%} of the learning"
        before, after = self.participation_ratio, self.participation_ratio_off_mode
        return f"{keys}{before:.1f} independent directions; the common ones carry {spared}, and off them there are {after:.1f}"


@dataclass(frozen=True)
class Scan:
    """matrices, layers: best first, by what off-mode writing keeps. facts: how many were read. left_out: matrices that do not
    read every token of a text, or that the answers do not depend on."""

    matrices: list[Part]
    layers: list[Part]
    facts: int
    left_out: list[str] = field(default_factory=list)

    def to_frame(self, layers: bool = False) -> pd.DataFrame:
        """A row per matrix, or per layer."""
        rows = self.layers if layers else self.matrices
        return pd.DataFrame([{**asdict(part), "why": part.why} for part in rows])


def drawn(facts: Facts, limit: int) -> Facts:
    """At most `limit` of the facts, spread evenly, of no more than TOKENS tokens; each with the first token of its answer."""
    length = int(facts.first.max()) + 1
    count = max(2, min(limit, len(facts), TOKENS // length))
    some = facts[torch.from_numpy(np.unique(np.linspace(0, len(facts) - 1, count).astype(int)))]
    items = torch.searchsorted(some.row, torch.arange(len(some)))
    place = some.place[items]
    return replace(
        some,
        tokens=some.tokens[:, : int(place.max()) + 1],
        last=place,
        row=torch.arange(len(some)),
        place=place,
        target=some.target[items],
        options=some.options[items],
    )


def scan(model: nn.Module, facts: Facts, background: Facts, k: int = 1, limit: int = LIMIT, probes: int = PROBES) -> Scan:
    """What every matrix of the model would keep of these facts. background: prompts of the same form that are not written.

    k: common directions that off-mode writing spares. limit: facts that are read. Raises UserError for fewer than two facts, a
    model without matrices, or a background of fewer than k prompts.
    """
    if len(facts) < 2 or limit < 2:
        raise UserError("one fact does not interfere with anything: give at least two")
    found = matrices(model)
    if not found:
        raise UserError(f"model {type(model).__name__} has no writable matrices: give a decoder-only language model")
    some, others = drawn(facts, limit), drawn(background, BACKGROUND)
    if not 0 < k <= len(others):
        raise UserError(f"{k} common directions of {len(others)} background prompts: give from 1 to as many as there are prompts")
    parts = matrix_kernels(model, found, some, others, k, probes)
    of_layers: dict[int, list[MatrixKernel]] = {}
    for part in parts.values():
        of_layers.setdefault(part.matrix.layer, []).append(part)
    in_layers = [
        _told(f"layer {layer}", layer, "all matrices", sum(p.whole for p in own), sum(p.rest for p in own))
        for layer, own in of_layers.items()
    ]
    alone = [_alone(part) for part in parts.values()]
    best = lambda part: (-part.kept_off_mode, -part.kept)  # noqa: E731
    left = [matrix.name for matrix in found if matrix.name not in parts]
    return Scan(sorted(alone, key=best), sorted(in_layers, key=best), len(some), left)


def _alone(kernel: MatrixKernel) -> Part:
    """What one matrix would keep."""
    signals = normalised(kernel.signals.double()).numpy()
    off = signals[~np.eye(len(signals), dtype=bool)]
    about = {**kernel.keys, "signal_overlap": float(off.mean()), "signal_common_mode": common_mode_share(signals)}
    matrix = kernel.matrix
    return replace(_told(matrix.name, matrix.layer, matrix.role, kernel.whole, kernel.rest), **about)


def _told(name: str, layer: int, role: str, whole: Tensor, off_mode: Tensor) -> Part:
    """What writes with these overlaps [F, F], of which this part is off the common directions, would keep."""
    gram, rest = whole.double().numpy(), off_mode.double().numpy()
    shared = gram - rest
    off = ~np.eye(len(gram), dtype=bool)
    left = np.diag(rest) > NOTHING * np.diag(gram).max()
    rest = rest * left[:, None] * left
    kappa = normalised(torch.from_numpy(gram)).numpy()
    return Part(
        name=name,
        layer=layer,
        role=role,
        kept=_kept(gram),
        kept_off_mode=_kept(rest),
        participation_ratio=float(participation_ratio(kappa)),
        participation_ratio_off_mode=float(participation_ratio(normalised(torch.from_numpy(rest)).numpy()))
        if left.any()
        else 0.0,
        common_mode=common_mode_share(kappa),
        common_interference=float((shared * gram)[off].sum() / np.square(gram[off]).sum()),
        common_learning=float(np.trace(shared) / np.trace(gram)),
    )


def _kept(gram: np.ndarray) -> float:
    """Share of what was learned that the spectral law says is kept, mean over ages; each fact is a task. 0 for a kernel of 0."""
    if not (np.diag(gram) > 0).any():
        return 0.0
    return float(depth_by_age(gram, np.arange(len(gram)), STRENGTH, together=True).mean() / STRENGTH)
