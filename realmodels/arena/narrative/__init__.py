"""Long stories made by a seed, with probes of everything in them that changes: see `narrative`."""

from realmodels.arena.narrative.story import GENRES, narrative

__all__ = ["GENRES", "narrative"]
