"""Memory: what is free, and one line for the user where more is needed than that, before any of it is taken."""

import re
import resource
from pathlib import Path

from theory.errors import UserError

GIB = 2**30


def _number(path: str) -> int | None:
    """The number in a file of the kernel's; None if there is no such file or it says "max"."""
    try:
        return int(Path(path).read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def available() -> int:
    """Bytes that this process may still take: the least of free memory, the control group's limit and the process's own."""
    limits = [2**63]
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines() if ":" in line)
        limits.append(1024 * int(lines["MemAvailable"].split()[0]))
    except (OSError, KeyError, ValueError):
        pass
    for top, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        most, now = _number(top), _number(used)
        if most is not None and now is not None:
            limits.append(most - now)
    address_space = resource.getrlimit(resource.RLIMIT_AS)[0]
    if address_space != resource.RLIM_INFINITY:
        try:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            pages = 0
        limits.append(address_space - pages * resource.getpagesize())
    return max(0, min(limits))


def size(text: str | float) -> int:
    """Bytes of "8G", "8 GiB", "500M" or a number of bytes; a suffix counts in powers of 1024.

    Raises UserError for anything else, and for a size that is not above 0.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*(?:([KMGT])(?:I?B)?|B)?\s*", str(text).upper())
    number = float(match[1]) * 1024 ** " KMGT".index(match[2] or " ") if match else 0
    if not 0 < number < 2**63:
        raise UserError(f"memory {text!r}: give a size such as 8G or 500M")
    return int(number)


def taken() -> int:
    """Bytes of memory that this process has now; 0 where the system does not say."""
    pages = Path("/proc/self/statm")
    try:
        return int(pages.read_text().split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


def require(needed: int, what: str, mend: str) -> None:
    """Raise UserError if `what` needs more bytes than are free; `mend` says what would fit."""
    free = available()
    if needed > free:
        raise UserError(f"{what} needs {needed / GIB:,.1f} GiB of memory, and {free / GIB:,.1f} GiB are free: {mend}")
