"""A fit becomes a release: its lists are copied, checked and made live in one transaction.

It fails as a whole or succeeds as a whole; readers see the old release or the new one, never an
empty or a mixed one. Afterwards releases beyond the last few are deleted.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from serving.errors import IncompleteReleaseError, LiveReleaseChangedError, PublishingPausedError
from serving.publishing import loading, releases, retention
from serving.publishing.loading import Loaded
from serving.storage.database import LISTS
from serving.tables import FallbackList, Release

log = logging.getLogger(__name__)

Tables = Mapping[str, Iterable[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a fit says of itself, before it is a release.

    `about` are the fields of `serving.schemas.About`; categories and count of items are taken from
    the items themselves. `counts` are the rows that each table must have, by table.
    """

    retrain_id: str
    verdict: str
    recipe: str
    recipe_json: dict[str, Any]
    constants: dict[str, Any]
    about: dict[str, Any]
    counts: dict[str, int]


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
    """Make a fit's lists live, and return the release's id. A published fit changes nothing.

    Args:
        engine: of the data set, as role `publisher`.
        candidate: what is published.
        tables: record batches of recommendations, profiles, item_factors, similar_items,
            fallback_lists and items, with the columns of the lake's tables; others are ignored.
        actor: the run's key, or a person's name.
        reason: one sentence for whoever reads the history.
        instead_of: what was live when the retrain was decided; None before the first release.
        keep: so many ready releases stay, and the live one.

    Raises:
        PublishingPausedError: an operator paused publishing.
        LiveReleaseChangedError: another release went live meanwhile.
        IncompleteReleaseError: rows are missing, broken, or show an item without a title.
    """
    with Session(engine) as session, session.begin():
        release_id = _known(session, candidate.retrain_id)
        if release_id is None:
            _may_go_live(session, instead_of)  # before the work, and again after it
            release_id = _load(session, candidate, tables)
            releases.take_turn(session)
            _may_go_live(session, instead_of)
            who = {"actor": actor, "reason": reason}
            releases.activate(session, release_id, instead_of=instead_of, action="publish", **who)
    log.info("published fit=%s release=%d", candidate.retrain_id, release_id)
    retention.keep_newest(engine, keep)
    return release_id


def _known(session: Session, retrain_id: str) -> int | None:
    """Wait for other publishers of this data set; return the fit's release, if it has one."""
    session.execute(text("select pg_advisory_xact_lock(hashtext('load ' || current_schema()))"))
    return session.scalar(select(Release.release_id).where(Release.retrain_id == retrain_id))


def _may_go_live(session: Session, instead_of: int | None) -> None:
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
    )
    session.add(release)
    session.flush()
    release_id = release.release_id
    loaded = Loaded()
    loading.copy_items(session, tables.get("items", ()), loaded)
    for table in LISTS:
        loading.copy_lists(session, table, tables.get(table, ()), release_id, loaded)
    _refuse_what_is_incomplete(session, candidate, release_id, loaded)
    loading.leave_out_forgotten(session, release_id)
    loading.put_about(session, candidate.about)
    _mark_ready(session, release_id, loaded)
    return release_id


def _refuse_what_is_incomplete(
    session: Session, candidate: Candidate, release_id: int, loaded: Loaded
) -> None:
    wrong = {
        table: (loaded.counts.get(table, 0), n)
        for table, n in candidate.counts.items()
        if loaded.counts.get(table, 0) != n
    }
    if wrong:
        differences = ", ".join(f"{t}: {found} of {n}" for t, (found, n) in wrong.items())
        raise IncompleteReleaseError(f"fit {candidate.retrain_id}: {differences} rows; fit again")
    if missing := loading.without_title(session, loaded.shown):
        raise IncompleteReleaseError(
            f"fit {candidate.retrain_id}: lists show items without a title, such as "
            f"{', '.join(missing)}; land the items' file, then fit again"
        )
    if session.get(FallbackList, (release_id, "")) is None:
        raise IncompleteReleaseError(
            f"fit {candidate.retrain_id}: no fallback list for everybody; fit again"
        )


def _mark_ready(session: Session, release_id: int, loaded: Loaded) -> None:
    for table in (*LISTS, "items"):
        session.execute(text(f"analyze {table}"))
    checksum = loading.checksum(session, release_id)
    ready = update(Release).where(Release.release_id == release_id)
    session.execute(
        ready.values(counts=loaded.counts, checksum=checksum, ready_at=func.clock_timestamp())
    )
