"""Normalised words of titles and of search texts, so that "amelie" finds "Amélie"."""

import re
import unicodedata
from itertools import filterfalse

MAX_WORDS, MAX_LENGTH = 64, 64
# Of the decomposed text: letters with accents have at most one for each byte of a title, but a
# ligature can have 18 in three bytes.
MAX_CHARACTERS = 2048
_APOSTROPHES = re.compile(r"['’]")  # noqa: RUF001 # the typographic apostrophe
# letters that have no Unicode decomposition
_BASE_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"}
)


def words(text: str) -> list[str]:
    """Return the distinct words of a title in order: lower-case letters and digits, no accents.

    "Schindler's" has three: `schindler`, `s` and `schindlers`.
    """
    plain = _plain(text)
    joined = _APOSTROPHES.sub("", plain)
    found = _split(plain) if joined == plain else [*_split(plain), *_split(joined)]
    return list(dict.fromkeys(found))[:MAX_WORDS]


def query(text: str, *, whole_words: bool = False) -> str | None:
    """Return the tsquery for titles with a word that begins with each word of the text.

    `whole_words`: titles with all words of the text. None if the text has no word. Words are
    letters and digits only, so they are quoted safely.
    """
    words = list(dict.fromkeys(_split(_plain(text))))[:MAX_WORDS]
    return " & ".join(f"'{word}'" if whole_words else f"'{word}':*" for word in words) or None


def _plain(text: str) -> str:
    """Return the beginning of the text without capitals and accents."""
    decomposed = unicodedata.normalize("NFKD", text)[:MAX_CHARACTERS]
    letters = unicodedata.normalize("NFKD", decomposed.casefold()).translate(_BASE_LETTERS)
    return "".join(filterfalse(unicodedata.combining, letters))


def _split(plain: str) -> list[str]:
    return [word[:MAX_LENGTH] for word in re.findall(r"[^\W_]+", plain)]
