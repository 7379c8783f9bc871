"""A footer that would fill the memory, or that contradicts the file, is refused."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.ingestion.reading import parquet_footers
from jobs.runtime.errors import UnreadableFileError
from tests.jobs.ingestion.reading.hostile import lying, parquet, with_footer
from tests.jobs.ingestion.reading.reads import opened, rows

N_ROWS = 7001
GOOD = parquet(pa.table({"user": [f"u{n}" for n in range(N_ROWS)]}))


def test_a_true_footer_is_read() -> None:
    assert len(rows(opened(GOOD, format="parquet"))) == N_ROWS


def test_a_long_footer_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_footers, "LONGEST_FOOTER", 9)
    monkeypatch.setattr("pyarrow.parquet.ParquetFile", None)

    with pytest.raises(UnreadableFileError, match=r"a footer of \d+ bytes, more than 9\. Write"):
        opened(GOOD, format="parquet")


@pytest.mark.parametrize("length", [1 << 31, len(GOOD) + 1])
def test_a_footer_longer_than_the_file_is_refused(length: int) -> None:
    sent = with_footer(GOOD, b"", length)

    with pytest.raises(UnreadableFileError, match=rf"its footer has {length:,} bytes, the file "):
        opened(sent, format="parquet")


@pytest.mark.parametrize("false", [N_ROWS - 1, 0, (1 << 13) - 1])
def test_counts_that_contradict_each_other_are_refused(false: int) -> None:
    """The number stands in the footer for the rows, those of the group, and its values."""
    once = lying(GOOD, N_ROWS, false, count=1)

    with pytest.raises(UnreadableFileError, match=r"damaged: its footer states .* Send it again"):
        opened(once, format="parquet")


def test_more_bytes_than_the_file_has_are_refused() -> None:
    packed = parquet(pa.table({"user": ["x"]}))
    chunk = pq.ParquetFile(pa.py_buffer(packed)).metadata.row_group(0).column(0)

    sent = lying(packed, chunk.total_compressed_size, 8000)

    with pytest.raises(UnreadableFileError, match=r"states 8,000 bytes of data, the file has \d+"):
        opened(sent, format="parquet")
