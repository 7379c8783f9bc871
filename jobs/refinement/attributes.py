"""Attributes of items in a standard form: numbers, times in ISO 8601, lists as JSON."""

import json
import re

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.ingestion import values
from jobs.refinement import readings
from warehouse.manifests.sources import AttributeType, Events, Items

_TYPE = "map<string,string>"
_FORMATS = ("iso", "seconds", "milliseconds")


def typed(section: Items) -> Column:
    """Return the map of the manifest's attributes; others are left out."""
    if not section.attributes:
        return F.lit(None).cast(_TYPE)
    entries = [
        F.struct(F.lit(name).alias("name"), _typed(F.col("attributes")[name], of, section))
        for name, of in section.attributes.items()
    ]
    filled = F.filter(F.array(*entries), lambda entry: entry["value"].isNotNull())
    return F.map_from_entries(filled).cast(_TYPE)


def _typed(text: Column, of: AttributeType, section: Items) -> Column:
    filled = F.nullif(F.trim(text), F.lit(""))
    if of == "text":
        return filled.alias("value")
    readers: dict[str, readings.Read] = {
        "number": lambda texts: numbers(texts, section),
        "time": times,
        "list": lists,
    }
    return readings.evaluated(readers[of], "string", filled).alias("value")


def numbers(texts: pa.Array, section: Items) -> pa.StringArray:
    """Return the numbers as text, whole ones without a point; null where there is none."""
    found = values.numbers(texts, section)
    texts_of = [
        None if n is None else f"{n:.0f}" if n.is_integer() else repr(n) for n in found.to_pylist()
    ]
    return pa.array(texts_of, pa.string())


def times(texts: pa.Array) -> pa.StringArray:
    """Return the times in ISO 8601, UTC; null where there is none. Numbers are since 1970."""
    read = [
        values.times(texts, Events(file="", kind="", time_format=time_format))
        for time_format in _FORMATS
    ]
    as_iso = pc.strftime(pc.coalesce(*read), format="%Y-%m-%dT%H:%M:%SZ")
    return pc.replace_substring_regex(as_iso, r"\.0+Z$", "Z").cast(pa.string())


def lists(texts: pa.Array) -> pa.StringArray:
    """Return the lists as JSON; a text that is no JSON list is split at | or commas."""
    return pa.array(
        [None if text is None else _list(text) for text in texts.to_pylist()], pa.string()
    )


def _list(text: str) -> str:
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, list):
        read = [part.strip() for part in re.split(r"\|" if "|" in text else ",", text)]
    return json.dumps([part for part in read if part not in ("", None)], ensure_ascii=False)
