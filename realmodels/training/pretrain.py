"""Pretraining: a checkpoint for a configuration, made once, the same bytes whether or not it was interrupted.

The whole state is saved every `save_every` steps, so a run killed at any moment ends in the same bytes on the same machine with
as many threads. What the training took lies beside the model in training.json, which is no part of the checkpoint's identity.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from realmodels.model import checkpoint
from realmodels.model.about import about
from realmodels.text.encoded import Encoded, encoded
from realmodels.training import parallel
from realmodels.training.loop import Run, one_thread
from realmodels.training.recipe import PretrainConfig, config

Progress = Callable[[int, int, float], None]


def checkpoint_folder(config: PretrainConfig, workspace: Path, logged: bool = False) -> Path:
    """Where the checkpoint of `config` lies or will lie: workspace/models/<key>.

    logged: its log has to hold the evaluations that `config` asks for. A model that was evaluated at other steps then does not
    serve, and the answer is a folder of its own.
    """
    folder = workspace / "models" / config.key
    if logged and folder.exists():
        steps = [entry["step"] for entry in about(folder)["meta"]["log"]]
        if steps != config.evaluated_steps:
            return folder.with_name(f"{folder.name}-{config.evaluations}")
    return folder


def train(
    config: PretrainConfig,
    workspace: Path,
    progress: Progress | None = None,
    device: str = "cpu",
    threads: int = 1,
    logged: bool = False,
) -> Path:
    """The checkpoint of `config` in workspace/models, trained (or its training resumed) if it is not there yet.

    `progress(step, steps, loss)` is called after every step. logged: as in `checkpoint_folder`. Raises UserError if the training
    diverges.
    """
    folder = checkpoint_folder(config, workspace, logged)
    if folder.exists():
        return folder
    text = encoded(config.corpus, config.model.vocabulary, workspace)
    with one_thread(threads), parallel.group(device) as place:
        run = _run(config, text, _saved_state(folder), progress, place)
        if run.rank == 0:
            _finish(run, folder, text, threads)
        parallel.wait()
    return folder


def _saved_state(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.safetensors"


def _run(config: PretrainConfig, text: Encoded, state: Path, progress: Progress | None, device: str) -> Run:
    """The training, taken up where it was saved last, to its end."""
    run = Run(config, text, device)
    if state.exists():
        try:
            run.load(state)
        except (SafetensorError, OSError, KeyError, ValueError):
            run = Run(config, text, device)
    parallel.wait()
    before = time.monotonic() - run.seconds
    while run.step < config.total_steps:
        loss = run.advance()
        run.seconds = time.monotonic() - before
        if run.rank == 0:
            if progress:
                progress(run.step, config.total_steps, loss)
            if run.step % config.save_every == 0:
                run.save(state)
    return run


def _finish(run: Run, folder: Path, text: Encoded, threads: int) -> None:
    """Write the checkpoint, and beside it what the training took."""
    took = {
        "seconds": run.seconds,
        "tokens_per_second": run.config.total_steps * run.config.batch * run.config.model.context / max(run.seconds, 1e-9),
        "device": run.device,
        "threads": threads,
        "processes": run.processes,
        "torch": torch.__version__,
        "curve": run.curve,
    }
    meta = {"pretraining": run.config.to_json(), "log": run.log}
    try:
        checkpoint.write(folder, run.model, text.tokenizer, meta, {"training.json": json.dumps(took, indent=1).encode()})
    except OSError:
        if not folder.exists():  # else another process finished the same model first
            raise
    _saved_state(folder).unlink(missing_ok=True)


def pretrained(
    architecture: str,
    size: str,
    seed: int,
    preset: str,
    workspace: Path,
    progress: Progress | None = None,
) -> Path:
    """The folder of the checkpoint of an architecture under a preset: found, or trained. Errors as `config` and `train`."""
    return train(config(architecture, size, seed, preset), workspace, progress)


def text_of(meta: dict[str, Any], workspace: Path) -> Encoded:
    """The encoded text that a checkpoint was trained on and is evaluated with; `meta` as `checkpoint.read` returns it."""
    config = PretrainConfig.from_json(meta["pretraining"])
    return encoded(config.corpus, config.model.vocabulary, workspace)
