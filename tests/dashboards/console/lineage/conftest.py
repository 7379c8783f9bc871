"""A lineage of two files, two jobs and three tables."""

from datetime import UTC, datetime

import pytest

from tests.support.dashboards import shop
from warehouse.lineage import Lineage, Source, Version
from warehouse.run_keys import RunKey

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
LAND, REFINE = (RunKey("playground__ingest", "manual__1", task) for task in ("land", "refine"))


def source(number: int, file: str) -> Source:
    return Source(file, "bronze.ratings", 100, 90, 4, 5, 1, AT.replace(day=number), LAND)


@pytest.fixture
def lineage() -> Lineage:
    return Lineage(
        retrain_id=shop.RETRAIN,
        code_commit="0123456789abcdef",
        n_ratings=180,
        fitted_at=AT,
        sources=(source(1, "may.csv"), source(2, 'june "new" \\N *.csv')),
        read=(
            Version("silver.interactions", 7, 170, AT, REFINE),
            Version("silver.items", 3, 60, None, None),
        ),
        written=(Version("gold.recommendations", 5, 40, AT, None),),
        is_exact=True,
    )
