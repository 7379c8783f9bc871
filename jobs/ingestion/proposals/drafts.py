"""Guess which section of a manifest describes each file, and the fields of the sections."""

from collections.abc import Mapping, Sequence

from jobs.ingestion.listing import listed
from jobs.ingestion.proposals import catalogues, events, kinds, losses, scales
from jobs.ingestion.proposals.events import EventColumns
from jobs.ingestion.proposals.files.profiles import Profile
from jobs.ingestion.proposals.files.tables import SampledTable
from jobs.ingestion.proposals.sections import ENOUGH, Draft, add_catalogue
from jobs.ingestion.proposals.words import names, nouns
from jobs.ingestion.proposals.words.patterns import merged
from jobs.runtime.errors import JobError, NothingSentError


class NoEventsError(JobError):
    """No file looks like one of events. Name the columns, or write the manifest by hand."""


def draft(tables: Sequence[SampledTable], title: str = "") -> Draft:
    """Return the sections that the tables are guessed to be; `title` is that of the data set.

    Raises:
        NothingSentError: none of them has a row.
        NoEventsError: none of them has a user and an item per row.
    """
    result = Draft(unused=losses.unused(tables))
    if len(result.unused) == len(tables):
        raise NothingSentError(f"no file has rows that can be read. {_reasons(result.unused)}")
    tables = [table for table in tables if table.profiles]
    item_ids = [
        column
        for table in tables
        if catalogues.has_titles(table)
        for column in catalogues.id_columns(table)
    ]
    of_events = _events(tables, item_ids, result)
    if not of_events:
        raise _no_events(tables, result.unused)
    for columns in of_events:
        _add_events(result, columns)
    used = {columns.table.file for columns in of_events} | result.unused.keys()
    add_catalogue(result, [table for table in tables if table.file not in used], of_events)
    catalogue = [(table, fields) for name, table, fields in result.sections if name == "items"]
    result.item_noun = nouns.item_noun(
        [
            title,
            *(columns.item.name for columns in of_events),
            *(str(fields["title"].value) for _, fields in catalogue if "title" in fields),
            *(table.file for table, _ in catalogue),
            *(columns.table.file for columns in of_events),
        ]
    )
    result.sections = merged(result.sections)
    result.floors = losses.floors([table for _, table, _ in result.sections])
    return result


def _reasons(unused: Mapping[str, str]) -> str:
    reasons = [f"{file}: {reason}" for file, reason in unused.items()]
    return listed(reasons, longest=1000, separator="; ")


def _no_events(tables: Sequence[SampledTable], unused: Mapping[str, str]) -> NoEventsError:
    """Return the error with the columns of each table, and the files without a table."""
    of_tables = [
        f"{table.file} has {listed([column.name for column in table.profiles[:8]])}"
        for table in tables
    ]
    listed_columns = listed(of_tables, longest=1000, separator="; ")
    listed_columns += f"; {_reasons(unused)}" if unused else ""
    return NoEventsError(
        f"no file has a column of users beside one of items ({listed_columns}). Rename these "
        "columns to `user` and `item`, or write the manifest by hand as in docs/datasets.md"
    )


def _events(
    tables: Sequence[SampledTable], item_ids: list[Profile], result: Draft
) -> list[EventColumns]:
    """Return the columns of the tables of events.

    `item_ids` are columns that may have the ids of items. Files about pairs of users are noted in
    `result.unused`.
    """
    candidates = []
    for table in tables:
        if names.SOCIAL.search(table.file.rsplit("/", 1)[-1]):
            result.unused[table.file] = "its name says that it relates users to users"
            continue
        if table.has_header or not catalogues.has_titles(table):
            columns = events.columns_of(table, item_ids)
            if columns is not None:
                candidates.append(events.named(columns))
    user_ids = [columns.user for columns in candidates if columns.user.repeats]
    return [columns for columns in candidates if not _describes_users(columns, user_ids)]


def _describes_users(columns: EventColumns, user_ids: Sequence[Profile]) -> bool:
    """Return whether a table without a header has one row for each user of other tables."""
    first = columns.table.profiles[0]
    if columns.table.has_header or first.repeats:
        return False
    return any(ids.share_in(first) > ENOUGH and ids is not columns.user for ids in user_ids)


def _add_events(result: Draft, columns: EventColumns) -> None:
    """Add the section of a table of ratings or events, its scale and its kinds."""
    fields = {**columns.table.fields, **columns.fields()}
    if columns.is_rating and not result.scale and columns.value is not None:
        result.scale = scales.scale(columns.value)
        result.sections.append(("ratings", columns.table, fields))
        return
    if (
        columns.rated
        and not result.scale
        and columns.kind is not None
        and columns.value is not None
    ):
        result.scale = scales.scale(scales.ratings(columns.kind, columns.value, columns.rated))
    kind_fields, of_kinds = kinds.kinds(columns)
    result.sections.append(("events", columns.table, {**fields, **kind_fields}))
    for name, kind in of_kinds.items():
        result.kinds.setdefault(name, {}).update(kind)
