"""Acts of operators through the API, and their audit."""

from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy import Engine

from serving.client import Client
from serving.errors import (
    KeyRefusedError,
    LiveReleaseChangedError,
    NoEarlierReleaseError,
    ReleaseNotReadyError,
    RequestRefusedError,
    ScopeMissingError,
    UnknownKeyError,
)
from serving.operator_client import OperatorClient
from serving.schemas import AuditEntry, SlateRules
from tests.support.serving import shop
from tests.support.serving.airflow_users import ADA, VERA
from tests.support.serving.api_server import Connected, connecting

WHY = "the new lists repeat one vendor"


@pytest.fixture
def connected(owner: Engine, committing: str) -> Iterator[Connected]:
    """A function that returns a client with this token, of an API that caches keys for a minute."""
    with connecting(owner, committing, key_cache_seconds=60) as connect:
        yield connect


@pytest.fixture
def ada(connected: Connected) -> OperatorClient:
    return connected(ADA)


def last(operator: OperatorClient) -> AuditEntry:
    return operator.audit(limit=1).entries[0]


@pytest.fixture
def two_releases(publisher: Engine) -> tuple[int, int]:
    first = shop.release(publisher, "one", instead_of=None)
    changed = shop.lists_of("user_id", u="cb", v="c")
    return first, shop.release(publisher, "two", instead_of=first, recommendations=changed)


def test_a_rollback_serves_the_previous_release_and_is_audited(
    ada: OperatorClient, two_releases: tuple[int, int], api: Engine
) -> None:
    first, second = two_releases

    state = ada.roll_back(instead_of=second, reason=WHY)

    assert (state.live_release, state.publishing_paused_by) == (first, "ada")
    assert shop.seen(api).release_id == first
    entry = last(ada)
    assert (entry.actor, entry.action, entry.target) == ("ada", "roll_back", f"release {first}")
    assert (entry.reason, entry.outcome, entry.problem) == (WHY, "done", None)
    assert entry.before is not None
    assert entry.before["live_release"] == second
    assert entry.after is not None
    assert (entry.after["live_release"], entry.after["publishing_paused_by"]) == (first, "ada")


def test_a_second_click_rolls_back_no_further(
    ada: OperatorClient, two_releases: tuple[int, int], publisher: Engine
) -> None:
    _, second = two_releases
    third = shop.release(publisher, "three", instead_of=second)
    ada.roll_back(instead_of=third, reason=WHY)

    with pytest.raises(LiveReleaseChangedError, match=f"Release {second} is live, not {third}"):
        ada.roll_back(instead_of=third, reason=WHY)

    assert [release.release_id for release in ada.release_history() if release.live] == [second]
    assert (last(ada).outcome, last(ada).problem) == ("refused", "live-release-changed")


def test_another_release_is_made_live_which_ends_a_pause(
    ada: OperatorClient, two_releases: tuple[int, int]
) -> None:
    first, second = two_releases
    ada.pause_publishing(reason="a festival")
    assert last(ada).action == "pause"

    assert ada.activate(first, instead_of=second, reason=WHY).publishing_paused_by is None
    assert ada.pause_publishing(reason="a festival").publishing_paused_by == "ada"
    assert ada.resume_publishing(reason="it is over").publishing_paused_by is None

    actions = [entry.action for entry in ada.audit().entries]
    assert actions[:4] == ["resume", "pause", "activate", "pause"]
    newest, oldest = ada.release_history()
    assert (newest.live, oldest.live) == (False, True)
    assert newest.live_until is not None
    assert [act.action for act in oldest.activations] == ["resume", "pause", "activate", "publish"]


def test_a_refused_act_changes_nothing_and_is_audited(
    ada: OperatorClient, two_releases: tuple[int, int]
) -> None:
    first, second = two_releases
    with pytest.raises(ReleaseNotReadyError, match="Release 404"):
        ada.activate(404, instead_of=second, reason=WHY)
    assert (last(ada).target, last(ada).problem) == ("release 404", "release-not-ready")
    assert last(ada).after is None

    ada.activate(first, instead_of=second, reason=WHY)
    with pytest.raises(NoEarlierReleaseError):
        ada.roll_back(instead_of=first, reason=WHY)
    with pytest.raises(RequestRefusedError, match="reason"):
        ada.roll_back(instead_of=first, reason="")
    assert [release.release_id for release in ada.release_history() if release.live] == [first]


