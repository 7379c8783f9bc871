"""Lists of categories from one text: separated, JSON, Python's or R's notation, objects."""

import re

from pyspark.sql import Column
from pyspark.sql import functions as F

from warehouse.manifests.sources import Items

NO_CATEGORY = "(no genres listed)"
_R_VECTOR = r"(?s)^c\((.*)\)$"
_EMPTY = ("{}", "character(0)", "NULL", "None", "null")
_OF_PYTHON = {"allowSingleQuotes": "true", "allowBackslashEscapingAnyCharacter": "true"}
_NAMES = ("$.name", "$.title")


def of(section: Items) -> Column:
    """Return the categories of the column `categories` in order, each once.

    The text may be a list of texts or of objects with a `name` or a `title`, as JSON, Python or R
    write it; else it is split at the manifest's separator.
    """
    sent = F.trim(F.coalesce("categories", F.lit("")))
    listed = F.regexp_replace(sent, _R_VECTOR, "[$1]")
    is_object = listed.startswith("{")
    listed = F.when(is_object, F.concat(F.lit("["), listed, F.lit("]"))).otherwise(listed)
    names = F.when(listed.startswith("["), F.from_json(listed, "array<string>", _OF_PYTHON))
    split = F.split(sent, re.escape(section.categories_separator), -1)
    read = F.when(sent.isin(*_EMPTY), F.expr("CAST(array() AS array<string>)")).otherwise(
        F.coalesce(F.transform(names, _name), split)
    )
    trimmed = F.transform(read, _trimmed)
    return F.array_distinct(
        F.filter(trimmed, lambda name: name.isNotNull() & ~name.isin("", NO_CATEGORY))
    )


def in_order(category: str) -> Column:
    """Return the aggregate list of a column of categories, in the order of their `line`."""
    pairs = F.sort_array(F.collect_list(F.struct("line", category)))
    return F.transform(pairs, lambda pair: pair[category])


def _name(text: Column) -> Column:
    """Return the name of an element: of an object its `name` or `title`, else the text."""
    names = [F.get_json_object(text, path) for path in _NAMES]
    return F.when(text.startswith("{"), F.coalesce(*names)).otherwise(text)


def _trimmed(value: Column) -> Column:
    return F.trim(value)
