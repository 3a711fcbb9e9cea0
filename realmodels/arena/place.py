"""Where a study is: a folder, or the one that is shipped."""

import shutil
from pathlib import Path

from theory.errors import UserError

SHIPPED = Path(__file__).parent / "example"


def study_folder(study: str | Path, workspace: Path) -> Path:
    """The folder of a study. "example" is the shipped one: unless there is a folder of that name here, it is copied into the
    workspace, where its votes are kept. Raises UserError if there is no such folder.
    """
    folder = Path(study)
    if folder.is_dir():
        return folder
    if str(study) != SHIPPED.name:
        raise UserError(f"no study {study}: make one with `cwb arena new {study}`, or give {SHIPPED.name}")
    own = workspace / "arena" / SHIPPED.name
    if not (own / "study.json").is_file():
        own.mkdir(parents=True, exist_ok=True)
        for file in sorted(SHIPPED.iterdir(), key=lambda path: path.name == "study.json"):  # last what makes it a study
            shutil.copyfile(file, own / file.name)
    return own
