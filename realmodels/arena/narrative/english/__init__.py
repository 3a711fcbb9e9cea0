"""Words for stories in English: the phrases of all genres, and a file of words for each genre."""

from realmodels.arena.narrative.english.court import COURT
from realmodels.arena.narrative.english.phrases import PHRASES
from realmodels.arena.narrative.english.sea import SEA
from realmodels.arena.narrative.english.town import TOWN

GENRES = {"sea": SEA, "court": COURT, "town": TOWN}

__all__ = ["GENRES", "PHRASES"]
