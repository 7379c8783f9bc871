"""Find the rows of erased users in a table, and say by which conditions they can be deleted."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import pyarrow as pa

from jobs.erasure.digests import ErasedUsers
from jobs.ingestion.checks.row_checks import MALFORMED
from warehouse.maintenance import erasure
from warehouse.query import Lake
from warehouse.tables import SILVER_QUARANTINE, TABLES, Table

ValueT = TypeVar("ValueT")
USER_ID: Final = "user_id"
# All tables with rows of users; the quarantine has ids only in the text of its rows.
USER_TABLES: Final = (
    *(table for table in TABLES if USER_ID in table.names),
    SILVER_QUARANTINE,
)
TARGETS_OF_USERS: Final = ("ratings", "events", "users", "feedback")  # rows of these name a user
DELETED_AT_ONCE: Final = 5000  # ids, or rows of the quarantine, that one commit deletes


@dataclass(frozen=True, slots=True)
class Match:
    """Rows to delete in one commit: an SQL condition, and their number by digest of the user."""

    condition: str
    n_rows: Mapping[str, int]


def matches(lake: Lake, table: Table, users: ErasedUsers) -> Iterator[Match]:
    """Yield what to delete so that the newest version of the table has no erased user.

    That is their rows, and lines that could not be split into fields: these may name any user.
    """
    if table == SILVER_QUARANTINE:
        yield from _in_quarantine(lake, users)
        return
    yield from _by_id(lake, table, users)
    if "raw" in table.names:
        yield Match("raw IS NOT NULL", {})


def former_users(lake: Lake, table: Table, users: ErasedUsers) -> set[str]:
    """Return the digests of the erased users that only old files or the log of the table have."""
    in_quarantine = table == SILVER_QUARANTINE
    column = "sent" if in_quarantine else USER_ID
    digests: set[str | None] = set()
    for texts in erasure.former_values(lake.root, table, column):
        for text in pa.array(texts).unique().drop_null().to_pylist():
            user_id = _user_of(text) if in_quarantine else text
            if user_id is not None:
                digests |= {users.find(user_id), users.find(user_id, as_sent=True)}
    return {digest for digest in digests if digest is not None}


def _by_id(lake: Lake, table: Table, users: ErasedUsers) -> Iterator[Match]:
    """Yield the rows whose column `user_id` has an erased user."""
    n_rows: Counter[str] = Counter()  # by user id, as the table writes it
    digests: dict[str, str] = {}
    for batch in lake.batches(table, columns=[USER_ID]):
        counts = batch[USER_ID].value_counts()
        user_ids, numbers = (field.to_pylist() for field in counts.flatten())
        for user_id, n in zip(user_ids, numbers, strict=True):
            if user_id is None:
                continue
            digest = users.find(user_id, as_sent="raw" in table.names)
            if digest is not None:
                digests[user_id] = digest
                n_rows[user_id] += n
    for user_ids in _parts(sorted(digests)):
        by_digest: Counter[str] = Counter()
        for user_id in user_ids:
            by_digest[digests[user_id]] += n_rows[user_id]
        yield Match(erasure.any_of(USER_ID, user_ids), by_digest)


def _in_quarantine(lake: Lake, users: ErasedUsers) -> Iterator[Match]:
    """Yield the rows of the quarantine that name an erased user or could not be split."""
    columns = ["target", "sent", "failed_checks", *SILVER_QUARANTINE.key]
    digest_of_row: dict[tuple[str, str, int], str | None] = {}
    for batch in lake.batches(
        SILVER_QUARANTINE, columns=columns, equals={"target": TARGETS_OF_USERS}
    ):
        for row in batch.to_pylist():
            user_id = _user_of(row["sent"])
            digest = user_id and users.find(user_id, as_sent=row["target"] != "feedback")
            if digest or MALFORMED in row["failed_checks"]:
                key = (row["landing_id"], row["source_file"], row["source_line"])
                digest_of_row[key] = digest or None
    for keys in _parts(sorted(digest_of_row)):
        counts = Counter(digest_of_row[key] for key in keys)
        n_rows = {digest: n for digest, n in counts.items() if digest is not None}
        yield Match(_condition(keys), n_rows)


def _condition(keys: Iterable[tuple[str, str, int]]) -> str:
    """Return the condition of rows with these keys: landing, file, line."""
    lines = defaultdict[tuple[str, str], list[int]](list)
    for landing_id, file, line in keys:
        lines[landing_id, file].append(line)
    terms = []
    for (landing_id, file), numbers_of_lines in lines.items():
        is_of_landing = erasure.any_of("landing_id", [landing_id])
        numbers = ", ".join(map(str, numbers_of_lines))
        terms.append(
            f"({is_of_landing} AND {erasure.any_of('source_file', [file])}"
            f" AND source_line IN ({numbers}))"
        )
    return " OR ".join(terms)


def _parts(values: Sequence[ValueT]) -> Iterator[Sequence[ValueT]]:
    """Yield the values in parts of at most `DELETED_AT_ONCE`."""
    starts = range(0, len(values), DELETED_AT_ONCE)
    return (values[start : start + DELETED_AT_ONCE] for start in starts)


def _user_of(sent: str) -> str | None:
    """Return the user's id in a row of the quarantine, if it can be read."""
    try:
        row = json.loads(sent)
    except ValueError:
        return None
    user_id = row.get(USER_ID) if isinstance(row, dict) else None
    return user_id if isinstance(user_id, str) else None
