"""Typed items and users from rows of bronze: readable titles, years, categories, attributes.

`category_lists` reads the texts of categories.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.refinement import attributes, category_lists
from jobs.refinement.history import last_rows, position
from jobs.refinement.texts import filled, trimmed
from warehouse.datasets import Dataset
from warehouse.manifests.sources import Items
from warehouse.tables import SILVER_ITEMS

_TITLE_YEAR = r"^(.*\S)\s*\(((?:1[5-9]|20)\d{2})(?:\s*[-\u2013]\s*(?:\d{4})?)?\)\s*$"
_ARTICLES = "The|An|A|Les|Le|La|L'|Los|Las|El|Il|Lo|Gli|Der|Die|Das|Des|Un|Une|Una|Det|Den|De|Het"
_ARTICLE_LAST = rf"^(.+), ({_ARTICLES})((?: \(.*)?)$"
_ARTICLE_LAST_INSIDE = rf"\(([^()]+), ({_ARTICLES})\)"
_NO_TEXTS = "CAST(array() AS array<string>)"


def _comparable(row: str, name: str) -> str:
    """Return SQL of a column's value that can be compared: maps as entries."""
    is_map = next(c for c in SILVER_ITEMS.columns if c.name == name).type.startswith("map")
    return f"map_entries({row}.{name})" if is_map else f"{row}.{name}"


# conditions of merges, over the table's row `t` and the new row `s`
_ITEM_DIFFERS = " OR ".join(
    f"NOT {_comparable('t', name)} <=> {_comparable('s', name)}"
    for name in SILVER_ITEMS.names
    if name not in SILVER_ITEMS.key
)
ITEM_CHANGED = f"coalesce(s.changed_at >= t.changed_at, true) AND ({_ITEM_DIFFERS})"
_USER_DIFFERS = (
    "NOT map_entries(t.attributes) <=> map_entries(s.attributes)"
    " OR NOT t.changed_at <=> s.changed_at"
)
USER_CHANGED = f"coalesce(s.changed_at >= t.changed_at, true) AND ({_USER_DIFFERS})"


@dataclass(frozen=True)
class Refined:
    """Rows for silver.items, and the rows of bronze from which they are made."""

    items: DataFrame
    accepted: list[DataFrame]


def refined(passed: Mapping[str, DataFrame], dataset: Dataset, ids: Sequence[str]) -> Refined:
    """Return the catalogue of the rows that passed their checks; `ids` has landings, oldest first.

    Several rows of an item in its last landing become one item with all of their categories. The
    categories in files of `[categories]` are added, from the last landing that has the item. If the
    manifest has no `[items]`, each id in these files is an item.
    """
    items, accepted = None, []
    if "items" in passed and dataset.items is not None:
        last = last_rows(passed["items"], "item_id", ids).cache()
        accepted.append(last)
        items = typed(last, dataset.items, merged_categories(passed["items"], dataset.items, ids))
    if "categories" not in passed:
        return Refined(_required(items), accepted)
    rows = newest_categories(passed["categories"], ids).cache()
    accepted.append(rows)
    listed = rows.groupBy("item_id").agg(category_lists.in_order("category").alias("listed"))
    items = unlisted(listed) if items is None else items
    both = F.concat("categories", F.coalesce("listed", F.expr(_NO_TEXTS)))
    joined = items.join(listed, "item_id", "left")
    with_both = joined.withColumn("categories", F.array_distinct(both)).select(items.columns)
    return Refined(with_both, accepted)


def items(rows: DataFrame, section: Items) -> DataFrame:
    """Return the rows as typed items, one item per row; an item without a title has its id."""
    return rows.select(
        trimmed("item_id").alias("item_id"),
        F.coalesce(F.nullif(title(section), F.lit("")), trimmed("item_id")).alias("title"),
        category_lists.of(section).alias("categories"),
        filled("vendor").alias("vendor"),
        released(section).alias("released"),
        attributes.typed(section).alias("attributes"),
    )


