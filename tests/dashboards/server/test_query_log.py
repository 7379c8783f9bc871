"""Queries of the page Explore are kept in a file of their own."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.console.explore import outcome
from dashboards.server import query_log


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """A file that the queries are kept in."""
    handler = query_log.keep_in(tmp_path / "queries.log")
    yield tmp_path / "queries.log"
    outcome.log.removeHandler(handler)
    outcome.log.propagate = True
    handler.close()


def test_queries_are_in_their_file_and_not_in_the_log_of_the_app(file: Path) -> None:
    outcome.log.info("query by=%r", "maya")

    assert file.read_text().endswith(" query by='maya'\n")
    assert not outcome.log.propagate


def test_without_the_file_there_is_no_app(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        query_log.keep_in(tmp_path / "none" / "queries.log")
    assert logging.getLogger(query_log.LOGGER).propagate
