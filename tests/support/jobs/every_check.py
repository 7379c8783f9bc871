"""The names of all checks of rows, as the checks themselves give them."""

from datetime import UTC, datetime

import pyarrow as pa

from jobs.ingestion import sources
from jobs.ingestion.checks import event_checks, row_checks, sent_rows
from jobs.ingestion.columns import required_columns
from tests.support.jobs.product import product, shop

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def names() -> set[str]:
    """Return the checks of a data set with every section, and those of feedback."""
    kinds = {"share": {"value": "share"}}
    events = [{"file": "e.csv", "kind_column": "kind", "value": "n", "time": "at"}]
    categories = {"categories": {"file": "categories.csv"}}
    users = {"users": {"file": "users.csv", "attributes": ["age"]}}
    found: set[str] = set()
    for dataset in (product(**categories, **users), shop(events=events, kinds=kinds)):
        for _, section in sources.sections(dataset):
            sent = {name: pa.array([""]) for name in required_columns(section)}
            rows = sent_rows.of_file(section, sent, 1)
            found |= {*row_checks.checked(rows, dataset, section, NOW).failed}
    columns = {name: pa.array([None], pa.string()) for name in ("user_id", "item_id", "kind")}
    columns |= {name: pa.array([None], pa.float64()) for name in ("rating", "value")}
    columns["undoes"] = pa.array([None], pa.string())
    columns["occurred_at"] = pa.array([None], pa.timestamp("us", tz="UTC"))
    return found | {*event_checks.of_feedback(columns, product(), NOW)}
