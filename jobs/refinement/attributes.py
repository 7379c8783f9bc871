"""Attributes of items in a standard form: see `jobs.ingestion.interpreting.attribute_values`."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.ingestion.interpreting import attribute_values
from jobs.refinement.checking import readings
from jobs.refinement.texts import filled
from warehouse.manifests.sources import AttributeType, Items

_TYPE = "map<string,string>"


def typed(section: Items) -> Column:
    """Return the map of the manifest's attributes; others are left out."""
    if not section.attributes:
        return F.lit(None).cast(_TYPE)
    entries = [
        F.struct(F.lit(name).alias("name"), _typed(F.col("attributes")[name], of, section))
        for name, of in section.attributes.items()
    ]
    filled_entries = F.filter(F.array(*entries), lambda entry: entry["value"].isNotNull())
    return F.map_from_entries(filled_entries).cast(_TYPE)


def _typed(text: Column, of: AttributeType, section: Items) -> Column:
    value = filled(text)
    if of != "text":
        value = readings.evaluated(attribute_values.reader(of, section), "string", value)
    return value.alias("value")
