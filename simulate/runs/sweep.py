"""Run the cells of an experiment: what is on disk is read, what is missing is computed, here, on many cores or on a cluster.

A cell is deterministic in its configuration, so the table is the same, byte for byte, whoever computed it and in whatever
order the answers came in. Shards are written as cells finish (`Experiment.compute`): a sweep killed half-way goes on where
it stopped. On a cluster the workers must have this package installed and see `workspace` under the same path; a worker that
dies costs the cells it was at, which others take over.

A run that hands on a declaration has every cell noted as begun under it before it is computed (`simulate.runs.declaration`).

Beside each shard the digest of its bytes is kept, in `workspace`/digests: Parquet pages carry no checksum, and a byte that
has changed on disk may read back as another number.
"""

import hashlib
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, cast

import pandas as pd
from joblib import Parallel, delayed, parallel_config

from simulate.runs.declaration import note_begun
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.fingerprint import code_fingerprint
from simulate.runs.store import Store, atomic
from simulate.runs.threads import one_thread
from theory.errors import UserError

# loky replaces a worker whose memory has grown, as that of a compiling JAX does; nothing is lost by it
warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given to the executor")

Job = tuple[Experiment, int, Cell, Path, str, str | None]
"""Experiment, index of the cell, cell, workspace, key, digest of the declaration."""


def _digest_path(experiment: Experiment, workspace: Path, key: str) -> Path:
    return workspace / "digests" / experiment.name / f"{key}.sha256"


def _note_digest(experiment: Experiment, workspace: Path, key: str) -> None:
    """Write down the digest of the bytes of a shard."""
    digest = hashlib.sha256(Store(workspace / "cells" / experiment.name).path(key).read_bytes()).hexdigest()
    with atomic(_digest_path(experiment, workspace, key)) as temporary:
        temporary.write_text(digest)


def _stored(experiment: Experiment, workspace: Path, key: str) -> pd.DataFrame | None:
    """The rows of a cell that is on disk, whole and unchanged, else None; what has changed is named and dropped.

    A shard without a digest (its sweep was killed between the two) is taken as it is, if it can be read.
    """
    store, noted = Store(workspace / "cells" / experiment.name), _digest_path(experiment, workspace, key)
    path = store.path(key)
    if path.exists() and noted.exists() and hashlib.sha256(path.read_bytes()).hexdigest() != noted.read_text():
        print(f"cwb: {path} is not what was written there: computing this cell again", file=sys.stderr)
        path.unlink(missing_ok=True)
        noted.unlink(missing_ok=True)
        return None
    frame = store.get(key)
    if frame is None:
        noted.unlink(missing_ok=True)
    elif not noted.exists():
        _note_digest(experiment, workspace, key)
    return frame


def _exact() -> AbstractContextManager[None]:
    """Float64 and checks for NaN (`simulate.backend.exact`) where the experiment uses JAX; language models never import it."""
    backend = sys.modules.get("simulate.backend")
    return backend.exact() if backend else nullcontext()


def _compute(
    experiment: Experiment, index: int, cell: Cell, workspace: Path, key: str, declaration: str | None
) -> tuple[int, pd.DataFrame]:
    if declaration is not None:
        note_begun(workspace, experiment, cell, declaration)
    with _exact():
        frame = experiment.compute(cell, workspace, key)
    _note_digest(experiment, workspace, key)
    return index, frame


def _compute_elsewhere(job: Job, code: str) -> tuple[int, pd.DataFrame]:
    """`_compute` in another process. Raises UserError if its code is not that which the key stands for."""
    one_thread()
    module = job[0].run.__module__
    if code_fingerprint(module) != code:
        raise UserError(
            f"a worker on {socket.gethostname()} has other code of {module} than the process that started the sweep: "
            "install the same version there, or run again if the code was edited meanwhile"
        )
    return _compute(*job)


def connected(cluster: str) -> Any:
    """A client of the Dask cluster at that address, to be used in a `with`. Raises UserError if no scheduler answers there."""
    from dask.distributed import Client

    try:
        return Client(cluster, timeout="5s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(f"cluster {cluster!r}: no Dask scheduler answers; give an address like tcp://host:8786") from error


def _on_cluster(jobs: list[Job], code: str, cluster: str) -> Iterator[tuple[int, pd.DataFrame]]:
    """Compute on the Dask cluster at that address."""
    from dask.distributed import KilledWorker, as_completed

    with connected(cluster) as client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            print(f"cwb: cluster {cluster!r} has no worker yet: waiting for one", file=sys.stderr)
        futures = [client.submit(_compute_elsewhere, job, code, key=f"cwb-{job[4]}") for job in jobs]
        waiting = as_completed(futures, loop=client.loop)
        futures.clear()  # a result is let go as soon as it has been fetched
        try:
            for future in waiting:
                yield future.result()
        except KilledWorker as error:
            raise UserError(f"cluster {cluster!r}: one cell ended several workers; give them more memory") from error
        except (CancelledError, OSError) as error:
            raise UserError(f"cluster {cluster!r} went away; run again to go on where it stopped") from error


def _missing(jobs: list[Job], workers: int, cluster: str | None) -> Iterator[tuple[int, pd.DataFrame]]:
    """Compute the cells, yielding each as it finishes."""
    if not jobs:
        return
    code = code_fingerprint(jobs[0][0].run.__module__)
    if cluster is not None:
        yield from _on_cluster(jobs, code, cluster)
    elif workers == 1:
        yield from (_compute(*job) for job in jobs)
    else:
        with parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
            computed = Parallel(return_as="generator_unordered", pre_dispatch="all")(
                delayed(_compute_elsewhere)(job, code) for job in jobs
            )
            yield from cast("Iterator[tuple[int, pd.DataFrame]]", computed)


def run_cells(
    experiment: Experiment,
    preset: Preset,
    workspace: Path,
    workers: int = 1,
    cluster: str | None = None,
    on_cell: Callable[[], None] | None = None,
    declaration: str | None = None,
) -> pd.DataFrame:
    """Table of `experiment` under `preset`: the rows of all its cells, in the order of the cells.

    workspace: folder of shards and checkpoints; made if absent.
    workers: processes (1: this one). cluster: address of a Dask scheduler, used instead of local processes.
    on_cell: called in this process each time a cell is finished, or found on disk.
    declaration: digest of what was declared before (`simulate.runs.declaration.declare`); None if nothing was.
    Raises UserError if `workers` is below 1, the scheduler does not answer or goes away, or a worker has other code; an error in
    a cell is passed on as it is.
    """
    if workers < 1:
        raise UserError(f"workers={workers}: give a number of processes of at least 1")
    cells = list(experiment.cells(preset))
    keys = [experiment.key(cell) for cell in cells]
    frames = [_stored(experiment, workspace, key) for key in keys]
    for frame in frames:
        if frame is not None and on_cell:
            on_cell()
    jobs = [
        (experiment, index, cells[index], workspace, keys[index], declaration)
        for index, frame in enumerate(frames)
        if frame is None
    ]
    for index, frame in _missing(jobs, workers, cluster):
        frames[index] = frame
        if on_cell:
            on_cell()
    return pd.concat([frame for frame in frames if frame is not None], ignore_index=True)
