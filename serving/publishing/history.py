"""The history of releases, deleted ones included. Callers own the transaction."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from serving import schemas, tables
from serving.publishing import releases
from serving.schemas import PastRelease

_GOES_LIVE = frozenset({"publish", "activate", "roll_back"})


def newest(session: Session, *, limit: int, offset: int = 0) -> list[PastRelease]:
    """Return completely loaded releases, newest first, each with all acts on it."""
    release = tables.Release
    rows = session.scalars(
        select(release)
        .where(release.ready_at.is_not(None))
        .order_by(release.release_id.desc())
        .limit(limit)
        .offset(offset)
    ).all()
    activation = tables.Activation
    acts = session.scalars(select(activation).order_by(activation.activation_id)).all()
    until = _live_until(acts)
    by_release = defaultdict[int, list[schemas.Activation]](list)
    for act in reversed(acts):
        shown = schemas.Activation.model_validate(act, from_attributes=True)
        by_release[act.release_id].append(shown)
    pointer = session.scalar(select(tables.LivePointer))
    return [_past(row, pointer, until.get(row.release_id), by_release) for row in rows]


def _live_until(acts: Iterable[tables.Activation]) -> dict[int, datetime]:
    """Return when each release last ceased to be live, without the live one."""
    went_live = [act for act in acts if act.action in _GOES_LIVE]
    ended = {before.release_id: after.acted_at for before, after in pairwise(went_live)}
    if went_live:
        ended.pop(went_live[-1].release_id, None)
    return ended


def _past(
    row: tables.Release,
    pointer: tables.LivePointer | None,
    live_until: datetime | None,
    acts: dict[int, list[schemas.Activation]],
) -> PastRelease:
    is_live = pointer is not None and pointer.release_id == row.release_id
    return PastRelease(
        **releases.described(row),
        live=is_live,
        live_since=pointer.since if is_live and pointer is not None else None,
        kept=row.retired_at is None,
        live_until=live_until,
        activations=tuple(acts[row.release_id]),
    )
