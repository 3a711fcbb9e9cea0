"""One training in several processes, each with its share of every batch: on several GPUs, or several machines.

`launch` starts the processes on this machine, by PyTorch's own launcher; on several, start the command there by torchrun.
Gradients are averaged after every backward pass, so that all processes hold the same model at every step.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import torch
import torch.distributed as dist
from torch import Tensor, nn

from theory.errors import UserError

DEVICES = (
    "cpu",
    "cuda",
    "mps",
    "xpu",
)  # kinds of devices that compute; PyTorch knows others, which hold no numbers or lack parts


def checked(device: str, compiled: bool = False) -> None:
    """Raises UserError if PyTorch cannot compute on this device, or not compile for it."""
    try:
        if device.partition(":")[0] not in DEVICES:
            raise UserError(f"device {device!r} cannot train a model: give cpu, or cuda where PyTorch finds a GPU")
        torch.zeros(1, device=device).add_(1).item()
    except UserError:
        raise
    except (RuntimeError, AssertionError, ValueError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"device {device!r} cannot be used ({reason}): give cpu, or cuda where PyTorch finds a GPU") from None
    if compiled and device == "cpu" and not any(map(shutil.which, (os.environ.get("CXX", "c++"), "g++", "clang++"))):
        raise UserError("--compile needs a C++ compiler on a CPU and none was found: install g++ or leave --compile out")


def place() -> tuple[int, int]:
    """(rank of this process, number of processes): (0, 1) outside a group."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


@contextmanager
def group(device: str) -> Iterator[str]:
    """Inside: the group of processes that torchrun or `launch` started this one in, if any. Yields this process's device."""
    if "RANK" not in os.environ or dist.is_initialized():
        yield device
        return
    cuda = device.startswith("cuda")
    if cuda:
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield device
    finally:
        dist.destroy_process_group()


def average(parameters: list[nn.Parameter]) -> None:
    """Replace every gradient by its mean over the processes; rows of tables that no process read stay out."""
    count = place()[1]
    if count == 1:
        return
    for parameter in parameters:
        if parameter.grad is not None:
            if parameter.grad.is_sparse:
                parameter.grad = parameter.grad.coalesce() if dist.get_backend() == "gloo" else parameter.grad.to_dense()
            dist.all_reduce(parameter.grad)
            parameter.grad /= count


def mean(value: Tensor) -> float:
    """The mean over the processes of a scalar."""
    count = place()[1]
    if count > 1:
        value = value.clone()
        dist.all_reduce(value)
    return value.item() / count


def wait() -> None:
    """Go on when all processes have come here."""
    if place()[1] > 1:
        dist.barrier()


def launch(processes: int, entry: Callable[..., Any], *args: Any) -> Any:
    """Run entry(*args) in so many processes of one group on this machine; the result of the first.

    `entry` is a function of a module and enters `group` itself. Raises UserError if a process fails, with its last words.
    """
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.elastic.rendezvous.api import RendezvousError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
    )
    try:
        return elastic_launch(config, entry)(*args)[0]
    except RendezvousError as error:
        raise UserError(
            f"{processes} processes cannot reach one another on this machine ({error}): allow connections to localhost, or give "
            "one process"
        ) from None
    except ChildFailedError as error:
        failure = error.get_first_failure()[1]
        message = failure.message if isinstance(failure.message, str) else failure.message.get("message", "")
        raise UserError(
            f"a training process failed (rank {error.get_first_failure()[0]}): {message.strip().splitlines()[-1]}"
        ) from None
