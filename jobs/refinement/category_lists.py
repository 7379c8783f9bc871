"""Lists of categories from one text: separated, or a list in the notations that landing reads.

`land` writes lists as JSON; rows that earlier versions landed have them as they were sent.
"""

import re

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.ingestion.interpreting.category_lists import with_json_lists
from jobs.refinement.checking.readings import evaluated
from jobs.refinement.texts import trimmed
from warehouse.manifests.sources import Items

NO_CATEGORY = "(no genres listed)"
_EMPTY = ("NULL", "None", "null")


def of(section: Items) -> Column:
    """Return the categories of the column `categories` in order, each once.

    The text may be a list of texts or of objects with a `name` or a `title`, as JSON, Python or R
    write it; else it is split at the manifest's separator.
    """
    sent = trimmed(F.coalesce("categories", F.lit("")))
    listed = evaluated(with_json_lists, "string", sent)
    names = F.when(listed.startswith("["), F.from_json(listed, "array<string>"))
    split = F.split(sent, re.escape(section.categories_separator), -1)
    read = F.when(sent.isin(*_EMPTY), F.expr("CAST(array() AS array<string>)")).otherwise(
        F.coalesce(names, split)
    )
    shown = F.transform(read, trimmed)
    return F.array_distinct(
        F.filter(shown, lambda name: name.isNotNull() & ~name.isin("", NO_CATEGORY))
    )


def in_order(category: str) -> Column:
    """Return the aggregate list of a column of categories, in the order of their `line`."""
    pairs = F.sort_array(F.collect_list(F.struct("line", category)))
    return F.transform(pairs, lambda pair: pair[category])
