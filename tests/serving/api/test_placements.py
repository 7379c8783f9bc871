"""Placements through the API: shelves for products, compositions for operators, the audit."""

import time
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine

from serving.client import Client
from serving.errors import (
    KeyRefusedError,
    PlacementChangedError,
    RequestRefusedError,
    UnknownAttributeError,
    UnknownPlacementError,
    UserErasedError,
)
from serving.operator_client import OperatorClient
from serving.schemas import AuditEntry
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.airflow_users import ADA, VERA
from tests.support.serving.api_server import Connected
from tests.support.serving.placements import shelf
from tests.support.serving.problems import problem

pytestmark = pytest.mark.usefixtures("published_shop")

COLUMNS = "list_id, kind, user_id, release_id, rules_version, placement, item_ids"
KEPT = f"select {COLUMNS} from shown_lists order by list_id"  # noqa: S608 # our own names
FOR_YOU, NEW = shelf("for_you", "Yours", limit=1), shelf("new", "New here", limit=2)
WHY = "a test of placements"


@pytest.fixture
def ada(connected: Connected) -> OperatorClient:
    return connected(ADA)


def last(operator: OperatorClient) -> AuditEntry:
    return operator.audit(limit=1).entries[0]


def kept(owner: Engine, n: int) -> list[tuple[Any, ...]]:
    """Wait until that many lists are kept, and return them."""
    deadline = time.monotonic() + 20
    while len(rows := shop.rows(owner, KEPT)) < n:
        assert time.monotonic() < deadline, rows
        time.sleep(0.05)
    return rows


def test_a_page_has_its_shelves_in_one_answer_and_each_is_kept(
    ada: OperatorClient, product: Client, owner: Engine
) -> None:
    ada.replace_placement("checkout", [FOR_YOU, NEW], instead_of=0, reason=WHY)

    answer = product.placement("checkout", user_id="u", item_ids=["d"], explain=True)

    yours, new = answer.shelves
    assert (answer.placement, answer.version, answer.user_id) == ("checkout", 1, "u")
    assert (yours.title, yours.source, yours.kind) == ("Yours", "for_you", "batch")
    assert (new.title, new.source, new.kind, new.category) == ("New here", "new", None, None)
    assert [item.item_id for item in yours.items] == ["a"]
    assert [item.title for item in yours.items] == [shop.TITLES["a"]]
    assert yours.items[0].reason is not None
    assert [item.item_id for item in new.items] == ["b"]  # the user rated c, d is on the page
    assert kept(owner, 2) == [
        (yours.list_id, "batch", "u", answer.release_id, 0, "checkout", ["a"]),
        (new.list_id, "new", "u", answer.release_id, 0, "checkout", ["b"]),
    ]


def test_nothing_is_kept_of_an_erased_user_or_of_a_preview(
    ada: OperatorClient, product: Client, operator: Client, owner: Engine
) -> None:
    shown = [product.placement("home", user_id=user_id) for user_id in ("u", None)]
    rows = kept(owner, sum(len(answer.shelves) for answer in shown))
    assert {(row[2], row[5]) for row in rows} == {("u", "home"), (None, "home")}
    operator.erase("u")

    product.placement("home", user_id="u")
    ada.preview_placement([FOR_YOU], user_id="v")
    product.popular()  # the last one of the queue
    deadline = time.monotonic() + 20
    while not shop.rows(owner, "select from shown_lists where kind = 'popular'"):
        assert time.monotonic() < deadline
        time.sleep(0.05)

    users = "select distinct user_id, placement from shown_lists where placement is not null"
    assert shop.rows(owner, users) == [(None, "home")]


def test_versions_are_audited_and_an_earlier_one_can_be_activated(ada: OperatorClient) -> None:
    default = ada.placement_history("home")[0]
    ada.replace_placement("home", [FOR_YOU], instead_of=0, reason=WHY)
    second = ada.replace_placement("home", [FOR_YOU, NEW], instead_of=1, reason="more")
    entry = last(ada)
    assert (entry.actor, entry.action, entry.target) == (
        "ada",
        "change_placement",
        "placement home",
    )
    assert (entry.reason, entry.outcome) == ("more", "done")
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["version"], entry.after["version"]) == (1, 2)
    assert [row["source"] for row in entry.after["shelves"]] == ["for_you", "new"]

    third = ada.activate_placement("home", 1, instead_of=2, reason="fewer")
    fourth = ada.activate_placement("home", 0, instead_of=3, reason="as it was")

    assert (third.version, third.shelves, third.actor) == (3, (FOR_YOU,), "ada")
    assert (fourth.version, fourth.shelves) == (4, default.shelves)
    assert last(ada).after == {"version": 4, "shelves": _plain(fourth.shelves), "as_version": 0}
    versions = ada.placement_history("home", limit=3)
    assert versions == [fourth, third, second]
    assert [p.version for p in ada.placements() if p.name == "home"] == [4]
    assert [p.name for p in ada.placements()] == ["basket", "email", "home", "item"]


