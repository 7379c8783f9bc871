"""Publish a fit as a release: load, validate and activate its lists in one transaction.

Readers see the old release or the new one, never an empty or mixed one. Old releases are deleted
afterwards.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from faults import faultpoint
from serving import schemas
from serving.acts import audit
from serving.acts.audit import Act
from serving.errors import IncompleteReleaseError, LiveReleaseChangedError, PublishingPausedError
from serving.publishing import items, loading, releases, retention
from serving.publishing.loading import Loaded
from serving.storage import database
from serving.tables import LISTS, FallbackList, Release
from serving.users import erasures, undone_times

log = logging.getLogger(__name__)

Tables = Mapping[str, Iterable[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """The description of a fit that is to be published.

    `about` has the fields of `serving.schemas.About` except `categories` and `n_items`, which are
    computed from the items. Where it lacks `kinds` or attributes, the data set has none. `counts`
    has the expected number of rows by table; up to `n_erased` fewer are accepted, as so many users
    were erased since the fit. `withdraws`: this release withdraws the items that are not sent,
    except those that the product changed later than every item sent. `outbox_until`: the fit has
    learned the events that earlier transactions wrote into the outbox. `users_until`: it has
    learned the changes of users that earlier transactions wrote.
    """

    retrain_id: str
    verdict: str
    recipe: str
    recipe_json: dict[str, Any]
    constants: dict[str, Any]
    about: dict[str, Any]
    counts: dict[str, int]
    n_erased: int = 0
    withdraws: bool = False
    outbox_until: int | None = None
    users_until: int | None = None


def publish(
    engine: Engine,
    candidate: Candidate,
    tables: Tables,
    *,
    actor: str,
    reason: str,
    instead_of: int | None,
    keep: int = 5,
) -> int:
    """Publish a fit and return the release's id.

    If the fit was published before, it is not published again; its release, live or not, is
    returned.

    Args:
        engine: of the data set, as role `publisher`.
        candidate: the fit.
        tables: record batches of recommendations, profiles, item_factors, content_weights,
            similar_items, taken_together, fallback_lists and items, as the lake has them; other
            columns are ignored.
        actor: the run's key, or an operator's name.
        reason: one sentence for the history.
        instead_of: the release that was live when the retrain began; None: none was live.
        keep: number of newest ready releases to keep; the live one is always kept.

    Raises:
        PublishingPausedError: an operator paused publishing.
        LiveReleaseChangedError: another release has gone live.
        IncompleteReleaseError: rows are missing or invalid, or a listed item is withdrawn
            or has no title.
    """
    with Session(engine) as session, session.begin():
        release_id = _published(session, candidate.retrain_id)
        if release_id is None:
            _must_be_publishable(session, instead_of)  # before loading, and again after it
            n_erased = erasures.count(session)
            release_id = _load(session, candidate, tables)
            faultpoint("publish.after_copy")
            releases.lock_live_release(session)
            _must_be_publishable(session, instead_of)
            loading.write_about(session, candidate.about)  # a rollback writes it under this lock
            _leave_out_the_newly_erased(session, release_id, n_erased)
            undone_times.add_learned(session, release_id)
            releases.activate(
                session,
                release_id,
                instead_of=instead_of,
                actor=actor,
                reason=reason,
                action="publish",
            )
            _record(session, release_id, instead_of=instead_of, actor=actor, reason=reason)
            faultpoint("publish.before_commit")
    faultpoint("publish.after_commit")
    log.info("published fit=%s release=%d", candidate.retrain_id, release_id)
    retention.keep_newest(engine, keep)
    return release_id


def _record(
    session: Session, release_id: int, *, instead_of: int | None, actor: str, reason: str
) -> None:
    act = Act(actor, "publish", f"release {release_id}", reason, session)
    act.before = schemas.LiveState(live_release=instead_of).model_dump(mode="json")
    act.after = releases.live_state(session).model_dump(mode="json")
    audit.record(session, act)


def _published(session: Session, retrain_id: str) -> int | None:
    """Wait for the data set's other publishers; return the fit's release, live or not, or None."""
    lock = database.publication_lock("current_schema()")
    session.execute(text(f"select pg_advisory_xact_lock({lock})"))
    return session.scalar(select(Release.release_id).where(Release.retrain_id == retrain_id))


def _must_be_publishable(session: Session, instead_of: int | None) -> None:
    live = releases.live(session)
    if live is not None and live.publishing_paused_by is not None:
        raise PublishingPausedError(
            f"{live.publishing_paused_by} paused publishing: release {live.release_id} stays live. "
            "Run `lantern resume`, then publish again."
        )
    now_live = None if live is None else live.release_id
    if now_live != instead_of:
        raise LiveReleaseChangedError(
            f"release {now_live} is live, not {instead_of}: nothing was published. Retrain again."
        )


def _load(session: Session, candidate: Candidate, tables: Tables) -> int:
    release = Release(
        retrain_id=candidate.retrain_id,
        verdict=candidate.verdict,
        recipe=candidate.recipe,
        recipe_json=candidate.recipe_json,
        constants=candidate.constants,
        counts={},
        outbox_until=candidate.outbox_until,
        users_until=candidate.users_until,
    )
    session.add(release)
    session.flush()
    release_id = release.release_id
    loaded = Loaded()
    types = candidate.about.get("attributes", {})
    loaded.counts["items"] = items.stage(session, tables.get("items", ()), types=types)
    for table in LISTS:
        loading.copy_lists(session, table, tables.get(table, ()), release_id, loaded)
    _refuse_if_incomplete(session, candidate, release_id, loaded)
    loading.delete_erased(session, release_id)
    _mark_ready(session, release_id, loaded)
    items.merge(session, release_id, withdraws=candidate.withdraws)
    _refuse_without_titles(session, candidate, release_id, loaded)
    return release_id


def _refuse_if_incomplete(
    session: Session, candidate: Candidate, release_id: int, loaded: Loaded
) -> None:
    differences = [
        f"{table}: {n_loaded} of {n_expected}"
        for table, n_expected in candidate.counts.items()
        if not 0 <= n_expected - (n_loaded := loaded.counts.get(table, 0)) <= candidate.n_erased
    ]
    if differences:
        raise IncompleteReleaseError(
            f"fit {candidate.retrain_id}: {', '.join(differences)} rows; fit again"
        )
    if session.get(FallbackList, (release_id, "")) is None:
        raise IncompleteReleaseError(
            f"fit {candidate.retrain_id}: the fallback list of all users is missing; fit again"
        )


def _refuse_without_titles(
    session: Session, candidate: Candidate, release_id: int, loaded: Loaded
) -> None:
    if missing := items.without_title(session, loaded.listed, release_id):
        raise IncompleteReleaseError(
            f"fit {candidate.retrain_id}: lists have items without a title, such as "
            f"{', '.join(missing)}; land the items' file, then fit again"
        )


def _leave_out_the_newly_erased(session: Session, release_id: int, n_erased: int) -> None:
    """Delete the rows of users erased while the release was loaded; hold up further erasures.

    Before it was loaded, `n_erased` users were erased.
    """
    erasures.hold_up(session)
    if erasures.count(session) > n_erased and loading.delete_erased(session, release_id):
        checksum = loading.checksum(session, release_id)
        of_release = update(Release).where(Release.release_id == release_id)
        session.execute(of_release.values(checksum=checksum))


def _mark_ready(session: Session, release_id: int, loaded: Loaded) -> None:
    for table in LISTS:
        session.execute(text(f"analyze {table}"))
    checksum = loading.checksum(session, release_id)
    ready = update(Release).where(Release.release_id == release_id)
    session.execute(
        ready.values(counts=loaded.counts, checksum=checksum, ready_at=func.clock_timestamp())
    )
