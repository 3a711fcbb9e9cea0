"""Start the pages of a study on this computer, for oneself or for others."""

import socket
from pathlib import Path

import uvicorn

from realmodels.arena.server.arena import Ranking
from realmodels.arena.server.site import app
from realmodels.arena.study import read_study
from realmodels.arena.votes import Votes
from theory.errors import UserError


def serve(study_folder: str | Path, port: int = 8000, share: bool = False, ranking: Ranking | None = None) -> None:
    """Print the address of the study in a folder and answer there until interrupted.

    Without share only this computer can reach it. With share it listens on every address of this computer, and what is printed
    is a link with the key that one needs to join: the same at every start. port 0: any that is free. Raises UserError if there
    is no study, or if the port cannot be had.
    """
    study = read_study(study_folder)
    with Votes(study.folder / "votes.sqlite") as votes, _listening("0.0.0.0" if share else "127.0.0.1", port) as listener:
        site = app(study, votes, share=share, ranking=ranking)
        address = f"http://{_address() if share else '127.0.0.1'}:{listener.getsockname()[1]}/"
        print(f"{address}?key={site.state.arena.key}" if share else address, flush=True)
        # A log of requests would hold keys and addresses. By default a proxy on this computer may say for whom it asks.
        config = uvicorn.Config(site, access_log=False, log_level="warning", server_header=False, limit_concurrency=500)
        uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)  # before the address is printed: who is quick waits, and is not turned away
    except (OSError, OverflowError) as error:
        listener.close()
        raise UserError(f"port {port} cannot be had ({getattr(error, 'strerror', None) or error}): give another one") from None
    return listener


def _address() -> str:
    """This computer's address in its network, or else its name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # chooses a route; nothing is sent
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()
