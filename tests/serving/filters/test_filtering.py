"""Filters of requests: the same in memory and in Postgres, on lists that stay full."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Self

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from serving import catalogue, errors
from serving.catalogue_changes import attributes, availability, changes
from serving.catalogue_changes.changes import Change
from serving.client import Client
from serving.filters import filtering
from serving.filters.columns import Columns
from serving.items import CatalogueItem
from serving.lists.releases import loading as release_loading
from serving.schemas import ItemContent
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.problems import problem
from tests.support.serving.shop import ids

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "a": {"price": 5, "brand": "Acme", "since": "2026-01-01", "tags": ["new", "red"]},
    "b": {"price": 15.5, "brand": "Other", "since": "2026-02-01T12:00:00.5+01:00"},
    "c": {"price": 25, "tags": ["red"]},
    "d": {},
}
N = 130  # items that only the model ranks: more than a precomputed list has


@pytest.fixture
def released(publisher: Engine, owner: Engine) -> int:
    """A release that ranks "a" to "d" and many more, with attributes of "a" to "d"."""
    more = {f"n{n:03}": f"Item {n}" for n in range(N)}
    popularity = {i: 1000.0 - n for n, i in enumerate([*more, *"abcd"])}
    release = shop.release(
        publisher,
        "one",
        instead_of=None,
        items=shop.items(**shop.TITLES, **more),
        item_factors=[
            {"item_id": i, "factors": [0.5, 0.25], "popularity": value, "trending": value}
            for i, value in popularity.items()
        ],
        recommendations=[
            {"user_id": "u", "item_ids": [*more][:100], "scores": [1 / n for n in range(1, 101)]}
        ],
        fallback_lists=[
            {"segment": "", "item_ids": [*more][:100], "scores": [1 / n for n in range(1, 101)]}
        ],
    )
    with owner.begin() as connection:
        for item_id, values in ATTRIBUTES.items():
            row = next(row for row in shop.items(**shop.TITLES) if row["item_id"] == item_id)
            fields = {name: row[name] for name in ("title", "categories", "released")}
            content = ItemContent.model_validate(fields | {"attributes": values})
            changes.apply(connection, Change(item_id, content), sent_by="test")
        availability.set_availability(connection, ["b"], available=False)
    return release


@pytest.fixture
def reading(released: int, owner: Engine) -> Iterator[Connection]:
    assert released
    with owner.connect() as connection:
        yield connection


def in_memory(connection: Connection, sent: str) -> str:
    """Return the first ids of the items that a filter keeps in memory."""
    [release_id] = connection.scalars(text("select release_id from live_release"))
    release = release_loading.load(connection, release_id)
    outside = release.outside_filter(filtering.bind(connection, sent))
    return "".join(i for i, is_out in zip(release.ids, outside, strict=True) if not is_out)


def in_postgres(connection: Connection, sent: str) -> str:
    bound = filtering.bind(connection, sent)
    page = catalogue.page(connection, q="", category=None, filtered_by=bound, limit=1000, offset=0)
    assert page.total == len(page.items)
    return "".join(sorted(item.item_id for item in page.items))


CASES = {
    "price < 20": "ab",
    "price >= 5 and price <= 15.5": "ab",
    "price != 5 and released <= 1993": "bcd",
    "brand == 'Acme'": "a",
    "brand in ('Acme', 'Other')": "ab",
    "brand != 'Acme' and category == 'a'": "",
    "tags == 'red'": "ac",
    "tags != 'red' and released < 1994": "bd",
    "category in ('a', 'd')": "ad",
    "category == 'Drama' and not category == 'a' and released == 1991": "b",
    "since < '2026-01-15'": "a",
    "since == '2026-02-01T11:00:00.5Z'": "b",
    "since >= '2026-01-01T00:00:00Z'": "ab",
    "price < 20 and available": "a",
    "not available": "b",
    "vendor == 'Maker'": "",
    "price < 6 or price > 20": "ac",
    "price not in (5, 25) and released <= 1993": "bd",
    "tags in ('new', 'x')": "a",
    "since in ('2026-01-01', '2026-02-01T11:00:00.5Z')": "ab",
    "since == '2026-W01-4'": "a",
    "since == '20260101T000000,0'": "a",
}


def test_a_filter_keeps_the_same_items_in_memory_and_in_postgres(reading: Connection) -> None:
    for sent, kept in CASES.items():
        assert (in_memory(reading, sent), in_postgres(reading, sent)) == (kept, kept), sent


@settings(
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    sent=st.recursive(
        st.sampled_from([*CASES]),
        lambda inner: st.one_of(
            inner.map(lambda one: f"not ({one})"),
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
                lambda three: f"({three[0]}) {three[1]} ({three[2]})"
            ),
        ),
        max_leaves=4,
    )
)
def test_joined_filters_agree_too(reading: Connection, sent: str) -> None:
    assert in_memory(reading, sent) == in_postgres(reading, sent)


def test_a_filter_parses_no_time_for_each_item(
    reading: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []

    class CountingDatetime(datetime):
        @classmethod
        def fromisoformat(cls, text: str, /) -> Self:
            parsed.append(text)
            return super().fromisoformat(text)

    monkeypatch.setattr(attributes, "datetime", CountingDatetime)
    [release_id] = reading.scalars(text("select release_id from live_release"))
    release = release_loading.load(reading, release_id)
    bound = filtering.bind(reading, "since in ('2026-01-01', '2025-01-01') or since < '2020-01-01'")
    n_before = len(parsed)

    outside = release.outside_filter(bound)

    assert [i for i, is_out in zip(release.ids, outside, strict=True) if not is_out] == ["a"]
    assert len(parsed) <= n_before + 3  # the times of the filter


def test_the_longest_filter_costs_little_for_many_items(reading: Connection) -> None:
    """Evaluated for one item after the other, each of these takes more than half a second."""
    items = [CatalogueItem(f"i{n}", f"Item {n}", ("Drama",), None, 1990) for n in range(50_000)]
    values = {"price": 7, "tags": ["new", "red"], "since": datetime(2026, 1, 1, tzinfo=UTC)}
    columns = Columns(items, {item.item_id: values for item in items})
    for pattern in ("price == {0} or price > 1{0}", "not tags != '{0}'", "since > '3{0:03}-01-01'"):
        n = 25 if pattern.startswith("price") else 35
        bound = filtering.bind(reading, " or ".join(pattern.format(100 + k) for k in range(n)))
        bound.evaluate(columns)  # makes the column

        started = time.thread_time()
        assert not bound.evaluate(columns).any()
        assert time.thread_time() - started < 0.1, pattern


def test_an_item_that_the_catalogue_lacks_passes_no_filter(reading: Connection) -> None:
    """Such as one that is pinned and younger than what this process has read."""
    [release_id] = reading.scalars(text("select release_id from live_release"))
    release = release_loading.load(reading, release_id)
    bound = filtering.bind(reading, "price != 5")

    assert release.passes(bound, release.catalogue["b"])
    assert not release.passes(bound, CatalogueItem("young", "Young", (), None, None))


def test_lists_stay_full_after_filtering(released: int, client: Client) -> None:
    assert released
    assert ids(client.recommendations("w", where="price < 20 or price > 20", limit=3)) == "abc"
    assert ids(client.recommendations("u", where="price > 0", limit=3)) == "ab"  # they rated c
    assert ids(client.for_anonymous_user({}, where="tags == 'red'")) == "ac"
    assert ids(client.popular(where="price < 20")) == "ab"
    assert ids(client.items(where="price < 20", sort="title")) == "ab"
    assert ids(client.similar("a", where="price > 20")) == "c"
    some = client.recommendations("u", where="not category == 'Drama'", limit=5)
    assert ids(some) == ""
    assert len(client.recommendations("u", where="released >= 1994", limit=100).items) == 100


def test_a_changed_attribute_counts_at_once(released: int, client: Client, owner: Engine) -> None:
    assert released
    assert ids(client.popular(where="price < 20")) == "ab"

    with owner.begin() as connection:
        content = ItemContent(title="A", attributes={"price": 99})
        changes.apply(connection, Change("a", content), sent_by="test")

    assert ids(client.popular(where="price < 20")) == "b"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("prize < 20", ("unknown-attribute", "at character 1: there is no attribute 'prize'")),
        (
            "department == 'Toys'",
            (
                "unknown-attribute",
                "declared: brand, category, price, released",
            ),
        ),
        (
            "price < 2 and category == 'Dramma'",
            ("unknown-category", "at character 15: no cat"),
        ),
        ("price < ", ("filter-refused", "at character 8")),
        ("price < 'x'", ("filter-refused", "price is compared with a number")),
        ("brand == 1", ("filter-refused", "brand is compared with a text")),
        ("brand < 'x'", ("filter-refused", "by == and != only")),
        ("since > 'soon'", ("filter-refused", "a time in ISO 8601")),
    ],
)
@pytest.mark.parametrize(
    "path",
    ["users/u/recommendations", "popular", "items/a/similar", "items/a/together", "items"],
)
@pytest.mark.usefixtures("released")
def test_what_the_data_set_lacks_is_a_problem_not_an_empty_list(
    http: httpx2.Client, owner: Engine, path: str, sent: str, expected: tuple[str, str]
) -> None:
    answer = problem(http.get(f"/v1/{schema_of(owner)}/{path}", params={"filter": sent}))

    assert (answer.status, answer.code) == (422, expected[0])
    assert expected[1] in answer.detail


def test_a_value_of_an_earlier_type_is_left_out(reading: Connection, owner: Engine) -> None:
    """A manifest may change the type of an attribute."""
    with owner.begin() as connection:
        old = '{"price": "cheap", "since": "2026-99-99"}'
        connection.execute(
            text("update items set attributes = :old where item_id = 'a'"), {"old": old}
        )

    for sent in ("price < 20", "since < '2027-01-01'"):
        assert in_memory(reading, sent) == in_postgres(reading, sent) == "b"


def test_there_is_nothing_to_filter_before_the_first_release(owner: Engine) -> None:
    with owner.connect() as connection, pytest.raises(errors.NoReleaseError):
        filtering.bind(connection, "price < 20")
