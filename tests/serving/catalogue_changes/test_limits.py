"""A change of the catalogue that exceeds a limit is refused alone, and at little cost."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine

from tests.conftest import schema_of
from tests.support.serving.problems import problem

pytestmark = pytest.mark.usefixtures("released")

FINE = {"item_id": "fine", "title": "Fine"}


def outcome(shop_http: httpx2.Client, owner: Engine, **change: Any) -> dict[str, Any]:
    """Return the outcome of a change that is sent before another one, which must succeed."""
    sent = {"items": [{"item_id": "e", "title": "E"} | change, FINE]}
    answer = shop_http.post(f"/v1/{schema_of(owner)}/items", json=sent)
    assert answer.status_code == 200, answer.text
    of_change, of_fine = answer.json()["items"]
    assert (of_fine["item_id"], of_fine["status"]) == ("fine", "created")
    return dict(of_change)


@pytest.mark.parametrize(
    ("change", "n", "most"),
    [
        ({"categories": [0] * 300_000}, "300,000", "100"),
        ({"attributes": {"tags": [0] * 300_000}}, "300,000", "1,000"),
        ({"attributes": {f"{n:x}": {} for n in range(50_000)}}, "50,000", "200"),
        ({f"{n:x}": 0 for n in range(50_000)}, "50,002", "100"),
    ],
    ids=["categories", "texts", "attributes", "fields"],
)
def test_a_long_part_is_one_error_and_not_one_per_entry(
    shop_http: httpx2.Client, owner: Engine, change: dict[str, Any], n: str, most: str
) -> None:
    refused = outcome(shop_http, owner, **change)

    assert (refused["item_id"], refused["code"]) == ("e", "request-refused")
    assert f"it has {n} entries; at most {most} are allowed" in refused["detail"]
    assert "more" not in refused["detail"]


@pytest.mark.parametrize(
    "change", [{"categories": [0] * 100}, {"attributes": {"tags": [0] * 1000}}]
)
def test_invalid_entries_of_a_list_are_one_error(
    shop_http: httpx2.Client, owner: Engine, change: dict[str, Any]
) -> None:
    refused = outcome(shop_http, owner, **change)

    assert "0: Input should be a valid string" in refused["detail"]
    assert "1: Input" not in refused["detail"]


def test_a_batch_of_too_many_changes_is_one_error(shop_http: httpx2.Client, owner: Engine) -> None:
    sent = {"items": [0] * 300_000}

    refused = problem(shop_http.post(f"/v1/{schema_of(owner)}/items", json=sent))

    assert (refused.status, refused.code) == (422, "request-refused")
    assert "body.items: " in refused.detail
    assert refused.detail.endswith("it has 300,000 entries; at most 1,000 are allowed.")