def _plain(shelves: Any) -> list[dict[str, Any]]:
    return [shelf.model_dump(mode="json") for shelf in shelves]


def test_refused_changes_change_nothing_and_are_audited(ada: OperatorClient) -> None:
    ada.replace_placement("home", [FOR_YOU], instead_of=0, reason=WHY)
    with pytest.raises(PlacementChangedError, match="Version 1"):
        ada.replace_placement("home", [NEW], instead_of=0, reason=WHY)
    assert (last(ada).outcome, last(ada).problem) == ("refused", "placement-changed")
    with pytest.raises(UnknownAttributeError, match=r"body\.shelves\.0\.filter"):
        ada.replace_placement("home", [shelf("new", filter="x == 1")], instead_of=1, reason=WHY)
    assert (last(ada).outcome, last(ada).problem) == ("refused", "unknown-attribute")
    with pytest.raises(UnknownPlacementError):
        ada.activate_placement("home", 7, instead_of=1, reason=WHY)
    with pytest.raises(UnknownPlacementError):
        ada.activate_placement("nowhere", 1, instead_of=0, reason=WHY)
    assert (last(ada).outcome, last(ada).before) == ("refused", None)
    with pytest.raises(RequestRefusedError, match="pattern"):
        ada.replace_placement("Home page", [NEW], instead_of=0, reason=WHY)

    [active] = [p for p in ada.placements() if p.name == "home"]
    assert (active.version, active.shelves) == (1, (FOR_YOU,))


def test_a_preview_shows_what_a_user_would_see_and_is_audited(ada: OperatorClient) -> None:
    many = shelf("again", minimum=5)

    preview = ada.preview_placement([FOR_YOU, many], user_id="u", item_ids=["a"])

    yours, again = preview.shelves
    assert ([item.item_id for item in yours.items], yours.left_out) == (["b"], None)
    assert again.left_out == "It has 0 items and needs at least 5."
    of_items, of_history = ada.preview_placement([shelf("together"), shelf("again")]).shelves
    assert "give the id of an item of the page" in str(of_items.left_out)
    assert "give the id of a user" in str(of_history.left_out)
    entry = last(ada)
    assert (entry.action, entry.after) == ("inspect_user", {"through": "placement preview"})
    ada.preview_placement([FOR_YOU])
    ada.preview_placement([FOR_YOU], user_id="u")
    assert last(ada) == entry  # once an hour; no entry for an anonymous user
    ada.erase_users(["u"], reason=WHY)
    with pytest.raises(UserErasedError):
        ada.preview_placement([FOR_YOU], user_id="u")
    with pytest.raises(UnknownAttributeError, match=r"body\.shelves\.0"):
        ada.preview_placement([shelf("new", filter="x == 1")])


def test_an_unknown_placement_is_a_problem(http: httpx2.Client, owner: Engine) -> None:
    root = f"/v1/{schema_of(owner)}/placements"

    unknown = problem(http.get(f"{root}/nowhere"))

    assert (unknown.status, unknown.code) == (404, "unknown-placement")
    many = "&".join(f"item_id={n}" for n in range(51))
    for path in ("Home", "home?user_id=", f"home?{many}", "home?filter=x%20%3D%3D%201"):
        assert problem(http.get(f"{root}/{path}")).status == 422


def test_only_operators_compose_placements(connected: Connected) -> None:
    vera = connected(VERA)
    for act in (
        vera.placements,
        lambda: vera.placement_history("home"),
        lambda: vera.preview_placement([NEW]),
        lambda: vera.replace_placement("home", [NEW], instead_of=0, reason=WHY),
        lambda: vera.activate_placement("home", 0, instead_of=0, reason=WHY),
    ):
        with pytest.raises(KeyRefusedError):
            act()
