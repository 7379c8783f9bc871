import time
from collections.abc import Iterable
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from serving.errors import (
    LiveReleaseChangedError,
    NoEarlierReleaseError,
    PublishingPausedError,
    ReleaseNotReadyError,
)
from serving.publishing import loading, releases
from serving.publishing.publish import publish
from serving.tables import Release
from tests.support.serving import shop

NOW = datetime(2026, 1, 5, tzinfo=UTC)
Tables = dict[str, Iterable[pa.RecordBatch]]


def add(
    session: Session, *, ready_at: datetime | None = NOW, retired_at: datetime | None = None
) -> int:
    """Insert a release and return its id."""
    release = Release(
        retrain_id=f"fit {time.monotonic_ns()}",
        verdict="promote",
        recipe="als_32",
        recipe_json={"rank": 32},
        constants={},
        counts={},
        ready_at=ready_at,
        retired_at=retired_at,
    )
    session.add(release)
    session.flush()
    return release.release_id


def activate(session: Session, release_id: int) -> None:
    instead_of = releases.live_id(session)
    releases.activate(session, release_id, instead_of=instead_of, actor="ann", reason="better")


def test_no_release_is_live_before_the_first_activation(session: Session) -> None:
    add(session)

    assert releases.live(session) is None


def test_a_pause_by_another_transaction_is_seen(publisher: Engine, owner: Engine) -> None:
    release_id = shop.release(publisher, "one", instead_of=None)

    with Session(publisher) as session:
        before = releases.live(session)
        assert before is not None
        assert before.publishing_paused_by is None
        with Session(owner) as other, other.begin():
            releases.pause_publishing(other, release_id, actor="ann")
        after = releases.live(session)

    assert after is not None
    assert after.publishing_paused_by == "ann"


def test_the_live_release_names_its_recipe(session: Session) -> None:
    activate(session, release_id := add(session))

    live = releases.live(session)
    assert live is not None
    assert (live.release_id, live.recipe, live.recipe_json) == (release_id, "als_32", {"rank": 32})
    assert live.publishing_paused_by is None


@pytest.mark.parametrize(
    ("ready_at", "retired_at"), [(None, None), (NOW, NOW)], ids=["half loaded", "retired"]
)
def test_a_release_without_its_lists_cannot_go_live(
    session: Session, ready_at: datetime | None, retired_at: datetime | None
) -> None:
    activate(session, good := add(session))
    bad = add(session, ready_at=ready_at, retired_at=retired_at)

    with pytest.raises(ReleaseNotReadyError, match=f"Release {bad}"):
        activate(session, bad)

    assert releases.live_id(session) == good


def test_an_unknown_release_cannot_go_live(session: Session) -> None:
    with pytest.raises(ReleaseNotReadyError, match="Release 404"):
        activate(session, 404)


def test_an_activation_is_refused_if_another_release_went_live_meanwhile(session: Session) -> None:
    old, new = add(session), add(session)
    activate(session, old)

    with pytest.raises(LiveReleaseChangedError, match=f"Release {old} is live, not None"):
        releases.activate(session, new, instead_of=None, actor="ann", reason="better")

    assert releases.live_id(session) == old


def test_a_rollback_activates_the_newest_older_ready_release_and_pauses_publishing(
    session: Session,
) -> None:
    oldest, _failed = add(session), add(session, ready_at=None)
    before, newest = add(session), add(session)
    activate(session, newest)

    assert releases.roll_back(session, actor="ann", reason="worse") == before
    assert releases.roll_back(session, actor="ann", reason="worse still") == oldest

    live = releases.live(session)
    assert live is not None
    assert (live.release_id, live.publishing_paused_by) == (oldest, "ann")
    paused = session.scalars(
        text("select release_id from releases where publishing_paused_by is not null")
    )
    assert paused.all() == [oldest]


def test_a_rollback_without_an_older_release_is_refused(session: Session) -> None:
    activate(session, only := add(session))
    add(session)

    with pytest.raises(NoEarlierReleaseError, match=f"older than the live release {only}"):
        releases.roll_back(session, actor="ann", reason="worse")

    assert releases.live_id(session) == only


def test_a_rollback_before_the_first_release_is_refused(session: Session) -> None:
    add(session)

    with pytest.raises(NoEarlierReleaseError, match="Nothing is released yet"):
        releases.roll_back(session, actor="ann", reason="worse")


def test_publishing_is_resumed_once(session: Session) -> None:
    add(session)
    activate(session, add(session))
    releases.roll_back(session, actor="ann", reason="worse")

    assert releases.resume_publishing(session, actor="bob")
    assert not releases.resume_publishing(session, actor="bob")

    live = releases.live(session)
    assert live is not None
    assert live.publishing_paused_by is None


def test_the_history_has_action_actor_and_reason(session: Session) -> None:
    old, new = add(session), add(session)
    activate(session, new)
    releases.roll_back(session, actor="bob", reason="worse")
    releases.resume_publishing(session, actor="ann", reason="repaired")

    history = shop.activations(session)[:3]
    rows = [(a.action, a.release_id, a.instead_of, a.actor, a.reason) for a in history]
    assert rows == [
        ("resume", old, old, "ann", "repaired"),
        ("roll_back", old, new, "bob", "worse"),
        ("activate", new, None, "ann", "better"),
    ]


@pytest.mark.parametrize("moment", ["copy", "checksum"])
def test_a_rollback_during_a_publication_takes_less_than_a_second(
    owner: Engine, publisher: Engine, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    second = shop.release(publisher, "two", instead_of=first)
    batches, checksum = dict(shop.tables()), loading.checksum
    durations = []

    def roll_back() -> None:
        started = time.monotonic()
        with Session(owner) as session, session.begin():
            session.execute(text("set local lock_timeout = '5s'"))
            releases.roll_back(session, actor="ann", reason="worse")
        durations.append(time.monotonic() - started)

    def checksum_after_rollback(session: Session, release_id: int) -> str:
        roll_back()
        return checksum(session, release_id)

    tables: Tables = {**batches}
    if moment == "copy":
        tables["recommendations"] = shop.slowly(batches["recommendations"], roll_back)
    else:
        monkeypatch.setattr(loading, "checksum", checksum_after_rollback)
    with pytest.raises(PublishingPausedError, match="ann paused publishing"):
        publish(publisher, shop.FIT, tables, actor="x", reason="y", instead_of=second)

    assert durations
    assert durations[0] < 1
