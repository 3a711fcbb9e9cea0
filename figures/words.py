"""Numbers and counts in the words of captions, which are in the markup of the paper (Typst)."""

import re
from collections.abc import Sequence
from math import floor, log10

import pandas as pd

COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def paragraph(text: str) -> str:
    """Lines of a triple-quoted text as one line."""
    return re.sub(r"\s*\n\s*", " ", text.strip())


def number(x: float, digits: int = 2) -> str:
    """A number to so many significant digits, with a true minus sign; below a thousandth as a power of ten."""
    if x == 0:
        return "0"
    size = floor(log10(abs(x)))
    if size < -3:
        mantissa = f"{x / 10.0**size:.{digits - 1}f}"
        return f"${mantissa} times 10^({size})$"
    places = max(0, digits - 1 - size)
    words = f"{round(x, digits - 1 - size):.{places}f}"
    whole, _, part = words.lstrip("-").partition(".")
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", "\N{THIN SPACE}")
    return ("−" if words.startswith("-") else "") + whole + (f".{part}" if part else "")


def signed(x: float, places: int = 2) -> str:
    """A number with its sign, to so many decimal places; what rounds to 0 has none."""
    words = f"{x:+.{places}f}"
    return words.replace("-", "−") if float(words) else words[1:]


def counted(count: int, one: str, many: str | None = None) -> str:
    """ "three stores", "one store", "no stores", "17 stores"."""
    words = COUNTS[count] if count < len(COUNTS) else str(count)
    return f"{words} {one if count == 1 else many or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """ "one, two and three"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def opening(words: str) -> str:
    """Words as the beginning of a sentence."""
    return words[:1].upper() + words[1:]


def means(frame: pd.DataFrame, what: str = "Means") -> str:
    """ "Means over 8 seeds with 95% intervals.", or what one seed allows."""
    count = frame["seed"].nunique()
    return "One seed, so no intervals." if count == 1 else f"{what} over {count} seeds with 95% intervals."
