"""Live progress of long work: a bar for the cells of an experiment, and one for each long cell that reports on itself."""

import contextlib
import time
from pathlib import Path
from threading import Event, Thread

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from simulate.runs.progress import reports


@contextlib.contextmanager
def watched(workspace: Path, name: str, cells: int):
    """Show live progress of an experiment, and of the long cells that report on themselves; yields the per-cell callback."""
    columns = (
        TextColumn("{task.description:<34}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console()
    finished = Event()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        whole = progress.add_task(name, total=cells)
        parts: dict[str, int] = {}

        def watch() -> None:
            told = time.monotonic()
            while not finished.wait(0.5):
                under_way = reports(workspace)
                for part in under_way:
                    if part["label"] not in parts:
                        parts[part["label"]] = progress.add_task("", total=part["total"])
                    text = f"  {part['label']} {part['note']}"
                    progress.update(parts[part["label"]], completed=part["done"], description=text)
                for label in set(parts) - {part["label"] for part in under_way}:
                    progress.remove_task(parts.pop(label))
                if not console.is_terminal and time.monotonic() - told > 20:  # a log file: a line now and then
                    told = time.monotonic()
                    done = progress.tasks[0].completed
                    inside = "; ".join(f"{p['label']} {p['done']}/{p['total']} {p['note']}".strip() for p in under_way)
                    print(f"{name:<16} {done:.0f} of {cells} cells" + (f" ({inside})" if inside else ""), flush=True)

        watcher = Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield lambda: progress.advance(whole)
        finally:
            finished.set()
            watcher.join()