def typed(last: DataFrame, section: Items, categories: DataFrame) -> DataFrame:
    """Return the last row of each item as a typed item with its merged categories."""
    single = items(last, section)
    merged = F.coalesce("merged", "categories").alias("categories")
    joined = single.join(categories, "item_id", "left")
    return joined.select(*[merged if n == "categories" else n for n in single.columns])


def merged_categories(rows: DataFrame, section: Items, ids: Sequence[str]) -> DataFrame:
    """Return (item_id, merged) of items with several rows in the last landing that has them."""
    line = F.struct("source_file", "source_line", category_lists.of(section).alias("names"))
    by_landing = rows.groupBy(trimmed("item_id").alias("item_id"), "landing_id").agg(
        F.sort_array(F.collect_list(line)).alias("lines")
    )
    newest = by_landing.groupBy("item_id").agg(F.max_by("lines", position(ids)).alias("lines"))
    names = F.array_distinct(F.flatten(F.transform("lines", lambda line: line["names"])))
    return newest.where("size(lines) > 1").select("item_id", names.alias("merged"))


def newest_categories(rows: DataFrame, ids: Sequence[str]) -> DataFrame:
    """Return each category of an item once, of the last landing that has the item."""
    named = rows.withColumns({n: trimmed(n) for n in ("item_id", "category")})
    last = named.groupBy("item_id").agg(F.max_by("landing_id", position(ids)).alias("landing_id"))
    of_last = named.join(last, ["item_id", "landing_id"], "left_semi")
    line = F.min(F.struct("source_file", "source_line")).alias("line")
    return of_last.groupBy("item_id", "category", "landing_id").agg(line)


def unlisted(rated: DataFrame) -> DataFrame:
    """Return an item for each id, for a data set without files of items."""
    return (
        rated.select("item_id")
        .distinct()
        .select(
            "item_id",
            F.col("item_id").alias("title"),
            F.expr(_NO_TEXTS).alias("categories"),
            F.lit(None).cast("string").alias("vendor"),
            F.lit(None).cast("int").alias("released"),
            F.lit(None).cast("map<string,string>").alias("attributes"),
            F.lit(None).cast("timestamp").alias("changed_at"),
        )
    )


def users(rows: DataFrame) -> DataFrame:
    """Return the rows as typed users, without empty attributes."""
    filled_attributes = F.map_filter(
        F.coalesce("attributes", F.expr("CAST(map() AS map<string,string>)")),
        lambda _, value: filled(value).isNotNull(),
    )
    return rows.select(
        trimmed("user_id").alias("user_id"),
        F.transform_values(filled_attributes, lambda _, value: trimmed(value)).alias("attributes"),
    )


def title(section: Items) -> Column:
    """Return the readable title: without the year, with the article first."""
    shown = trimmed("title")
    if section.title_has_year:
        without_year = F.regexp_extract(shown, _TITLE_YEAR, 1)
        shown = F.when(without_year != "", without_year).otherwise(shown)
    if section.title_has_article_last:
        shown = F.regexp_replace(shown, _ARTICLE_LAST, "$2 $1$3")
        shown = F.regexp_replace(shown, _ARTICLE_LAST_INSIDE, "($2 $1)")
        shown = F.regexp_replace(shown, r"(^|\()(L') ", "$1$2")
    return shown


def released(section: Items) -> Column:
    """Return the year from its own column, else from the title if the manifest says so."""
    year = F.regexp_extract(trimmed("released"), r"^(\d{4})", 1)
    in_column = F.nullif(year, F.lit("")).try_cast("int")
    if not section.title_has_year:
        return in_column
    in_title = F.nullif(F.regexp_extract(trimmed("title"), _TITLE_YEAR, 2), F.lit(""))
    return F.coalesce(in_column, in_title.cast("int"))


def _required(items: DataFrame | None) -> DataFrame:
    if items is None:
        raise ValueError("neither items nor categories were sent")
    return items
