"""`cwb explore`: the notebooks, opened in the browser or exported as files."""

from __future__ import annotations

import difflib
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from theory.errors import UserError


@dataclass(frozen=True)
class Explore:
    """Open a notebook: sliders beside the picture that they move, and measured points over the laws.

    Without a name it lists the notebooks and opens an index of them.
    """

    name: Positional[str | None] = None
    """Which notebook; `--list` lists them."""
    list: bool = False
    """List the notebooks, one line each, and open nothing."""
    edit: bool = False
    """Open it for editing rather than as an app."""
    port: int | None = None
    """Port of the local server, 1 to 65535. Default: a free one."""
    headless: bool = False
    """Start the server and print its address, but open no browser."""
    export: Path | None = None
    """Folder to write the notebook into (all notebooks, without a name), instead of opening it."""
    format: Literal["html", "ipynb"] = "html"
    """What `--export` writes: a page that needs no network, or a Jupyter notebook with its output."""

    def run(self) -> int:
        """List, export, or start marimo."""
        from figures.build.notebooks import FOLDER, notebooks, summary

        known = notebooks()
        if self.name is not None and self.name not in known:
            close = difflib.get_close_matches(self.name.casefold(), known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"choose one of {', '.join(known)}"
            raise UserError(f"no notebook {self.name!r}: {hint}")
        if self.export is not None:
            return self._export({self.name: known[self.name]} if self.name else known, self.export)
        if self.name is None:
            for name, path in known.items():
                print(f"{name:<16} {summary(path)}", flush=True)
            if self.list:
                return 0
        return self._open(known[self.name] if self.name else FOLDER)

    def _open(self, notebook: Path) -> int:
        """marimo's server for one notebook, or for the folder of all."""
        words = ["edit" if self.edit else "run", str(notebook), "--no-token"]
        if self.port is not None:
            _require_free(self.port)
            words += ["--port", str(self.port)]
        return _marimo(*words, *(["--headless"] if self.headless else []))

    def _export(self, chosen: dict[str, Path], into: Path) -> int:
        """Write each notebook into the folder, under its own name."""
        from figures.build.notebooks import page
        from simulate.runs.store import atomic

        folder = _folder(into)
        for name, notebook in chosen.items():
            path = folder / f"{name}.{self.format}"
            if path.is_dir():
                raise UserError(f"{path} is a folder: remove it, or export into another one")
            with atomic(path) as temporary:
                if self.format == "html":
                    temporary.write_text(page(notebook), encoding="utf-8")
                elif _marimo("export", "ipynb", "--include-outputs", "--force", str(notebook), "-o", str(temporary), still=True):
                    raise UserError(f"{notebook} could not be exported: see marimo's message above")
            print(path, flush=True)
        return 0


def _folder(folder: Path) -> Path:
    """The folder to export into, made if it is missing. Raises UserError if it is none or cannot be made."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--export {folder}: not a folder: give one, each notebook is written into it under its own name")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _require_free(port: int) -> None:
    """Raises UserError if no server of ours can listen there."""
    if not 1 <= port <= 65535:
        raise UserError(f"--port {port}: give a number from 1 to 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UserError(f"--port {port}: cannot be used ({error.strerror}): choose another, or leave it out") from None


def _marimo(*words: str, still: bool = False) -> int:
    """Run marimo in a process of its own, which finds our packages first; its exit status.

    still: controls are shown as values, not as sliders.
    """
    from simulate.runs.fingerprint import ROOT

    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", "MARIMO_SKIP_UPDATE_CHECK": "1"}
    environment |= {"CWB_STILL": "1"} if still else {}
    output = {"stdout": subprocess.DEVNULL} if still else {}
    return subprocess.run([sys.executable, "-m", "marimo", *words], check=False, env=environment, **output).returncode
