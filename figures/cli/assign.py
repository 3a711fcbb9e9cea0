"""Arguments of the form name=value, and answers as JSON or as text."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

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


def show_json(answer: Any) -> None:
    """Print an answer as JSON, two spaces deep. NaN and infinity are a mistake of ours and raise ValueError."""
    print(json.dumps(answer, indent=2, ensure_ascii=False, allow_nan=False))


def show_record(record: Mapping[str, Any]) -> None:
    """Print a record as aligned lines; a list of records as a small table, a list of numbers by its ends."""
    width = max(map(len, record), default=0)
    for name, value in record.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            print(f"{name}:\n  " + "  ".join(f"{column:>8}" for column in value[0]))
            for row in value:
                print("  " + "  ".join(f"{_short(cell):>8}" for cell in row.values()))
        elif isinstance(value, list) and len(value) > 5:
            print(f"{name:<{width}}  {', '.join(map(_short, value[:5]))}, ... {_short(value[-1])} ({len(value)} values)")
        else:
            print(f"{name:<{width}}  {_short(value)}")


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_short, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
