"""Guess what the product calls one item: "film", "book"."""

import re
from collections.abc import Sequence
from typing import Final

from jobs.ingestion.proposals.guesses import Guess
from jobs.ingestion.proposals.words import names

_NOUNS: Final = {  # by the beginning of a word
    "movie": "film", "film": "film", "book": "book", "isbn": "book", "game": "game",
    "song": "song", "track": "track", "artist": "artist", "album": "album", "place": "place",
    "restaurant": "restaurant", "business": "business", "article": "article", "news": "article",
    "recipe": "recipe", "video": "video", "product": "product", "sku": "product",
    "asin": "product", "stock": "product", "anime": "anime", "beer": "beer", "joke": "joke",
    "course": "course", "hotel": "hotel", "app": "app", "listing": "listing",
    "retail": "product", "ecommerce": "product", "shop": "product", "store": "product",
}  # fmt: skip
_GENERAL: Final = ("product", "place", "business", "listing")


def item_noun(texts: Sequence[str]) -> Guess | None:
    """Return the noun that a name of the data set, a column or a file contains, or None."""
    candidates = [
        (noun, text)
        for text in texts
        for word in names.words(re.sub(r"\.\w+$", "", text))
        for stem, noun in _NOUNS.items()
        if _begins(word, stem)
    ]
    if not candidates:
        return None
    noun, text = min(candidates, key=lambda pair: pair[0] in _GENERAL)
    return Guess(noun, f"from `{text}`")


def _begins(word: str, stem: str) -> bool:
    """Return whether the word is the stem, or begins with one of at least four letters."""
    return word == stem or (len(stem) > 3 and word.startswith(stem))  # noqa: PLR2004
