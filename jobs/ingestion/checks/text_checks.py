"""The checks of texts and ids: blank, with a NUL character, longer than Postgres can index."""

from collections.abc import Callable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.interpreting.category_lists import split_names
from jobs.ingestion.interpreting.values import filled, trimmed

# Postgres has indexes of titles with ids, of vendors and of categories: at most 2,704 bytes each.
MAX_TEXT_BYTES: Final = 1600
MAX_ID_BYTES: Final = 1024  # the API takes 256 characters
_ESCAPED_NUL: Final = "\\u0000"  # in a list as JSON


def of_ids(**ids: pa.StringArray) -> dict[str, pa.BooleanArray]:
    """Return the masks of the rows that fail each check of ids; `user` and `item` name them."""
    return {
        **{f"{name}_missing": is_blank(texts) for name, texts in ids.items()},
        "id_not_text": any_of(*map(has_nul, ids.values())),
        "id_too_long": any_of(*map(is_long_id, ids.values())),
    }


def is_blank(texts: pa.StringArray) -> pa.BooleanArray:
    """Return which texts are missing or have only spaces."""
    return pc.is_null(filled(texts))


def has_nul(texts: pa.StringArray) -> pa.BooleanArray:
    """Return which texts have a NUL byte, which no database accepts in text."""
    return false_if_null(pc.match_substring(texts, "\0"))


def is_long(texts: pa.StringArray) -> pa.BooleanArray:
    """Return which texts are too long for an index."""
    return _is_longer(texts, MAX_TEXT_BYTES)


def is_long_id(texts: pa.StringArray) -> pa.BooleanArray:
    """Return which ids are too long for an index."""
    return _is_longer(texts, MAX_ID_BYTES)


def has_long_category(texts: pa.StringArray, separator: str) -> pa.BooleanArray:
    """Return which texts of categories have one that is too long for an index."""

    def is_long_name(name: str) -> bool:
        return len(name.strip().encode(errors="replace")) > MAX_TEXT_BYTES

    return _any_name(texts, is_long(texts), separator, is_long_name)


def has_category_with_nul(texts: pa.StringArray, separator: str) -> pa.BooleanArray:
    """Return which texts of categories have one with a NUL byte."""
    may_have = pc.or_(has_nul(texts), false_if_null(pc.match_substring(texts, _ESCAPED_NUL)))
    return _any_name(texts, may_have, separator, lambda name: "\0" in name)


def any_of(*masks: pa.BooleanArray) -> pa.BooleanArray:
    """Return where one of the masks is true."""
    first, *others = masks
    for mask in others:
        first = pc.or_(first, mask)
    return first


def false_if_null(condition: pa.BooleanArray) -> pa.BooleanArray:
    """Return the condition with false in place of null."""
    return pc.fill_null(condition, False)  # noqa: FBT003  # pyarrow has no name for it


def _is_longer(texts: pa.StringArray, n_bytes: int) -> pa.BooleanArray:
    return false_if_null(pc.greater(pc.binary_length(trimmed(texts)), n_bytes))


def _any_name(
    texts: pa.StringArray,
    candidates: pa.BooleanArray,
    separator: str,
    is_bad: Callable[[str], bool],
) -> pa.BooleanArray:
    """Return which of the `candidates`, a few rows, have a category for which `is_bad` is true."""
    if not candidates.true_count:
        return candidates
    have_bad_name = [
        is_candidate and any(map(is_bad, split_names(text, separator)))
        for text, is_candidate in zip(texts.to_pylist(), candidates.to_pylist(), strict=True)
    ]
    return pa.array(have_bad_name, pa.bool_())
