"""An empty lake, a data set whose name is the test's schema, and the job `erase` on both."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs import erase
from tests.conftest import schema_of
from tests.support.jobs.product import product
from warehouse.datasets import Dataset
from warehouse.run_keys import RunKey


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


@pytest.fixture
def dataset(owner: Engine) -> Dataset:
    return product(name=schema_of(owner))


@pytest.fixture
def run(root: str, dataset: Dataset, publisher: Engine) -> Callable[..., erase.Outcome]:
    """A function that runs the job once."""
    numbers = iter(range(1, 100))

    def run_once(within_days: float = 0) -> erase.Outcome:
        key = RunKey("product__maintain", str(next(numbers)), "erase")
        return erase.run(root, dataset, publisher, run_key=key, within_days=within_days)

    return run_once
