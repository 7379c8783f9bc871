"""Attributes of items: values of the types that the manifest declares.

In Postgres a number is a number, a list an array of texts, and a time a text in ISO 8601, UTC. The
lake has all of them as texts: numbers in digits, lists as JSON.
"""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from serving.errors import RequestRefusedError, UnknownAttributeError

Value = str | float | Sequence[str]
Types = Mapping[str, str]  # `text`, `number`, `time` or `list`, by the attribute's name

_EXPECTED = {
    "text": "a text",
    "number": "a number",
    "time": "a time in ISO 8601",
    "list": "a list of texts",
}


def checked(given: Mapping[str, Value], types: Types) -> dict[str, Value]:
    """Return the values of a request as they are stored.

    Raises:
        UnknownAttributeError: the manifest does not declare an attribute.
        RequestRefusedError: a value is of another type.
    """
    return {name: _checked(name, value, types) for name, value in given.items()}


def must_be_declared(name: str, types: Types, where: str) -> str:
    """Return the type of an attribute.

    Raises:
        UnknownAttributeError: the manifest does not declare it.
    """
    if name in types:
        return types[name]
    declared = ", ".join(sorted(types)) or "none"
    raise UnknownAttributeError(f"{where}: there is no attribute {name!r}; declared: {declared}.")


def of_texts(texts: Mapping[str, str], types: Types) -> dict[str, Value]:
    """Return the values of texts in the form of the lake, without those of another type."""
    values = {name: _of_text(text, types[name]) for name, text in texts.items() if name in types}
    return {name: value for name, value in values.items() if value is not None}


def as_texts(values: Mapping[str, Value]) -> dict[str, str]:
    """Return the values as the lake has them."""
    return {name: _text(value) for name, value in values.items()}


def time(text: str) -> str | None:
    """Return a time in ISO 8601, UTC; None if the text is no time. Without a zone it is in UTC."""
    at = parsed_time(text)
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def parsed_time(value: object) -> datetime | None:
    """Return the time of a text, in UTC; None if the value is no time."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def comparable(values: Mapping[str, Any], times: Collection[str]) -> dict[str, Any]:
    """Return an item's values with the attributes `times` as `datetime`; None: it is no time."""
    parsed = {name: parsed_time(values[name]) for name in times if name in values}
    return {**values, **parsed}


def _checked(name: str, value: Value, types: Types) -> Value:
    declared = must_be_declared(name, types, "body.attributes")
    match declared, value:
        case "number", int() | float():
            return value
        case "text", str():
            return value
        case "time", str() if (at := time(value)) is not None:
            return at
        case "list", list() | tuple():
            return list(value)
    raise RequestRefusedError(f"body.attributes.{name}: {_EXPECTED[declared]} is expected.")


def _of_text(text: str, declared: str) -> Value | None:
    """Return the value of a text of the lake; None if it is not of the declared type."""
    try:
        match declared:
            case "number":
                return _finite(float(text))
            case "list":
                return _texts(json.loads(text))
            case _:
                return text
    except ValueError:
        return None


def _finite(number: float) -> float | None:
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def _texts(parsed: object) -> list[str] | None:
    return [str(part) for part in parsed] if isinstance(parsed, list) else None


def _text(value: Value) -> str:
    match value:
        case str():
            return value
        case int() | float():
            return f"{value:.0f}" if float(value).is_integer() else repr(value)
        case _:
            return json.dumps([*value], ensure_ascii=False)
