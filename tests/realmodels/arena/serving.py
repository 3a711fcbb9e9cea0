"""The pages of a study in a process of their own, at a real port, which can be killed and started again."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from simulate.runs.fingerprint import ROOT

SERVE = (
    "import sys; from realmodels.arena.server.serve import serve; serve(sys.argv[1], int(sys.argv[2]), sys.argv[3:] == ['share'])"
)


class Server:
    """Serves the study of a folder while the block lasts, always at the same port. link: what it printed, on this computer. log:
    what it wrote to standard error.
    """

    def __init__(self, folder: Path, share: bool = False):
        self.folder, self.share = folder, share
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
                [sys.executable, "-c", SERVE, str(self.folder), str(self.port), *(["share"] if self.share else [])],
                cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        printed = urlsplit(self.process.stdout.readline().strip())
        assert printed.port == self.port, self.log.read_text()
        assert self.share or printed.hostname == "127.0.0.1"
        self.link = f"{self.url}/?{printed.query}" if printed.query else self.url

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
