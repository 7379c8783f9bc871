from datetime import UTC, datetime

import httpx2
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from serving.api import problems
from serving.client import Client
from serving.errors import (
    ApiError,
    ApiUnavailableError,
    NoReleaseError,
    RequestRefusedError,
    SchemaUnknownError,
    TooManyRequestsError,
    UnknownItemError,
    UnknownUserError,
)
from serving.publishing import evidence, releases
from serving.schemas import Comparison, Criterion, Display, Verdict
from serving.storage import keys
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.api_server import running_api
from tests.support.serving.server import as_role
from tests.support.serving.shop import ids

UNUSUAL_IDS = ["a/b", "ü ?#&=%+", "007", "../x", "a/recommendations", "📚", "'; drop table items"]
HOLD = Verdict(
    retrain_id="shop__retrain/two",
    verdict="hold",
    reason="The challenger is no better.",
    recipe=None,
    criteria=(Criterion(criterion="better", passed=False, detail="-0.01"),),
    comparisons=(
        Comparison(
            recipe="als_32",
            role="challenger",
            slice="warm",
            metric="ndcg@10",
            value=0.25,
            n_users=9,
        ),
    ),
    decided_at=datetime(2026, 1, 6, tzinfo=UTC),
)


def test_a_user_gets_the_list_of_the_live_release(publisher: Engine, client: Client) -> None:
    release_id = shop.release(publisher, "one", instead_of=None)

    answer = client.recommendations("u", limit=1)

    [first] = answer.items
    assert (answer.kind, answer.release_id, answer.recipe) == ("batch", release_id, "als_32")
    assert (first.rank, first.item_id, first.title, first.score) == (1, "a", "Amélie", 1.0)
    assert (first.categories, first.released, first.vendor) == (("Drama", "a"), 1990, None)
    [release] = client.releases()
    assert answer.live_since == release.live_since


def test_an_unknown_user_gets_the_fallback_list(publisher: Engine, client: Client) -> None:
    shop.release(publisher, "one", instead_of=None)

    answer = client.recommendations("nobody")

    assert (answer.kind, ids(answer), answer.user_id) == ("fallback", "dcb", "nobody")


def test_users_are_listed_and_one_is_returned_with_ratings(
    publisher: Engine, client: Client
) -> None:
    shop.release(publisher, "one", instead_of=None)

    assert [(user.user_id, user.n_rated, user.rated) for user in client.users()] == [
        ("u", 2, ()),
        ("v", 1, ()),
    ]
    assert len(client.users(limit=1)) == 1
    user = client.user("u")
    assert [(r.item_id, r.rating, r.rated_at) for r in user.rated] == [
        ("c", 1.0, shop.RATED_AT),
        ("d", 2.0, shop.RATED_AT),
    ]
    assert (client.user("u", limit=1).n_rated, len(client.user("u", limit=1).rated)) == (2, 1)


def test_a_rating_of_an_item_without_a_title_is_counted_not_shown(
    publisher: Engine, client: Client
) -> None:
    shop.release(publisher, "one", instead_of=None, profiles=shop.profiles(u="aZ"))

    user = client.user("u")
    assert (user.n_rated, [rated.item_id for rated in user.rated]) == (2, ["a"])


def test_items_are_searched_by_title_and_category(publisher: Engine, client: Client) -> None:
    shop.release(publisher, "one", instead_of=None)

    assert ids(client.items(sort="title")) == "dacb"
    assert ids(client.items(q="amelie")) == "a"
    assert ids(client.items(q="SCHIND lis")) == "b"
    assert ids(client.items(category="c")) == "c"
    assert ids(client.items(q="amelie", category="c")) == ""
    assert ids(client.items(q="?!")) == ""
    page = client.items(sort="title", limit=2, offset=3)
    assert (ids(page), page.total, page.limit, page.offset) == ("b", 4, 2, 3)
    assert client.items(offset=99).total == 4


