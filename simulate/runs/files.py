"""Files as everything here writes and reads them: replaced in one step, named by their content, JSON that cannot surprise."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from theory.errors import UserError


def digest(*parts: Any) -> str:
    """First 32 hex digits of the SHA-256 of the parts in canonical JSON: equal for equal content, whatever the order of keys."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, allow_nan=False).encode()).hexdigest()[:32]


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it replaces `path` in one step, on failure it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_text(path: Path, mend: str) -> str:
    """The text of a file in UTF-8. Raises UserError if there is none, if it cannot be read or is not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: {mend}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}): {mend}") from None
    except (OSError, RuntimeError, ValueError) as error:  # a directory, a loop of links, no permission, a null byte in the name
        raise UserError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error}): {mend}") from None


def parse_json(text: str | bytes, where: str, mend: str) -> Any:
    """The value of a JSON text from outside. Raises UserError "WHERE: what is wrong: MEND" for whatever is not plain JSON.

    Refused are bytes that are not UTF-8, what the grammar refuses, NaN and Infinity, numbers too large for a float or an int
    of more than 4300 digits, half characters (lone surrogates), and nesting too deep to be read.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_constant, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        raise UserError(f"{where}: not UTF-8: {mend}") from None
    except UnicodeEncodeError:
        raise UserError(f"{where}: a text in it holds half a character (a lone surrogate): {mend}") from None
    except RecursionError:
        raise UserError(f"{where}: nested too deeply: {mend}") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not JSON ({error.msg}): {mend}") from None
    except ValueError as error:
        raise UserError(f"{where}: {_reason(error)}: {mend}") from None
    return value


def read_json(path: Path, mend: str) -> Any:
    """The value of a JSON file, as `parse_json`. Raises UserError if there is no such file or it is not plain JSON."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: {mend}") from None
    except (OSError, RuntimeError, ValueError) as error:  # a directory, a loop of links, no permission, a null byte in the name
        raise UserError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error}): {mend}") from None
    return parse_json(text, str(path), mend)


def _constant(word: str) -> float:
    raise ValueError(f"{word} is not a number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"the number {text[:20]} is too large")
    return value


def _reason(error: ValueError) -> str:
    """The message of a refusal; Python's own on long integers in plain words."""
    return "a whole number has too many digits" if "integer string conversion" in str(error) else str(error)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, one space deep; wrap it in `atomic`. Raises ValueError for a number that is not finite."""
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
