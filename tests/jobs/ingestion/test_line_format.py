import pytest
from pyspark.sql import SparkSession

from jobs.ingestion import line_format
from warehouse.sources import Files

LINES = (
    "a,b,c",
    "a,,",
    ",,",
    '"a, or A",b,c',
    '"say ""a""",b,c',
    '"",b,c',
    "a,b",
    "a,b,c,d",
    " a , b ,c",
    "äé,\u65e5\u672c,x y",
    "a::b::c",
    '"a::b"::"c ""d"""::e',
    "::b::",
    "a::b",
    "a:b:c",
    "a;b;c",
)
FORMATS = (
    Files(file="f"),
    Files(file="f", quote=""),
    Files(file="f", separator="::"),
    Files(file="f", separator="::", quote=""),
    Files(file="f", separator=";"),
)
COLUMNS = ("x", "y", "z")


@pytest.mark.parametrize("files", FORMATS)
def test_python_and_spark_split_a_line_into_the_same_fields(
    spark: SparkSession, files: Files
) -> None:
    fields, malformed = line_format.fields(files, COLUMNS)
    lines = spark.createDataFrame([(line,) for line in LINES], "value string")
    rows = lines.select("value", fields.alias("f")).select("value", "f", malformed.alias("bad"))

    by_spark = {
        row["value"]: None if row["bad"] else [row["f"][name] or "" for name in COLUMNS]
        for row in rows.collect()
    }
    by_python = {line: line_format.split(line, files) for line in LINES}

    assert by_spark == {
        line: values if len(values) == len(COLUMNS) else None for line, values in by_python.items()
    }
    assert any(values is not None for values in by_spark.values())
