"""The one reader of sent files: csv, JSON and Parquet as numbered rows of text, without Spark.

`check` and `propose` call it directly, `land` calls it on Spark's workers, so all three agree.
"""

from jobs.ingestion.reading.opening import open_file
from jobs.ingestion.reading.reader import FileReader

__all__ = ["FileReader", "open_file"]
