"""The live release and its history. Callers own the transaction: nothing here commits."""

from typing import Any, Literal

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from serving import schemas
from serving.errors import LiveReleaseChangedError, NoEarlierReleaseError, ReleaseNotReadyError
from serving.tables import Activation, LivePointer, Release

Action = Literal["publish", "activate", "roll_back"]

_COUNT_ITEMS = text(
    """
    with current as not materialized (
        select items.categories from items
        where (withdrawn @> cast(:release_id as bigint)) is not true and not items.removed
    )
    update about set n_items = (select count(*) from current), categories = array(
        select distinct unnest(current.categories) as category from current order by category
    )
    """
)


def live(session: Session) -> Release | None:
    """Return the live release, or None before the first one."""
    query = select(Release).join(LivePointer, LivePointer.release_id == Release.release_id)
    return session.scalar(query.execution_options(populate_existing=True))


def activate(
    session: Session,
    release_id: int,
    *,
    instead_of: int | None,
    actor: str,
    reason: str,
    action: Action = "activate",
) -> None:
    """Make a release live from the commit on, count its items, and end a pause of publishing.

    Concurrent callers wait until the transaction ends. `instead_of` is the release that was live
    when the caller decided; None: none was. `actor` is an operator's name, or the run's key;
    `reason` one sentence for the history.

    Raises:
        ReleaseNotReadyError: it is unknown, was never completely loaded, or is retired.
        LiveReleaseChangedError: another release has gone live.
    """
    lock_live_release(session)
    release = session.get(Release, release_id, populate_existing=True)
    if release is None or release.ready_at is None or release.retired_at is not None:
        raise ReleaseNotReadyError(
            f"Release {release_id} is not loaded or was deleted. The live release stays."
        )
    refuse_if_changed(session, instead_of)
    session.execute(
        update(Release).values(publishing_paused_by=None, publishing_paused_at=None).where(_PAUSED)
    )
    session.merge(LivePointer(only_row=True, release_id=release_id, since=func.clock_timestamp()))
    session.execute(_COUNT_ITEMS, {"release_id": release_id})
    _record_action(session, action, release_id, instead_of=instead_of, actor=actor, reason=reason)


def roll_back(session: Session, *, actor: str, reason: str) -> int:
    """Make the newest ready release older than the live one live, and pause publishing.

    Later retrains are decided but not published until publishing is resumed.

    Raises:
        NoEarlierReleaseError: there is none.
    """
    lock_live_release(session)
    now_live = live_id(session)
    if now_live is None:
        raise NoEarlierReleaseError("Nothing is released yet: there is nothing to roll back.")
    older = (Release.release_id < now_live, Release.ready_at.is_not(None))
    target = session.scalar(
        select(func.max(Release.release_id)).where(*older, Release.retired_at.is_(None))
    )
    if target is None:
        raise NoEarlierReleaseError(
            f"No ready release is older than the live release {now_live}. Nothing changed."
        )
    activate(session, target, instead_of=now_live, actor=actor, reason=reason, action="roll_back")
    _pause(session, target, actor=actor)
    return target


def pause_publishing(
    session: Session, release_id: int, *, actor: str, reason: str = "Publishing was paused."
) -> None:
    """Pause publishing: this release stays live until publishing is resumed."""
    _pause(session, release_id, actor=actor)
    _record_action(session, "pause", release_id, instead_of=release_id, actor=actor, reason=reason)


def resume_publishing(
    session: Session, *, actor: str, reason: str = "Publishing was resumed."
) -> bool:
    """Let retrains publish again, and return whether publishing was paused."""
    lock_live_release(session)
    resumed = session.scalars(
        update(Release)
        .values(publishing_paused_by=None, publishing_paused_at=None)
        .where(_PAUSED)
        .returning(Release.release_id)
    ).all()
    for release_id in resumed:
        _record_action(
            session, "resume", release_id, instead_of=release_id, actor=actor, reason=reason
        )
    return bool(resumed)


def kept(session: Session) -> list[schemas.Release]:
    """Return the releases that can go live, newest first."""
    ready = (Release.ready_at.is_not(None), Release.retired_at.is_(None))
    rows = session.execute(
        select(Release, LivePointer.since)
        .outerjoin(LivePointer, LivePointer.release_id == Release.release_id)
        .where(*ready)
        .order_by(Release.release_id.desc())
    )
    return [
        schemas.Release(**described(release), live=since is not None, live_since=since)
        for release, since in rows
    ]


def described(release: Release) -> dict[str, Any]:
    """Return the fields of `schemas.Release` that the release's own row has."""
    counts = release.counts
    return {
        "release_id": release.release_id,
        "recipe": release.recipe,
        "recipe_json": release.recipe_json,
        "verdict": release.verdict,
        "retrain_id": release.retrain_id,
        "ready_at": release.ready_at,
        "publishing_paused_by": release.publishing_paused_by,
        "n_users": counts.get("recommendations", 0),
        "n_items": counts.get("items", 0),
    }


def live_state(session: Session) -> schemas.LiveState:
    """Return the live release's id, and whether publishing is paused."""
    release = live(session)
    if release is None:
        return schemas.LiveState(live_release=None)
    return schemas.LiveState(
        live_release=release.release_id,
        publishing_paused_by=release.publishing_paused_by,
        publishing_paused_at=release.publishing_paused_at,
    )


def live_id(session: Session) -> int | None:
    """Return the live release's id, or None before the first one."""
    return session.scalar(select(LivePointer.release_id))


def lock_live_release(session: Session) -> None:
    """Lock the data set's live release until the transaction ends."""
    session.execute(text("select pg_advisory_xact_lock(hashtext('live ' || current_schema()))"))


def refuse_if_changed(session: Session, instead_of: int | None) -> None:
    """Check that the release that a caller saw is still live.

    Raises:
        LiveReleaseChangedError: another release has gone live.
    """
    now_live = live_id(session)
    if now_live != instead_of:
        raise LiveReleaseChangedError(f"Release {now_live} is live, not {instead_of}.")


_PAUSED = Release.publishing_paused_by.is_not(None)


def _pause(session: Session, release_id: int, *, actor: str) -> None:
    paused = update(Release).values(
        publishing_paused_by=actor, publishing_paused_at=func.clock_timestamp()
    )
    session.execute(paused.where(Release.release_id == release_id))


def _record_action(
    session: Session,
    action: str,
    release_id: int,
    *,
    instead_of: int | None,
    actor: str,
    reason: str,
) -> None:
    session.add(
        Activation(
            action=action,
            release_id=release_id,
            instead_of=instead_of,
            actor=actor,
            reason=reason,
            acted_at=func.clock_timestamp(),
        )
    )
    session.flush()
