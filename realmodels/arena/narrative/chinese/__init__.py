"""Words for stories in Chinese: the phrases of all genres, and a file of words for each genre."""

from realmodels.arena.narrative.chinese.phrases import PHRASES
from realmodels.arena.narrative.chinese.sea import SEA
from realmodels.arena.narrative.chinese.town import TOWN

GENRES = {"sea": SEA, "town": TOWN}

__all__ = ["GENRES", "PHRASES"]
