"""Acts on slate rules, API keys and users: each is one transaction with its entry in the audit."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from serving.acts import audit
from serving.acts.audit import Act, Transaction
from serving.errors import RequestRefusedError, UnknownKeyError
from serving.rules import store
from serving.schemas import ApiKey, CreatedApiKey, Erasure, KeyScope, NewRules, RulesVersion
from serving.storage import keys
from serving.storage.keys import KnownKey
from serving.users import accounts, erasures, shown_lists

_AT_ONCE = 50  # users whom one transaction erases, in a fraction of a second


def replace_rules(transaction: Transaction, new: NewRules) -> RulesVersion:
    """Replace the slate rules and return them as the new version.

    Raises:
        RulesChangedError: the active rules are not the version that the caller saw.
        RequestRefusedError: see `store.replace`.
    """
    with audit.act(transaction, "change_rules", "rules", new.reason) as act:
        connection = act.session.connection()
        act.before = _rules(store.active(connection))
        version = store.replace(connection, new, actor=act.actor)
        act.after = _rules(version)
        return version


def create_key(
    transaction: Transaction, name: str, scopes: Sequence[KeyScope], *, reason: str
) -> CreatedApiKey:
    """Return a new key. It replaces a key of the same name.

    Raises:
        RequestRefusedError: the name is reserved.
    """
    with audit.act(transaction, "create_key", f"key {name}", reason) as act:
        if name == keys.DEMO:
            raise RequestRefusedError(f"body.name: {name!r} is reserved for the app's own key.")
        replaced = keys.named(act.session, name)
        act.before = None if replaced is None else _key(replaced).model_dump(mode="json")
        key = keys.create(act.session, name, {*scopes})
        created = keys.named(act.session, name)
        if created is None:
            raise AssertionError
        act.after = _key(created).model_dump(mode="json")
        return CreatedApiKey(key=key, **_key(created).model_dump())


def revoke_key(transaction: Transaction, name: str, *, reason: str) -> ApiKey:
    """Delete the key with this name, and return what it was.

    Raises:
        UnknownKeyError: there is no such key.
    """
    with audit.act(transaction, "revoke_key", f"key {name}", reason) as act:
        key = keys.named(act.session, name)
        if key is None:
            names = ", ".join(key.name for key in keys.list_all(act.session)) or "none"
            raise UnknownKeyError(f"There is no key {name!r}. Keys: {names}.")
        act.before = _key(key).model_dump(mode="json")
        keys.revoke(act.session, name)
        return _key(key)


def all_keys(transaction: Transaction) -> list[ApiKey]:
    """Return the data set's keys by name."""
    with transaction() as actor:
        return [_key(key) for key in keys.list_all(audit.session(actor))]


def erase(transaction: Transaction, user_ids: Collection[str], *, reason: str) -> list[Erasure]:
    """Erase users; the audit has an entry with a digest for each.

    Each transaction erases `_AT_ONCE` users, because writers wait for it. If one fails, those
    before it are done, and the whole call can be repeated.
    """
    ordered = sorted({*user_ids})  # two requests cannot deadlock
    receipts = []
    for start in range(0, len(ordered), _AT_ONCE):
        with transaction() as actor:
            for user_id in ordered[start : start + _AT_ONCE]:
                shown_lists.delete(actor.connection, user_id)  # before the first erasure's locks
            for user_id in ordered[start : start + _AT_ONCE]:
                erasure = accounts.erase(actor.connection, user_id, requested_by=actor.name)
                record_erasure(actor.connection, user_id, erasure, actor=actor.name, reason=reason)
                receipts.append(erasure)
    return receipts


def record_erasure(
    connection: Connection, user_id: str, erasure: Erasure, *, actor: str, reason: str = ""
) -> None:
    """Record an erasure, in its transaction, with the digest that the list of erasures has."""
    target = f"user {erasures.digest(connection, user_id)}"
    act = Act(actor, "erase", target, reason, Session(connection))
    act.after = {"n_events": erasure.n_events}
    audit.record(act.session, act)


def _rules(version: RulesVersion) -> dict[str, object]:
    return version.model_dump(mode="json", include={"version", "rules"})


def _key(key: KnownKey) -> ApiKey:
    return ApiKey.model_validate(
        {"name": key.name, "scopes": sorted(key.scopes), "created_at": key.created_at}
    )
