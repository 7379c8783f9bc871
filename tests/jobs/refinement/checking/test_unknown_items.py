"""Ids that are written differently in the files of events and of items are noticed early."""

import logging
from pathlib import Path

import pytest

from jobs.refinement.checking import unknown_items
from jobs.runtime.errors import UnknownItemsError
from tests.support.jobs.product import NOW, product
from warehouse.append import append
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import SILVER_INTERACTIONS, SILVER_ITEMS

KEY = RunKey("dag", "run", "refine")


def lake(root: Path, acted_on: str, listed: str) -> Lake:
    pairs = [
        {"user_id": "u", "item_id": item, "rating": 5.0, "rated_at": NOW, "event_id": item}
        for item in acted_on.split()
    ]
    items = [{"item_id": item, "title": item, "categories": []} for item in listed.split()]
    append(str(root), SILVER_INTERACTIONS, pairs, run_key=KEY)
    append(str(root), SILVER_ITEMS, items, run_key=KEY)
    return Lake(str(root))


def test_a_catalogue_without_any_item_of_events_stops_a_retrain(tmp_path: Path) -> None:
    with pytest.raises(UnknownItemsError) as stopped:
        unknown_items.require_known(lake(tmp_path, "p1 p2 p3", "0001 0002"), product())

    assert str(stopped.value) == (
        "product: of 3 items with events, none is in the catalogue of 2 items. It lacks, for "
        "example, 'p1', and has '0001'. Compare the ids in both files, and correct `item` in the "
        "manifest, or send the file of items"
    )


def test_one_known_item_is_enough_to_train_but_a_warning_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = lake(tmp_path, "p1 p2 p3", "p3")
    unknown_items.require_known(rows, product())
    caplog.clear()  # of what was logged when the tables were written

    with caplog.at_level(logging.WARNING):
        unknown_items.warn(rows, product(), [(5, 1), None])
        assert not caplog.records
        unknown_items.warn(rows, product(), [(10, 9)])

    assert caplog.messages[0].startswith("product: of 3 items with events, 1 is in the catalogue")
