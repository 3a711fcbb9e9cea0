"""Stories that a seed makes: a plot, its words and its probes put together."""

import zlib
from collections.abc import Mapping

import numpy as np

from realmodels.arena.narrative import chinese, english
from realmodels.arena.narrative.cast import cast
from realmodels.arena.narrative.plot import plot
from realmodels.arena.narrative.probes import probes
from realmodels.arena.narrative.telling import chapters as told
from realmodels.arena.narrative.telling import frame
from realmodels.arena.story import LANGUAGES, Language, Story
from theory.errors import UserError

LEAST, MOST = 6, 500  # chapters; a study asks two or three questions after each
WORDS = {"en": english, "zh": chinese}
GENRES: Mapping[Language, tuple[str, ...]] = {language: tuple(WORDS[language].GENRES) for language in LANGUAGES}


def narrative(genre: str, language: str, chapters: int = 24, seed: int = 0) -> Story:
    """A story of so many chapters, 20 or more for ages worth measuring. The same arguments give the same story, byte for byte.

    genre, language: of `GENRES`. Raises UserError for any other, for fewer than 6 or more than 500 chapters and for a
    negative seed.
    """
    if language not in WORDS:
        raise UserError(f"no stories in the language {language!r}: give one of {', '.join(GENRES)}")
    words = WORDS[language]
    if genre not in words.GENRES:
        raise UserError(f"no genre {genre!r} in the language {language!r}: give one of {', '.join(words.GENRES)}")
    if chapters < LEAST:
        raise UserError(f"{chapters} chapters: give {LEAST} at least, better 20 or more")
    if chapters > MOST:
        raise UserError(f"{chapters} chapters: give {MOST} at most")
    if seed < 0:
        raise UserError(f"seed {seed}: give a number from 0 on")
    of = words.GENRES[genre]
    world = zlib.crc32(f"{language} {genre}".encode())  # so that one seed does not give every genre the same plot
    for_cast, for_plot, for_text, for_probes = (
        np.random.default_rng(part) for part in np.random.SeedSequence([seed, world]).spawn(4)
    )
    drawn = cast(of, for_cast)
    happened = plot(chapters, for_plot)
    text = told(of, words.PHRASES, drawn, happened, for_text)
    title = of.titles[for_cast.integers(len(of.titles))].format(**drawn.extras)
    asked = probes(words.PHRASES, drawn, happened, for_probes)
    return Story(title, words.PHRASES.language, genre, frame(of, words.PHRASES, drawn, happened), text, asked)