def test_items_are_found_by_their_ids_with_attributes_and_availability(
    owner: Engine, publisher: Engine, client: Client
) -> None:
    shop.release(publisher, "one", instead_of=None)
    with owner.begin() as connection:
        connection.execute(
            text("""update items set attributes = '{"price": 9.5}' where item_id = 'a'""")
        )
        connection.execute(text("insert into unavailable_items values ('b')"))

    page = client.items(item_ids=["b", "a", "zz"], sort="title")

    assert (ids(page), page.total) == ("ab", 2)
    assert [item.attributes for item in page.items] == [{"price": 9.5}, {}]
    assert [item.available for item in page.items] == [True, False]
    assert page.items[0] == client.item("a")
    assert not client.item("b").available
    assert ids(client.items(item_ids=["c", "a"], q="amelie")) == "a"
    with pytest.raises(RequestRefusedError):
        client.items(item_ids=[str(number) for number in range(101)])


def test_the_data_set_says_which_attributes_are_shown(publisher: Engine, client: Client) -> None:
    shop.release(publisher, "one", instead_of=None)

    assert client.about().display == Display(price="price", currency="EUR")


def test_the_best_matches_are_first_and_among_equals_the_most_popular(
    publisher: Engine, client: Client
) -> None:
    factors = {"factors": [0.5, -0.25], "trending": 0.0}
    shop.release(
        publisher,
        "one",
        instead_of=None,
        items=shop.items(a="A Star Is Born", b="Starship", c="Star", d="Star Wars", e="1991"),
        item_factors=[
            factors | {"item_id": item_id, "popularity": popularity}
            for item_id, popularity in (("a", 1.0), ("b", 9.0), ("d", 5.0))
        ],
        recommendations=shop.lists_of("user_id", u="ab"),
        fallback_lists=shop.lists_of("segment", everybody="bda"),
    )

    assert ids(client.items(q="star")) == "cdab"  # the whole title, whole words, beginnings
    assert ids(client.items(q="sta")) == "bdac"
    assert ids(client.items()) == "bdaec"  # items without ratings last, by title
    assert ids(client.items(limit=2, offset=1)) == "da"
    assert ids(client.items(sort="newest", released_from=1991, released_to=1993)) == "dcb"
    assert ids(client.items(sort="oldest", limit=2)) == "ab"
    found = client.items(q=" 1991 ")
    assert (ids(found), found.total) == ("eb", 2)  # the title, then the year


def test_an_item_may_have_similar_items(publisher: Engine, client: Client) -> None:
    release_id = shop.release(publisher, "one", instead_of=None)

    similar = client.similar("a", limit=1)
    assert (ids(similar), similar.release_id, similar.items[0].rank) == ("b", release_id, 1)
    assert ids(client.similar("d")) == ""
    assert client.item("d").title == shop.TITLES["d"]


def test_about_describes_the_data_set(publisher: Engine, client: Client) -> None:
    shop.release(publisher, "one", instead_of=None)

    about = client.about()
    assert (about.title, about.item_noun, about.highest, about.n_items) == (
        "Shop",
        "product",
        10,
        4,
    )


def test_releases_have_the_live_one_and_who_paused_publishing(
    publisher: Engine, client: Client
) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    second = shop.release(publisher, "two", instead_of=first)
    with Session(publisher) as session, session.begin():
        releases.roll_back(session, actor="ann", reason="worse")

    listed = [(r.release_id, r.live, r.publishing_paused_by) for r in client.releases()]
    assert listed == [(second, False, None), (first, True, "ann")]


def test_verdicts_are_newest_first_and_a_second_decision_replaces_the_first(
    publisher: Engine, client: Client
) -> None:
    older = HOLD.model_copy(
        update={"retrain_id": "shop__retrain/one", "decided_at": datetime(2026, 1, 5, tzinfo=UTC)}
    )
    with Session(publisher) as session, session.begin():
        evidence.record(session, HOLD.model_copy(update={"reason": "Not decided yet."}))
        evidence.record(session, HOLD)
        evidence.record(session, older)

    assert client.verdicts() == [HOLD, older]
    assert client.verdicts(limit=1) == [HOLD]


def test_before_the_first_release_the_client_raises_no_release(client: Client) -> None:
    for request in (client.about, lambda: client.recommendations("u"), lambda: client.user("u")):
        with pytest.raises(NoReleaseError, match="Run the data set's retrain"):
            request()
    with pytest.raises(NoReleaseError):
        client.similar("a")
    assert (client.users(), client.releases(), client.items().total) == ([], [], 0)
    assert client.ready().ready


