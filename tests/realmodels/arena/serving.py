"""The pages of a study in a process of their own, at a real port, which can be killed and started again."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from simulate.runs.fingerprint import ROOT

SERVE = "import sys; from realmodels.arena.server.serve import serve; serve(sys.argv[1], int(sys.argv[2]))"


class Server:
    """Serves the study of a folder while the block lasts, always at the same port. errors: what it wrote to standard error."""

    def __init__(self, folder: Path):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder.parent / f"{folder.name}.log"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self) -> None:
        """Start it; it answers when this returns."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVE, str(self.folder), str(self.port)],
                cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert self.process.stdout.readline().strip() == f"{self.url}/", self.log.read_text()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