def test_a_viewer_and_a_product_cannot_act(
    connected: Connected, two_releases: tuple[int, int], product_http: httpx2.Client
) -> None:
    first, second = two_releases
    vera = connected(VERA)
    for act in (
        lambda: vera.roll_back(instead_of=second, reason=WHY),
        lambda: vera.activate(first, instead_of=second, reason=WHY),
        lambda: vera.pause_publishing(reason=WHY),
        lambda: vera.create_key("mine", ["operate"]),
        lambda: vera.erase_users(["u"], reason=WHY),
        vera.audit,
    ):
        with pytest.raises(ScopeMissingError):
            act()
    product = connected(product_http.headers["Authorization"].removeprefix("Bearer "))
    with pytest.raises(KeyRefusedError):
        product.roll_back(instead_of=second, reason=WHY)

    assert [entry.action for entry in connected(ADA).audit().entries] == ["publish", "publish"]


@pytest.mark.usefixtures("two_releases")
def test_a_revoked_key_ends_at_once(connected: Connected) -> None:
    created = connected(ADA).create_key("shop", ["read"], reason="the web shop")
    assert connected(created.key).about().dataset == "shop"

    revoked = connected(ADA).revoke_key("shop")

    assert (revoked.name, revoked.scopes) == ("shop", ("read",))
    with pytest.raises(KeyRefusedError):
        connected(created.key).about()
    ada = connected(ADA)
    assert "shop" not in {key.name for key in ada.api_keys()}
    with pytest.raises(UnknownKeyError, match="no key 'shop'"):
        ada.revoke_key("shop")
    with pytest.raises(RequestRefusedError, match="reserved"):
        ada.create_key("demo", ["read"])
    acts = [(entry.action, entry.outcome) for entry in ada.audit(limit=4).entries]
    assert acts == [
        ("create_key", "refused"),
        ("revoke_key", "refused"),
        ("revoke_key", "done"),
        ("create_key", "done"),
    ]
    assert created.key not in ada.audit().model_dump_json()


@pytest.mark.usefixtures("two_releases")
def test_an_erasure_is_audited_without_the_users_id(
    ada: OperatorClient, product: Client, owner: Engine
) -> None:
    user_id = product.create_user().user_id
    product.rate(user_id, "a", 7)

    assert ada.erase_users([user_id], reason="request 17")[0].n_events == 1

    entry = last(ada)
    assert (entry.action, entry.after) == ("erase", {"n_events": 1})
    assert user_id not in entry.model_dump_json()
    assert entry.target == f"user {ada.erasures()[0].digest}"
    assert entry.reason == "request 17"
    assert shop.rows(owner, "select 1 from feedback") == []


@pytest.mark.usefixtures("two_releases")
def test_a_change_of_rules_is_audited_with_both_versions(ada: OperatorClient) -> None:
    ada.replace_rules(SlateRules(hide=("a",)), instead_of=0, reason="festival week")

    entry = last(ada)
    assert (entry.action, entry.reason) == ("change_rules", "festival week")
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["version"], entry.after["version"]) == (0, 1)
    assert entry.after["rules"]["hide"] == ["a"]


def test_the_audit_is_read_by_page_act_actor_and_time(
    ada: OperatorClient, two_releases: tuple[int, int]
) -> None:
    _, second = two_releases
    ada.pause_publishing(reason="one")
    ada.resume_publishing(reason="two")
    ada.roll_back(instead_of=second, reason="three")
    everything = ada.audit()
    assert (everything.total, len(everything.entries)) == (5, 5)

    paged = ada.audit(limit=2, offset=2)
    assert (paged.total, paged.entries) == (5, everything.entries[2:4])
    assert [entry.reason for entry in ada.audit(action="pause").entries] == ["one"]
    assert [entry.action for entry in ada.audit(actor="two/publish").entries] == ["publish"]
    resumed_at = everything.entries[1].acted_at
    assert ada.audit(since=resumed_at).total == 2
    assert ada.audit(until=resumed_at).total == 3
