from typing import Any

import pytest

from jobs.ingestion.bronze_batches import bronze_batches
from jobs.ingestion.sources import SentFile, Target
from warehouse.manifests.sources import Categories, Events, Files, Items, Ratings, Users
from warehouse.tables import BRONZE, BRONZE_EVENTS


def landed(
    target: Target, section: Files, content: str, name: str | None = None
) -> list[dict[str, Any]]:
    """Return the rows that a file of this content has in bronze."""
    file = SentFile(target, "f.csv", "/f.csv", "a" * 64, section, name)
    batches = bronze_batches(content.encode(), file, table=BRONZE[target], run_key="run")
    return [row for batch in batches for row in batch.to_pylist(maps_as_pydicts="strict")]


def test_events_have_kind_value_and_time_as_sent() -> None:
    section = Events(
        file="*.csv",
        user="customer",
        item="sku",
        time=("day", "at"),
        kind_column="action",
        value="n",
        keep_if="country == 'DE' and n > 0",
    )
    content = (
        "customer,sku,day,at,action,n,country,note\n"
        "u,a,2026-03-01,10:00,purchase,2,DE,hello\n"
        "u,b,2026-03-01,,view,,,\n"
        "u,c,,,view,,,\n"
        "short\n"
    )

    rows = landed("events", section, content, "*.csv")

    names = ("user_id", "item_id", "kind", "value", "occurred_at", "raw", "extra", "source_line")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("u", "a", "purchase", "2", "2026-03-01 10:00", None, {"country": "DE", "n": "2"}, 2),
        ("u", "b", "view", None, "2026-03-01", None, {"country": None, "n": None}, 3),
        ("u", "c", "view", None, None, None, {"country": None, "n": None}, 4),
        (None, None, None, None, None, "short", None, 5),
    ]
    assert {row["section"] for row in rows} == {"*.csv"}
    assert {row["run_key"] for row in rows} == {"run"}
    assert [*rows[0]] == [*BRONZE_EVENTS.names]


def test_events_need_neither_value_nor_time() -> None:
    section = Events(file="v.csv", kind="view", time=False)

    [row] = landed("events", section, "user,item\nu,a\n", "v.csv")

    assert (row["user_id"], row["item_id"]) == ("u", "a")
    assert row["kind"] is row["value"] is row["occurred_at"] is row["extra"] is None


def test_items_have_their_attributes_and_users_theirs() -> None:
    items = Items(file="i.csv", attributes={"price": "number", "tags": "list"})
    users = Users(file="u.csv", attributes=("age",))

    rows = landed("items", items, "item,title,price,tags\na,A,9.5,x|y\nb,B,,\nshort\n")
    assert [row["attributes"] for row in rows] == [
        {"price": "9.5", "tags": "x|y"},
        {"price": None, "tags": None},
        None,
    ]
    [user] = landed("users", users, "user,age\nu,33\n")
    assert user["attributes"] == {"age": "33"}
    [plain] = landed("users", Users(file="u.csv"), "user,age\nu,33\n")
    assert plain["attributes"] == {}
    [untyped] = landed("items", Items(file="i.csv"), "item,title\na,A\n")
    assert untyped["attributes"] is None


def test_categories_may_have_a_file_of_their_own() -> None:
    section = Categories(file="c.csv", item="place", category="cuisine")

    rows = landed("categories", section, "place,cuisine\np,Thai\np,Bar\n")

    assert [(row["item_id"], row["category"]) for row in rows] == [("p", "Thai"), ("p", "Bar")]


@pytest.mark.parametrize(
    ("sent", "landed_as"),
    [
        ("Crime|Drama", "Crime|Drama"),
        ('["Crime", "Drama"]', '["Crime","Drama"]'),
        ("['Rock \\'n\\' Roll', 'Pop']", '["Rock \'n\' Roll","Pop"]'),
        ('c("a", "b")', '["a","b"]'),
        ("[{'alias': 'parks', 'title': 'Parks'}]", '["Parks"]'),
        ('[{"id": 16, "name": "Animation"}, {"id": 3}]', '["Animation","{\\"id\\":3}"]'),
        ('{"name": "Toys"}', '["Toys"]'),
        ("[]", "[]"),
        ("{}", "[]"),
        ("[1, null, 2.5]", '["1","2.5"]'),
        ("[sic] Drama", "[sic] Drama"),
        ("[" * 5000, "[" * 5000),
        ("", None),
    ],
)
def test_lists_of_categories_land_as_json(sent: str, landed_as: str | None) -> None:
    section = Items(file="i.csv", separator="\t", quote="", categories="kinds")

    [row] = landed("items", section, f"item\ttitle\tkinds\na\tA\t{sent}\n")

    assert row["categories"] == landed_as


def test_flags_become_a_list_of_categories() -> None:
    flags = {"is_new": "New", "sale": "On sale", "eco": "Eco"}
    content = (
        "item,title,is_new,sale,eco,kinds\na,A,1,0,yes,x|y\nb,B,0,,false,\nc,C,1,1,1,['z']\nshort\n"
    )

    rows = landed("items", Items(file="i.csv", category_flags=flags), content)
    assert [row["categories"] for row in rows] == [
        '["New","Eco"]',
        "[]",
        '["New","On sale","Eco"]',
        None,
    ]
    both = Items(file="i.csv", category_flags=flags, categories="kinds")
    assert [row["categories"] for row in landed("items", both, content)] == [
        '["x","y","New","Eco"]',
        "[]",
        '["z","New","On sale","Eco"]',
        None,
    ]


def test_two_columns_of_one_rating_are_joined() -> None:
    section = Ratings(file="r.csv", time=("day", "at"))

    [row] = landed("ratings", section, "user,item,value,day,at\nu,a,4,1.3.2026,10:00\n")

    assert row["rated_at"] == "1.3.2026 10:00"
