"""Decisions on rows in quarantine: each is one transaction with its entry in the audit."""

from datetime import UTC, datetime

from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from serving import tables
from serving.acts import audit
from serving.acts.audit import Transaction
from serving.errors import CheckNotReleasableError
from serving.schemas import RELEASABLE, Action, NewDecision, QuarantineDecision

_ACTIONS: dict[str, Action] = {"release": "release_rows", "reject": "reject_rows"}
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtext('decide ' || current_schema()))")


def decide(transaction: Transaction, new: NewDecision) -> QuarantineDecision:
    """Record a decision and return it. If the last one on the check is the same, return that.

    Raises:
        CheckNotReleasableError: no row can be accepted that fails the check.
    """
    landings = f"landing {new.landing_id}" if new.landing_id else "all landings"
    target = f"{new.target}, {new.check}, {landings}"
    with audit.act(transaction, _ACTIONS[new.decision], target, new.reason) as act:
        if new.decision == "release" and new.check not in RELEASABLE:
            raise CheckNotReleasableError(
                f"Rows that fail {new.check!r} cannot be accepted. Checks whose rows can: "
                f"{', '.join(RELEASABLE)}."
            )
        act.session.execute(_ONE_AT_A_TIME)  # so the order of times is that of the decisions
        until = min(max(new.landed_until, _EARLIEST), datetime.now(UTC))
        last = _last(act.session, new)
        if last is not None:
            act.before = last.model_dump(mode="json")
            if _is_same(last, new, until):
                act.after = act.before
                return last
        row = tables.QuarantineDecision(
            target=new.target,
            check_name=new.check,
            landing_id=new.landing_id,
            landed_until=until,
            decision=new.decision,
            decided_by=act.actor,
            reason=new.reason,
        )
        act.session.add(row)
        act.session.flush()
        act.session.refresh(row)
        decision = _decision(row)
        act.after = decision.model_dump(mode="json")
        return decision


def newest(connection: Connection, *, limit: int | None = None) -> list[QuarantineDecision]:
    """Return the decisions, newest first."""
    table = tables.QuarantineDecision
    newest_first = select(table).order_by(table.decided_at.desc(), table.decision_id)
    return [_decision(row) for row in Session(connection).scalars(newest_first.limit(limit))]


def _last(session: Session, new: NewDecision) -> QuarantineDecision | None:
    """Return the last decision on the same check, whatever its landings."""
    table = tables.QuarantineDecision
    of_check = select(table).where(table.target == new.target, table.check_name == new.check)
    row = session.scalars(of_check.order_by(table.decided_at.desc()).limit(1)).first()
    return None if row is None else _decision(row)


def _is_same(last: QuarantineDecision, new: NewDecision, until: datetime) -> bool:
    """Return whether the new decision would change nothing."""
    same = (last.decision, last.landing_id) == (new.decision, new.landing_id)
    return same and (new.landing_id is not None or last.landed_until >= until)


def _decision(row: tables.QuarantineDecision) -> QuarantineDecision:
    fields = [n for n in QuarantineDecision.model_fields if n != "check"]
    return QuarantineDecision.model_validate(
        {name: getattr(row, name) for name in fields} | {"check": row.check_name}
    )
