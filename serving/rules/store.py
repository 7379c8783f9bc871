"""The slate rules of a data set: which hold, who made them, and what is in stock.

The row of `slate` is what readers look at: its revision grows with everything that changes lists,
so a process knows by one number whether what it holds is still so. Writers lock it, one at a time;
readers never wait for them.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from serving.errors import RulesChangedError
from serving.rules.slate import Slate
from serving.schemas import NewRules, RulesVersion, SlateRules

# What a row of `items` beside the row of `slate` must fulfil to be on any list.
ALLOWED = """(
    items.item_id <> all (slate.hide) and not (
        slate.only_available
        and exists (select from unavailable_items as gone where gone.item_id = items.item_id)
    )
)"""

_NEWEST = text("select * from rules order by version desc limit :limit")
_HELD = text("select revision, version from slate")
_RULES = text("select rules from rules where version = :version")
_NOT_TO_BE_HAD = text("select item_id from unavailable_items")
_PINNED = text(
    "select item_id, title, categories, vendor, released from items where item_id = any (:item_ids)"
)
_TURN = text("select version from slate for update")
_ADD = text(
    """
    insert into rules (version, rules, actor, reason)
    values (:version, cast(:rules as jsonb), :actor, :reason) returning *
    """
)
_HOLD = text(
    """
    update slate set revision = revision + 1, version = :version, plain = :plain,
        hide = cast(:hide as text[]), only_available = :only_available
    """
)
# Stock has a table of its own: a publication locks rows of `items` for as long as it lasts.
_GONE = text(
    """
    insert into unavailable_items (item_id)
    select item_id from items where item_id = any (:item_ids) on conflict do nothing
    """
)
_BACK = text("delete from unavailable_items where item_id = any (:item_ids)")
_STOCK_CHANGED = text("update slate set revision = revision + 1 where only_available")


def live(connection: Connection) -> RulesVersion:
    """Return the rules that hold; version 0, and none, if nobody ever made any."""
    return next(iter(history(connection, limit=1)), RulesVersion(version=0, rules=SlateRules()))


def history(connection: Connection, *, limit: int) -> list[RulesVersion]:
    """Return the versions of the rules, newest first."""
    rows = connection.execute(_NEWEST, {"limit": limit}).mappings()
    return [RulesVersion.model_validate(dict(row)) for row in rows]


def replace(connection: Connection, new: NewRules, *, actor: str) -> RulesVersion:
    """Let these rules hold from the commit on, and return them as the new version.

    Raises:
        RulesChangedError: the rules that hold are not those that the caller saw.
    """
    version = connection.scalar(_TURN)
    if version != new.instead_of:
        raise RulesChangedError(f"Version {version} holds, not {new.instead_of}.")
    row = {
        "version": version + 1,
        "rules": new.rules.model_dump_json(),
        "actor": actor,
        "reason": new.reason,
    }
    written = connection.execute(_ADD, row).mappings().one()
    holds = {
        "version": version + 1,
        "plain": new.rules.is_plain,
        "hide": list(new.rules.hide),
        "only_available": new.rules.only_available,
    }
    connection.execute(_HOLD, holds)
    return RulesVersion.model_validate(dict(written))


def set_availability(connection: Connection, item_ids: Sequence[str], *, available: bool) -> int:
    """Note which items the product has, or has not; return of how many that is news.

    What the catalogue does not have is passed over.
    """
    connection.execute(_TURN)
    noted = _BACK if available else _GONE
    changed = connection.execute(noted, {"item_ids": [*item_ids]}).rowcount
    if changed:
        connection.execute(_STOCK_CHANGED)
    return changed


def slate(connection: Connection) -> tuple[int, Slate]:
    """Return the revision that holds now, and its slate."""
    revision, version = connection.execute(_HELD).one()
    if version == 0:
        return revision, Slate()
    found = SlateRules.model_validate(connection.scalar(_RULES, {"version": version}))
    return revision, compiled(connection, found, version=version)


def compiled(connection: Connection, rules: SlateRules, *, version: int = 0) -> Slate:
    """Return the rules with what they need of the catalogue as it is now."""
    missing = connection.scalars(_NOT_TO_BE_HAD) if rules.only_available else ()
    barred = frozenset({*rules.hide, *missing})
    ranks = {pin.item_id: pin.rank for pin in rules.pin if pin.item_id not in barred}
    if not ranks:
        return Slate(version, rules, barred)
    found = connection.execute(_PINNED, {"item_ids": list(ranks)}).mappings()
    return Slate(version, rules, barred, {ranks[row["item_id"]]: dict(row) for row in found})
