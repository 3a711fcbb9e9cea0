"""Arguments of the form name=value."""

from collections.abc import Sequence

from theory.errors import UserError


def assignments(words: Sequence[str]) -> dict[str, float | str]:
    """{"N": 1000.0, "quantity": "snr"} from ["N=1000", "quantity=snr"].

    Raises UserError if a word is not name=value, a name comes twice, or a value other than `quantity` is not a number.
    """
    values: dict[str, float | str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name or not text:
            raise UserError(f"{word!r} is not of the form name=value: write for instance N=1000")
        if name in values:
            raise UserError(f"{name} is given twice: give it once")
        if name == "quantity":
            values[name] = text
            continue
        try:
            values[name] = float(text)
        except ValueError:
            raise UserError(f"{name}={text}: {text!r} is not a number: write for instance {name}=10") from None
    return values