def test_unknown_users_and_items_are_named(publisher: Engine, client: Client) -> None:
    shop.release(publisher, "one", instead_of=None)

    with pytest.raises(UnknownUserError, match="'nobody'"):
        client.user("nobody")
    with pytest.raises(UnknownItemError, match="'zz'"):
        client.item("zz")
    with pytest.raises(UnknownItemError, match="'zz'"):
        client.similar("zz")


@pytest.mark.parametrize("user_id", UNUSUAL_IDS)
def test_any_user_id_can_be_requested(publisher: Engine, client: Client, user_id: str) -> None:
    lists = [{"user_id": user_id, "item_ids": ["a"], "scores": [1.0]}]
    shop.release(publisher, "one", instead_of=None, recommendations=lists)

    answer = client.recommendations(user_id)

    assert (answer.kind, answer.user_id, ids(answer)) == ("batch", user_id, "a")


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_an_id_that_would_change_the_path_is_not_sent(
    publisher: Engine, owner: Engine, committing: str, part: str
) -> None:
    shop.release(publisher, "one", instead_of=None)
    with Session(owner) as session, session.begin():
        key = keys.create(session, "backend", ["read", "feedback", "operate"])
    headers = {"Authorization": f"Bearer {key}"}
    with (
        running_api(as_role(committing, "api")) as url,
        httpx2.Client(base_url=url, headers=headers) as http,
    ):
        client = Client(http, schema_of(owner))
        event = client.rate("u", "a", 7)
        for send in (client.undo, client.unrate):
            with pytest.raises(RequestRefusedError, match="cannot be part of a path"):
                send("u", part)

        assert client.rate("u", "a", 6).event_id != event.event_id  # was not erased


@pytest.mark.parametrize(
    ("user_id", "limit"),
    [("a\0b", 10), ("u", 0), ("u", 101), ("u" * 257, 10)],
    ids=["NUL", "limit too low", "limit too high", "id too long"],
)
def test_a_parameter_out_of_bounds_is_refused(client: Client, user_id: str, limit: int) -> None:
    with pytest.raises(RequestRefusedError, match=r"path\.user_id|query\.limit"):
        client.recommendations(user_id, limit=limit)


def test_a_nul_byte_in_a_search_is_refused(client: Client) -> None:
    with pytest.raises(RequestRefusedError, match=r"query\.q"):
        client.items(q="a\0")
    with pytest.raises(RequestRefusedError, match=r"query\.category"):
        client.items(category="\0")


def test_an_unknown_schema_version_is_not_served(owner: Engine, client: Client) -> None:
    with owner.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))

    with pytest.raises(SchemaUnknownError, match="is at 9999"):
        client.items()
    with pytest.raises(SchemaUnknownError, match="is at 9999"):
        client.ready()


def test_an_unreachable_api_is_api_unavailable() -> None:
    with (
        httpx2.Client(base_url="http://127.0.0.1:1") as http,
        pytest.raises(ApiUnavailableError, match="is the API up"),
    ):
        Client(http, "shop").items()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [(200, "{}", ApiError), (502, "<html>", ApiUnavailableError), (418, "{}", ApiError)],
)
def test_an_unexpected_answer_is_an_api_error(
    status: int, body: str, expected: type[Exception]
) -> None:
    answer = httpx2.MockTransport(lambda _: httpx2.Response(status, text=body))
    with (
        httpx2.Client(base_url="http://api", transport=answer) as http,
        pytest.raises(expected, match="http://api/v1/shop/items"),
    ):
        Client(http, "shop").items()


@pytest.mark.parametrize("kind", ApiError.kinds(), ids=lambda kind: kind.__name__)
def test_the_client_raises_the_class_with_the_code_of_the_problem(kind: type[ApiError]) -> None:
    answer = problems.response("/", kind("detail"))
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(answer.status_code, content=bytes(answer.body))
    )
    client = Client(httpx2.Client(base_url="http://api", transport=transport), "shop")

    with pytest.raises(ApiError, match="detail") as raised:
        client.items()

    assert type(raised.value) is kind
    assert kind.next_step in str(raised.value)


def test_the_client_passes_on_retry_after() -> None:
    answer = problems.response("/", TooManyRequestsError("detail", 2.3))
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(429, content=bytes(answer.body), headers=answer.headers.items())
    )
    client = Client(httpx2.Client(base_url="http://api", transport=transport), "shop")

    with pytest.raises(TooManyRequestsError) as raised:
        client.items()

    assert raised.value.retry_after == 3
