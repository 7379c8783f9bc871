"""Typed items and users: readable titles, lists of categories, years."""

import re

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse.sources import Items

NO_CATEGORY = "(no genres listed)"
_TITLE_YEAR = r"^(.*\S)\s*\(((?:1[5-9]|20)\d{2})(?:\s*[-\u2013]\s*(?:\d{4})?)?\)\s*$"
_ARTICLES = "The|An|A|Les|Le|La|L'|Los|Las|El|Il|Lo|Gli|Der|Die|Das|Des|Un|Une|Una|Det|Den|De|Het"
_ARTICLE_LAST = rf"^(.+), ({_ARTICLES})((?: \(.*)?)$"
_ARTICLE_LAST_INSIDE = rf"\(([^()]+), ({_ARTICLES})\)"


def items(rows: DataFrame, section: Items) -> DataFrame:
    """Return the rows as typed items."""
    return rows.select(
        F.trim("item_id").alias("item_id"),
        title(section).alias("title"),
        categories(section).alias("categories"),
        F.nullif(F.trim("vendor"), F.lit("")).alias("vendor"),
        released(section).alias("released"),
    )


def unlisted(rated: DataFrame) -> DataFrame:
    """Return an item for each rated id, for a data set without files of items."""
    return (
        rated.select("item_id")
        .distinct()
        .select(
            "item_id",
            F.col("item_id").alias("title"),
            F.expr("CAST(array() AS array<string>)").alias("categories"),
            F.lit(None).cast("string").alias("vendor"),
            F.lit(None).cast("int").alias("released"),
        )
    )


def users(rows: DataFrame) -> DataFrame:
    """Return the rows as typed users, without empty attributes."""
    filled = F.map_filter(
        F.coalesce("attributes", F.expr("CAST(map() AS map<string,string>)")),
        lambda _, value: F.coalesce(F.trim(value), F.lit("")) != "",
    )
    return rows.select(
        F.trim("user_id").alias("user_id"),
        F.transform_values(filled, lambda _, value: F.trim(value)).alias("attributes"),
    )


def title(section: Items) -> Column:
    """Return the readable title: without the year, with the article first."""
    shown = F.trim("title")
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
    in_column = F.expr(
        "try_cast(nullif(regexp_extract(released, '^\\\\s*(\\\\d{4})', 1), '') AS int)"
    )
    if not section.title_has_year:
        return in_column
    in_title = F.nullif(F.regexp_extract(F.trim("title"), _TITLE_YEAR, 2), F.lit(""))
    return F.coalesce(in_column, in_title.cast("int"))


def categories(section: Items) -> Column:
    """Return the categories in order, each once. The text may be a JSON list."""
    sent = F.coalesce("categories", F.lit(""))
    split = F.split(sent, re.escape(section.categories_separator), -1)
    listed = F.when(sent.startswith("["), F.from_json(sent, "array<string>"))
    trimmed = F.transform(F.coalesce(listed, split), _trimmed)
    return F.array_distinct(
        F.filter(trimmed, lambda name: name.isNotNull() & ~name.isin("", NO_CATEGORY))
    )


def _trimmed(value: Column) -> Column:
    return F.trim(value)
