"""Types of a manifest's fields whose texts are checked: encodings, time formats, conditions."""

import codecs
import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator

from warehouse.manifests import conditions

TOPIC: Final = r"^[A-Za-z0-9._-]{1,249}$"  # names that Kafka allows
TIME_FORMATS: Final = ("seconds", "milliseconds", "microseconds", "iso")


def _known_encoding(name: str) -> str:
    """Return Python's name of the encoding.

    Raises:
        ValueError: Python knows no text encoding of this name.
    """
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        common = "utf-8, utf-16, windows-1252, iso-8859-1"
        raise ValueError(f"no encoding {name!r}; write one such as {common}") from error


def _readable_time_format(text: str) -> str:
    """Return the text, a name in `TIME_FORMATS` or a pattern of `strptime`.

    Raises:
        ValueError: it is neither.
    """
    if text in TIME_FORMATS:
        return text
    if "%" not in text:
        raise ValueError(
            f"{text!r}: write one of {', '.join(TIME_FORMATS)}, or a pattern such as "
            '"%d.%m.%Y %H:%M"'
        )
    if "%Z" in re.findall("%.", text):
        plain = text.replace("%Z", "CET")
        raise ValueError(
            f"{text!r}: the name of a zone, %Z, may mean several zones. If all times have the "
            f'same name, write it as it is, as in "{plain}", and in `time_zone` the zone that it '
            'means, such as "Europe/Berlin". Offsets such as +0100 are %z'
        )
    sample = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    try:
        datetime.strptime(sample.strftime(text), text)  # noqa: DTZ007
    except re.error as error:
        raise ValueError(
            f"{text!r} has the same part of a time twice: remove one (%m is the month, %M the "
            "minute)"
        ) from error
    return text


def _readable_condition(text: str) -> str:
    """Return the text, a condition on columns.

    Raises:
        ConditionError: it is not a condition.
    """
    conditions.parse(text)
    return text


Encoding = Annotated[str, AfterValidator(_known_encoding)]
TimeFormat = Annotated[str, AfterValidator(_readable_time_format)]
ConditionText = Annotated[str, AfterValidator(_readable_condition)]
