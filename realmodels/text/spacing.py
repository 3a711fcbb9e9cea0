"""Where a writer puts a space between a prompt and its answer: a property of their scripts and of the signs at the border.

Scripts of East and South-East Asia are written without spaces between words. Signs are judged by their class in the Unicode
character database, so no list of languages is needed.
"""

import re
import unicodedata
from functools import lru_cache

UNSPACED = re.compile(
    r"(CJK|IDEOGRAPHIC|HIRAGANA|KATAKANA|KATAKANA-HIRAGANA|HALFWIDTH KATAKANA|BOPOMOFO|YI|NUSHU|TANGUT"
    r"|THAI|LAO|KHMER|MYANMAR|TIBETAN|TAI|NEW TAI|JAVANESE|BALINESE|SUNDANESE|BATAK|REJANG|CHAM) "
)  # how the Unicode names of letters of scripts begin that are written without spaces between words
BLANKS = re.compile(r"[ \u00a0\u1680\u2000-\u200a\u202f]+")  # blanks on a line, each of them a space to a reader
PARTNERS = {"“": "„", "‘": "‚", "«": "»", "‹": "›", "”": "“„”", "’": "‘‚", "»": "«", "›": "‹"}
ATTACHED = frozenset("/\\@#_~|`་")  # nothing stands between these and what follows; the last divides syllables of Tibetan
FOLLOWING = frozenset(".,;:!?%…'’/")  # nothing stands before these


def continuation(prompt: str, answer: str, space: bool | None = None) -> tuple[str, str]:
    """(prompt without the white space at its end, the exact text that continues it).

    space: True puts one space before the answer, False none. None: white space at the border stays as it was given (a run of
    blanks is one space, anything with a line break or a tab stays as it is); without any, `spaced` decides. White space at the
    end of the answer is dropped.
    """
    stem, core = prompt.rstrip(), answer.strip()
    if space is None:
        border = prompt[len(stem) :] + answer[: len(answer) - len(answer.lstrip())]
        lead = (" " if BLANKS.fullmatch(border) else border) if border else " " * spaced(stem, core)
    else:
        lead = " " * space
    return stem, lead + core


def spaced(prompt: str, answer: str) -> bool:
    """Whether a writer puts a space between these two texts, the first of which ends and the second begins without one.

    No space follows an opening bracket or quotation mark, a sign such as / or @, a full-width sign, a dash or = that touches
    what is before it, or a letter of a script without spaces. None comes before a comma or a closing mark, nor before a letter
    of a script without spaces if the prompt holds such letters too ("... is 巴黎" in English, "...是巴黎" in Chinese).
    """
    border = prompt[-1:] + answer[:1]
    if len(border) == 2 and border.isascii() and border.isalnum():
        return True  # what nearly all files hold
    if not prompt or not answer or not _may_follow(prompt):
        return False
    first = answer[0]
    if _unspaced(first):
        return prompt.isascii() or not any(_unspaced(letter) for letter in prompt)
    if first == ".":
        return answer[1:2].isalnum()
    if first in "'’":
        return answer[-1] == first and len(answer) > 1
    kind = unicodedata.category(first)
    if kind == "Pd":
        return answer[1:2].isdigit() or not answer[1:].strip()
    return not (first in FOLLOWING or kind in ("Pe", "Pf", "Mn", "Me") or _wide(first))


def _may_follow(prompt: str) -> bool:
    """Whether the end of the prompt lets a space follow."""
    last, before = prompt[-1], prompt[:-1]
    kind = unicodedata.category(last)
    free = not before or before[-1].isspace()
    if kind in ("Ps", "Pc", "Sc") or last in ATTACHED or _wide(last) or _opens(last, before):
        return False
    if kind in ("Pd", "Sm"):
        return free
    stem = prompt.rstrip("".join(letter for letter in prompt[-4:] if unicodedata.category(letter)[0] == "M"))
    return not _unspaced((stem or prompt)[-1])


def _opens(mark: str, before: str) -> bool:
    """Whether a quotation mark opens a quotation, seen from what is before it."""
    free = not before or before[-1].isspace() or unicodedata.category(before[-1]) in ("Ps", "Pi")
    if mark in "\"'":
        return free
    kind = unicodedata.category(mark)
    if kind == "Pi":
        return not any(partner in before for partner in PARTNERS.get(mark, ""))
    return kind == "Pf" and free and not any(partner in before for partner in PARTNERS.get(mark, ""))


def _wide(letter: str) -> bool:
    """Whether a sign fills a square of its own, as punctuation of East Asia does and so holds its own space."""
    return unicodedata.east_asian_width(letter) == "F" or (
        unicodedata.east_asian_width(letter) == "W" and unicodedata.category(letter)[0] in "PZ"
    )


@lru_cache(maxsize=4096)
def _unspaced(letter: str) -> bool:
    """Whether a character is a letter, mark or digit of a script that is written without spaces between words."""
    return unicodedata.category(letter)[0] in "LMN" and UNSPACED.match(unicodedata.name(letter, "")) is not None
