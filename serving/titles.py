"""How titles are folded for search: the same on both sides, so that "amelie" finds "Amélie"."""

import re
import unicodedata

MAX_WORDS, MAX_LENGTH = 64, 64
# Letters that no normal form takes apart.
_ALIKE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"})


def words(text: str) -> list[str]:
    """Return the words of a title: small letters and digits, no accents, in order, each once.

    A word with an apostrophe counts in parts and as a whole: "Schindler's" is `schindler`, `s`
    and `schindlers`.
    """
    whole = _folded(re.sub(r"['’]", "", text))  # noqa: RUF001 # the typographic apostrophe
    found = dict.fromkeys([*_split(_folded(text)), *_split(whole)])
    return list(found)[:MAX_WORDS]


def query(text: str) -> str | None:
    """Return the tsquery for titles that hold a word beginning with each word of the text.

    None if the text has no word at all. Words are letters and digits only: quoting is safe.
    """
    wanted = list(dict.fromkeys(_split(_folded(text))))[:MAX_WORDS]
    return " & ".join(f"'{word}':*" for word in wanted) or None


def _folded(text: str) -> str:
    small = unicodedata.normalize("NFKD", text).casefold()
    apart = unicodedata.normalize("NFKD", small).translate(_ALIKE)
    return "".join(c for c in apart if not unicodedata.combining(c))


def _split(folded: str) -> list[str]:
    return [word[:MAX_LENGTH] for word in re.findall(r"[^\W_]+", folded)]
