"""Where things lie: the workspace of a run, and the results, figures and PDF of a preset."""

from dataclasses import dataclass
from pathlib import Path

from simulate.runs.fingerprint import ROOT
from simulate.runs.preset import Preset
from theory.errors import UserError

PAPER = ROOT / "paper"
EARLIER = "earlier.json"
"""Beside the tables: what earlier runs of the same question found on other seeds (`figures.build.earlier`)."""


@dataclass(frozen=True)
class Layout:
    """Folders of one preset.

    workspace: shards of cells and checkpoints of models, shared by the presets, safe to delete.
    base: the tables of results (`results/`), figures (`figures/`) and the PDF. For `paper` it is the folder of the
    same name in the repository, whose tables and figures are committed; for `quick` it lies in the workspace.
    """

    preset: Preset
    workspace: Path
    base: Path

    @classmethod
    def of(cls, preset: Preset, out: Path | None = None) -> "Layout":
        """The layout of a preset; with `out`, everything lies under that folder and the repository is left alone.

        Raises UserError if `out` can be no folder.
        """
        try:
            workspace = (out or ROOT / "build").resolve()
        except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a null byte
            raise UserError(f"--out {out}: this is no folder ({error}): give a folder, new or old") from None
        if workspace.exists() and not workspace.is_dir():
            raise UserError(f"--out {out}: this is a file: give a folder, new or old")
        return cls(preset, workspace, PAPER if preset == "paper" and out is None else workspace / preset)

    @property
    def results(self) -> Path:
        """Folder of the tables, one Parquet file per experiment."""
        return self.base / "results"

    @property
    def verdicts(self) -> Path:
        """The verdicts, with the digest of the tables and the rules that they follow from (`figures.build.remembered`)."""
        return self.results / "verdicts.json"

    @property
    def figures(self) -> Path:
        """Folder of the drawn figures, PDF and PNG."""
        return self.base / "figures"

    @property
    def pdf(self) -> Path:
        """The typeset paper."""
        return self.base / "paper.pdf"

    @property
    def supplement(self) -> Path:
        """The typeset supplement to the paper."""
        return self.base / "supplement.pdf"

    @property
    def derivations(self) -> Path:
        """The typeset derivations of the ledger."""
        return self.base / "derivations.pdf"
