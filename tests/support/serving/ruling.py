"""Rules and stock as operators and products set them, on the engine of role `api`."""

from typing import Any

from sqlalchemy import Engine

from serving.rules import store
from serving.schemas import NewRules, RulesVersion, SlateRules


def let_hold(api: Engine, actor: str = "ada", reason: str = "a test", **own: Any) -> RulesVersion:
    """Let these rules hold, whichever held before."""
    asked = SlateRules.model_validate(own)
    with api.begin() as connection:
        now = store.live(connection).version
        new = NewRules(rules=asked, instead_of=now, reason=reason)
        return store.replace(connection, new, actor=actor)


def gone(api: Engine, *item_ids: str) -> int:
    """Say that the product does not have these; return of how many that is news."""
    with api.begin() as connection:
        return store.set_availability(connection, item_ids, available=False)


def back(api: Engine, *item_ids: str) -> int:
    """Say that the product has these again."""
    with api.begin() as connection:
        return store.set_availability(connection, item_ids, available=True)


def revision(api: Engine) -> int:
    """Return the revision that holds now."""
    with api.connect() as connection:
        return store.slate(connection)[0]
