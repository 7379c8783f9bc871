"""Text of the pages: escaped titles, counted nouns, formatted times and numbers."""

import re
from datetime import UTC, datetime

from monitoring import durations

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_REPLACED_AFTER_PARSING = re.compile(
    r"(?<=[-<>=~])(?=[-<>=])|(?<=@)|(?<=www)(?=\.)|(?<=http)(?=s?://)|(?<=https)(?=://)"
    r"|(?<=ftp)(?=://)|(?<=:)(?=streamlit:)",
    re.IGNORECASE,
)
_CODE = re.compile(r"`([^`]+)`")
_WORD_JOINER = "\u2060"
_HYPHEN_OF_NUMBER = re.compile(r"(?<![\w.\u2013-])-(?=\d)")
MINUS, NO_BREAK = "\u2212", "\u00a0"
NO_VALUE = "\u2013"  # shown if there is no value
_IRREGULAR = {"person": "people", "child": "children", "series": "series", "shelf": "shelves"}
MINUTE, HOUR = 60, 3600


def esc(text: str) -> str:
    r"""Return text on one line, escaped so that Streamlit's Markdown and labels show it literally.

    A backslash before each ASCII punctuation mark stops Markdown, HTML, $math$, :emoji:,
    :directives[] and :material/icons:. Arrows ("->", ">="), addresses and ":streamlit:" are
    replaced after parsing; an invisible word joiner (U+2060) prevents that.
    """
    return _escaped(" ".join(text.split()))


def code(text: str) -> str:
    """Return text on one line as inline code in Markdown: it is shown, and copied, literally."""
    one_line = " ".join(text.splitlines())
    runs = re.findall("`+", one_line)
    fence = "`" * (max(map(len, runs), default=0) + 1)
    space = " " if runs else ""  # belongs to the fence
    return f"{fence}{space}{one_line}{space}{fence}"


def with_code(text: str) -> str:
    """Return text on one line as Markdown: what is between backticks is code, the rest literal."""
    parts = _CODE.split(" ".join(text.split()))
    return "".join(code(part) if n % 2 else _escaped(part) for n, part in enumerate(parts))


def _escaped(one_line: str) -> str:
    return _PUNCTUATION.sub(r"\\\1", _REPLACED_AFTER_PARSING.sub(_WORD_JOINER, one_line))


def plural(noun: str, n: int | None = None) -> str:
    """Return the noun with its count, or its plural: "1 film", "3 stories", "films"."""
    if n == 1:
        return f"1 {noun}"
    if re.search(r"[^aeiou]y$", noun):
        many = noun[:-1] + "ies"
    else:
        many = noun + ("es" if re.search(r"(s|x|z|ch|sh)$", noun) else "s")
    many = _IRREGULAR.get(noun, many)
    return many if n is None else f"{n:,} {many}"


def capitalised(text: str) -> str:
    """Return the text with a capital first letter; `str.capitalize` makes the others small."""
    return text[:1].upper() + text[1:]


def article(noun: str) -> str:
    """Return the noun with its indefinite article: "a film", "an article"."""
    return f"an {noun}" if noun[:1].lower() in "aeiou" else f"a {noun}"


def age(since: datetime, now: datetime | None = None) -> str:
    """Return the time since a moment in its largest unit: "3 min", "5 h", "2 days"."""
    return durations.age(since, now or datetime.now(UTC))


def moment(at: datetime, now: datetime | None = None) -> str:
    """Return a date and time in UTC: "today at 06:12 UTC", "21 May at 06:12 UTC"."""
    at, today = at.astimezone(UTC), (now or datetime.now(UTC)).date()
    if at.date() == today:
        day = "today"
    elif (today - at.date()).days == 1:
        day = "yesterday"
    else:
        day = f"{at.day} {at:%b}" + ("" if at.year == today.year else f" {at.year}")
    return f"{day} at {at:%H:%M} UTC"


def day(time: str) -> str:
    """Return the date of a time in ISO 8601, "21 May 2026"; other text as it is."""
    try:
        at = datetime.fromisoformat(time)
    except ValueError:
        return time
    return f"{at.day} {at:%B %Y}"


def with_minus(text: str) -> str:
    """Return a text whose negative numbers have a minus sign instead of a hyphen."""
    return _HYPHEN_OF_NUMBER.sub(MINUS, text)


def duration(seconds: float) -> str:
    """Return a duration as minutes and seconds, "4:07", or with hours, "1:04:07"."""
    hours, rest = divmod(round(max(seconds, 0)), HOUR)
    minutes, rest = divmod(rest, MINUTE)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def bytes_text(n_bytes: float) -> str:
    """Return a number of bytes in its largest unit: "512 B", "3.2 MB", "41 GB"."""
    return durations.size(n_bytes)
