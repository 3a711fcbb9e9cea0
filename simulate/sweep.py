"""Run the cells of an experiment: what is on disk is read, what is missing is computed, here, on many cores or on a cluster.

A cell is deterministic in its configuration, so the table is the same, byte for byte, whoever computed it and in whatever
order the answers came in. Shards are written as cells finish (`Experiment.compute`): a sweep killed half-way goes on where
it stopped. On a cluster the workers must have this package installed and see `workspace` under the same path.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pandas as pd
from joblib import Parallel, delayed, parallel_config

from simulate.experiment import Cell, Experiment, Preset
from simulate.store import Store
from theory.errors import UserError

# loky replaces a worker whose memory has grown, as that of a compiling JAX does; nothing is lost by it
warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given to the executor")


def _compute(experiment: Experiment, index: int, cell: Cell, workspace: Path, key: str) -> tuple[int, pd.DataFrame]:
    return index, experiment.compute(cell, workspace, key)


@contextmanager
def _backend(workers: int, cluster: str | None) -> Iterator[None]:
    """Within: joblib runs on local processes of one thread each, or on the Dask cluster at that address."""
    if cluster is None:
        with parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
            yield
        return
    from dask.distributed import Client

    try:
        client = Client(cluster, timeout="5s")
    except (OSError, ValueError) as error:
        raise UserError(f"cluster {cluster!r}: no Dask scheduler answers; give an address like tcp://host:8786") from error
    with client, parallel_config(backend="dask", client=client):
        yield


def _missing(
    experiment: Experiment, todo: list[tuple[int, Cell, str]], workspace: Path, workers: int, cluster: str | None
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Compute the cells in `todo`, yielding each as it finishes."""
    if cluster is None and workers == 1:
        yield from (_compute(experiment, index, cell, workspace, key) for index, cell, key in todo)
        return
    with _backend(workers, cluster):
        jobs = (delayed(_compute)(experiment, index, cell, workspace, key) for index, cell, key in todo)
        found = Parallel(return_as="generator_unordered", pre_dispatch="all")(jobs)
        yield from cast("Iterator[tuple[int, pd.DataFrame]]", found)


def run_cells(
    experiment: Experiment,
    preset: Preset,
    workspace: Path,
    workers: int = 1,
    cluster: str | None = None,
    on_cell: Callable[[], None] | None = None,
) -> pd.DataFrame:
    """Table of `experiment` under `preset`: the rows of all its cells, in the order of the cells.

    workspace: folder of shards and checkpoints; made if absent.
    workers: processes (1: this one). cluster: address of a Dask scheduler, used instead of local processes.
    on_cell: called in this process each time a cell is finished, or found on disk.
    Raises UserError if `workers` is below 1 or the scheduler does not answer; an error in a cell is passed on as it is.
    """
    if workers < 1:
        raise UserError(f"workers={workers}: give a number of processes of at least 1")
    cells = list(experiment.cells(preset))
    store = Store(workspace / "cells" / experiment.name)
    keys = [experiment.key(cell) for cell in cells]
    frames: list[pd.DataFrame | None] = [store.get(key) for key in keys]
    for frame in frames:
        if frame is not None and on_cell:
            on_cell()
    todo = [(index, cells[index], keys[index]) for index, frame in enumerate(frames) if frame is None]
    for index, frame in _missing(experiment, todo, workspace, workers, cluster):
        frames[index] = frame
        if on_cell:
            on_cell()
    return pd.concat([frame for frame in frames if frame is not None], ignore_index=True)
