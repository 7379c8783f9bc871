"""The audit of acts: each act and its entry are one transaction; a refusal has an entry too.

An entry names no erased user: its target is a digest.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, func, or_, select
from sqlalchemy.orm import Session

from serving import tables
from serving.errors import ApiError
from serving.schemas import Action, AuditEntry, AuditPage

State = dict[str, Any]


class Actor(Protocol):
    """Who acts, and the connection in which they do."""

    @property
    def connection(self) -> Connection:
        """The transaction of the act."""

    @property
    def name(self) -> str:
        """The name for the audit."""


Transaction = Callable[[], AbstractContextManager[Actor]]


@dataclass(slots=True)
class Act:
    """One act while it happens. The block that performs it sets `before` and `after`."""

    actor: str
    action: Action
    target: str
    reason: str
    session: Session = field(repr=False)
    before: State | None = None
    after: State | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries: those that match everything that is not None. `until` is excluded.

    `text` is looked for in actor, target and reason; case is ignored.
    """

    action: Action | None = None
    actor: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@contextmanager
def act(transaction: Transaction, action: Action, target: str, reason: str) -> Iterator[Act]:
    """Yield an act in a transaction, and record it there.

    If the block is refused with an ApiError, its transaction is rolled back and the refusal is
    recorded in another one.
    """
    begun: Act | None = None
    try:
        with transaction() as actor:
            begun = Act(actor.name, action, target, reason, session(actor))
            yield begun
            record(begun.session, begun)
    except ApiError as error:
        if begun is not None:
            with transaction() as actor:
                record(session(actor), begun, problem=error.code)
        raise


def session(actor: Actor) -> Session:
    """Return a session in the actor's transaction."""
    return Session(actor.connection)


def record(session: Session, act: Act, *, problem: str | None = None) -> None:
    """Write the entry of an act; `problem` is the code of the error that refused it."""
    entry = tables.AuditEntry(
        actor=act.actor,
        action=act.action,
        target=act.target,
        reason=act.reason,
        outcome="done" if problem is None else "refused",
        problem=problem,
        before=act.before,
        after=None if problem else act.after,
    )
    session.add(entry)
    session.flush()


def page(session: Session, chosen: Filter, *, limit: int, offset: int = 0) -> AuditPage:
    """Return a page of the entries that match, newest first."""
    entry = tables.AuditEntry
    conditions: list[ColumnElement[bool]] = []
    if chosen.action is not None:
        conditions.append(entry.action == chosen.action)
    if chosen.actor is not None:
        conditions.append(entry.actor == chosen.actor)
    if chosen.text:
        fields = (entry.actor, entry.target, entry.reason)
        conditions.append(or_(*(field.icontains(chosen.text, autoescape=True) for field in fields)))
    if chosen.since is not None:
        conditions.append(entry.acted_at >= chosen.since)
    if chosen.until is not None:
        conditions.append(entry.acted_at < chosen.until)
    newest_first = select(entry).where(*conditions).order_by(entry.audit_id.desc())
    rows = session.scalars(newest_first.limit(limit).offset(offset))
    return AuditPage(
        entries=tuple(AuditEntry.model_validate(row, from_attributes=True) for row in rows),
        total=session.scalar(select(func.count()).select_from(entry).where(*conditions)) or 0,
        limit=limit,
        offset=offset,
    )
