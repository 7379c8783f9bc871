"""Lists of names from files, bounded in a sentence: a file may have any number of any length."""

from collections.abc import Sequence

MOST = 50  # in one sentence
LONGEST = 100  # characters of each


def listed(
    texts: Sequence[str], *, most: int = MOST, longest: int = LONGEST, separator: str = ", "
) -> str:
    """Return the texts; of very many the first ones and how many more there are."""
    rest = f" and {len(texts) - most:,} more" if len(texts) > most else ""
    return separator.join(shortened(text, longest) for text in texts[:most]) + rest


def shortened(text: str, longest: int = LONGEST) -> str:
    """Return the text, cut if it is long."""
    return text if len(text) <= longest else f"{text[:longest]}…"
