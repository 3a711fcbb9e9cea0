"""Words for stories in Chinese: the phrases of all genres, and a file of words for each genre."""

GENRES: dict = {}
