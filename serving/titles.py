"""Normalised words of titles and of search texts, so that "amelie" finds "Amélie"."""

import re
import unicodedata

MAX_WORDS, MAX_LENGTH = 64, 64
# letters that have no Unicode decomposition
_BASE_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"}
)


def words(text: str) -> list[str]:
    """Return the distinct words of a title in order: lower-case letters and digits, no accents.

    "Schindler's" has three: `schindler`, `s` and `schindlers`.
    """
    joined = re.sub(r"['’]", "", text)  # noqa: RUF001 # the typographic apostrophe
    return list(dict.fromkeys([*_split(text), *_split(joined)]))[:MAX_WORDS]


def query(text: str, *, whole_words: bool = False) -> str | None:
    """Return the tsquery for titles with a word that begins with each word of the text.

    `whole_words`: titles with all words of the text. None if the text has no word. Words are
    letters and digits only, so they are quoted safely.
    """
    words = list(dict.fromkeys(_split(text)))[:MAX_WORDS]
    return " & ".join(f"'{word}'" if whole_words else f"'{word}':*" for word in words) or None


def _split(text: str) -> list[str]:
    lower = unicodedata.normalize("NFKD", text).casefold()
    letters = unicodedata.normalize("NFKD", lower).translate(_BASE_LETTERS)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return [word[:MAX_LENGTH] for word in re.findall(r"[^\W_]+", plain)]
