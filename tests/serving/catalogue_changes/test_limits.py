"""A change of the catalogue that exceeds a limit is refused alone, and at little cost."""

import json
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine

from jobs.ingestion.checks import text_checks
from serving.schemas.item_changes import MAX_TITLE_BYTES
from tests.conftest import schema_of
from tests.support.serving.problems import problem

pytestmark = pytest.mark.usefixtures("released")

FINE = {"item_id": "fine", "title": "Fine"}


def outcome(shop_http: httpx2.Client, owner: Engine, **change: Any) -> dict[str, Any]:
    """Return the outcome of a change that is sent before another one, which must succeed."""
    sent = {"items": [{"item_id": "e", "title": "E"} | change, FINE]}
    body = json.dumps(sent)  # with lone surrogates escaped
    headers = {"Content-Type": "application/json"}
    path = f"/v1/{schema_of(owner)}/items"
    answer = shop_http.post(path, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    of_change, of_fine = answer.json()["items"]
    assert (of_fine["item_id"], of_fine["status"]) == ("fine", "created")
    return dict(of_change)


@pytest.mark.parametrize(
    ("change", "entries", "most"),
    [
        ({"categories": [0] * 300_000}, "300,000 entries", "100"),
        ({"attributes": {"tags": [0] * 300_000}}, "300,000 entries", "1,000"),
        ({"attributes": {f"{n:x}": {} for n in range(50_000)}}, "50,000 entries", "200"),
        ({f"{n:x}": 0 for n in range(50)}, "52 fields", "7"),
    ],
    ids=["categories", "texts", "attributes", "fields"],
)
def test_a_long_part_is_one_error_and_not_one_per_entry(
    shop_http: httpx2.Client, owner: Engine, change: dict[str, Any], entries: str, most: str
) -> None:
    refused = outcome(shop_http, owner, **change)

    assert (refused["item_id"], refused["code"]) == ("e", "request-refused")
    assert f"it has {entries}; at most {most} are allowed" in refused["detail"]
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


def test_a_title_is_bounded_in_bytes_as_in_the_lake(
    shop_http: httpx2.Client, owner: Engine
) -> None:
    assert MAX_TITLE_BYTES == text_checks.MAX_TEXT_BYTES

    refused = outcome(shop_http, owner, title="字" * 534)

    assert "title: Value error, it has 1,602 bytes; at most 1,600 are allowed" in refused["detail"]
    path = f"/v1/{schema_of(owner)}/items/{'字' * 256}"
    assert shop_http.put(path, json={"title": "字" * 533}).json()["status"] == "created"


@pytest.mark.parametrize("blank", [" ", "\x1c\x1d\x1e\x1f", "\x85", "\xa0", "\u2003\u3000", "\n"])
@pytest.mark.parametrize("field", ["title", "vendor", "categories"])
def test_a_text_of_spaces_alone_is_refused_alone(
    shop_http: httpx2.Client, owner: Engine, field: str, blank: str
) -> None:
    value = [blank] if field == "categories" else blank

    refused = outcome(shop_http, owner, **{field: value})

    assert refused["code"] == "request-refused"
    assert field in refused["detail"]


def test_spaces_around_a_text_do_not_count(shop_http: httpx2.Client, owner: Engine) -> None:
    path = f"/v1/{schema_of(owner)}/items/e"
    sent = {"title": "\x1c Heat\x85", "vendor": " Maker\n", "categories": ["Crime", " Crime\x1f"]}

    assert shop_http.put(path, json=sent).json()["status"] == "created"

    shown = shop_http.get(path).json()
    assert (shown["title"], shown["vendor"], shown["categories"]) == ("Heat", "Maker", ["Crime"])


@pytest.mark.parametrize(
    "change",
    [{"item_id": "\ud800"}, {"item_id": "i" * 257}, {"item_id": "\0"}, {"item_id": 1}],
    ids=["surrogate", "long", "nul", "number"],
)
def test_an_invalid_id_is_not_in_the_answer(
    shop_http: httpx2.Client, owner: Engine, change: dict[str, Any]
) -> None:
    refused = outcome(shop_http, owner, **change)

    assert (refused["item_id"], refused["code"]) == (None, "request-refused")
    assert "item_id: " in refused["detail"]


def test_a_field_that_is_no_unicode_is_refused_alone(
    shop_http: httpx2.Client, owner: Engine
) -> None:
    refused = outcome(shop_http, owner, **{"\ud800": 1})

    assert refused["item_id"] == "e"
    assert "unable to parse raw data as a unicode string" in refused["detail"]


def test_a_deep_field_is_refused_alone(shop_http: httpx2.Client, owner: Engine) -> None:
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]

    assert "Extra inputs" in outcome(shop_http, owner, deep=deep)["detail"]


def test_a_request_with_a_field_that_is_no_unicode_is_refused(
    shop_http: httpx2.Client, owner: Engine
) -> None:
    path = f"/v1/{schema_of(owner)}/items/e"
    headers = {"Content-Type": "application/json"}

    refused = shop_http.put(path, content='{"title": "E", "\\ud800": 1}', headers=headers)

    assert "unable to parse raw data as a unicode string" in problem(refused).detail
