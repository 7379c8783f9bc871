"""Guess which section of a manifest describes each file, and the fields of the sections."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from jobs.ingestion.proposals import catalogues, events, kinds, losses, scales
from jobs.ingestion.proposals.events import EventColumns
from jobs.ingestion.proposals.files.profiles import Profile
from jobs.ingestion.proposals.files.tables import SampledTable
from jobs.ingestion.proposals.guesses import Fields, Guess
from jobs.ingestion.proposals.words import names, nouns
from jobs.ingestion.proposals.words.patterns import SectionName, merged
from jobs.runtime.errors import JobError, NothingSentError

_ENOUGH = 0.3  # share of the ids of events that a file of items has
_USERS = ("user", "customer", "member")


class NoEventsError(JobError):
    """No file looks like one of events. Name the columns, or write the manifest by hand."""


@dataclass
class Draft:
    """The guessed sections of a manifest, and the files in no section, each with the reason."""

    sections: list[tuple[SectionName, SampledTable, Fields]] = field(default_factory=list)
    scale: Fields = field(default_factory=dict)
    floors: Fields = field(default_factory=dict)
    kinds: dict[str, Fields] = field(default_factory=dict)
    item_noun: Guess | None = None
    unused: dict[str, str] = field(default_factory=dict)


def draft(tables: Sequence[SampledTable], title: str = "") -> Draft:
    """Return the sections that the tables are guessed to be; `title` is that of the data set.

    Raises:
        NothingSentError: none of them has a row.
        NoEventsError: none of them has a user and an item per row.
    """
    result = Draft(unused=losses.unused(tables))
    if len(result.unused) == len(tables):
        listed = "; ".join(f"{file}: {reason}" for file, reason in result.unused.items())
        raise NothingSentError(f"no file has rows that can be read. {listed}")
    tables = [table for table in tables if table.profiles]
    item_ids = [x for t in tables if catalogues.has_titles(t) for x in catalogues.id_columns(t)]
    of_events = _events(tables, item_ids, result)
    if not of_events:
        listed_columns = "; ".join(
            f"{t.file} has {', '.join(column.name for column in t.profiles[:8])}" for t in tables
        )
        listed_columns += "".join(f"; {file}: {reason}" for file, reason in result.unused.items())
        raise NoEventsError(
            f"no file has a column of users beside one of items ({listed_columns}). Rename these "
            "columns to `user` and `item`, or write the manifest by hand as in docs/datasets.md"
        )
    for columns in of_events:
        _add_events(result, columns)
    others = [t for t in tables if t.file not in {x.table.file for x in of_events}]
    _add_catalogue(result, [t for t in others if t.file not in result.unused], of_events)
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


def _events(
    tables: Sequence[SampledTable], item_ids: list[Profile], result: Draft
) -> list[EventColumns]:
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
    return any(ids.share_in(first) > _ENOUGH and ids is not columns.user for ids in user_ids)


def _add_events(result: Draft, columns: EventColumns) -> None:
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


def _add_catalogue(
    result: Draft, others: Sequence[SampledTable], of_events: Sequence[EventColumns]
) -> None:
    item_ids = [columns.item for columns in of_events]
    user_ids = [columns.user for columns in of_events]
    rest = []
    for table in others:
        item = _key(table, item_ids)
        of_categories = None if item is None else catalogues.categories(table, item[0])
        if of_categories and "categories" not in {name for name, _, _ in result.sections}:
            result.sections.append(("categories", table, {**table.fields, **of_categories}))
        else:
            rest.append(table)
    best = _best_items(rest, item_ids)
    if best is not None:
        rest.remove(best[0])
        table, ids = _with_names(*best)
        result.sections.append(("items", *_named_items(table, catalogues.items(table, ids))))
    else:
        _add_items_of_events(result, of_events)
    for table in rest:
        _add_users(result, table, user_ids)


def _best_items(
    tables: Sequence[SampledTable], item_ids: Sequence[Profile]
) -> tuple[SampledTable, Profile] | None:
    """Return the table that most likely describes items, and its column of ids.

    It has most of the items in events, columns of known names, and titles.
    """
    ranked = []
    for table in tables:
        key = _key(table, item_ids)
        if key is None or (_is_of_users(table) and not catalogues.has_titles(table)):
            continue
        n_known = sum(bool(names.roles(column.name)) for column in table.profiles)
        score = key[1] + 0.1 * min(n_known, 5) + 0.3 * catalogues.has_titles(table)
        if key[1] >= _ENOUGH:
            ranked.append((score, table.file, table, key[0]))
    if not ranked:
        return None
    _, _, table, item = max(ranked, key=lambda entry: entry[:2])
    return table, item


def _key(table: SampledTable, ids: Sequence[Profile]) -> tuple[Profile, float] | None:
    """Return the column that has most of the ids, and the share of them that it has."""
    columns = catalogues.id_columns(table)
    shares = [max((other.share_in(column) for other in ids), default=0.0) for column in columns]
    if not columns:
        return None
    best = max(
        range(len(columns)), key=lambda at: (round(shares[at], 1), _names_item(columns[at]), -at)
    )
    return columns[best], shares[best]


def _names_item(column: Profile) -> bool:
    return "item" in names.roles(column.name)


def _is_of_users(table: SampledTable) -> bool:
    if any("user" in names.roles(column.name) for column in table.profiles):
        return True
    words = names.words(table.file.rsplit("/", 1)[-1])
    return not table.has_header and any(word.startswith(_USERS) for word in words)


def _add_users(result: Draft, table: SampledTable, user_ids: Sequence[Profile]) -> None:
    has_users = any(name == "users" for name, _, _ in result.sections)
    first = table.profiles[0]
    by_content = not table.has_header and any(x.share_in(first) >= _ENOUGH for x in user_ids)
    if has_users or not (_is_of_users(table) or by_content):
        result.unused[table.file] = "no column has the items or users of the events"
        return
    named = [column for column in table.profiles if "user" in names.roles(column.name)]
    user = named[0] if named else table.profiles[0]
    table, user = _with_names(table, user, "user")
    result.sections.append(("users", table, {**table.fields, **catalogues.users(table, user)}))


def _with_names(
    table: SampledTable, key: Profile, name: str = "item"
) -> tuple[SampledTable, Profile]:
    """Return the table and its key; without a header, under a name of its own."""
    if table.has_header:
        return table, key
    columns = [name if column is key else column.name for column in table.profiles]
    renamed = table.renamed(columns)
    return renamed, renamed.column(name)


def _named_items(table: SampledTable, fields: Fields) -> tuple[SampledTable, Fields]:
    """Return the table and its fields; columns of a file without a header get the fields' names."""
    if table.has_header:
        return table, {**table.fields, **fields}
    columns = ("title", "categories", "vendor", "released")
    new = {str(fields[name].value): name for name in columns if name in fields}
    renamed = table.renamed([new.get(column.name, column.name) for column in table.profiles])
    moved = {
        name: replace(guess, value=name) if name in columns else guess
        for name, guess in fields.items()
        if name not in ("item", "title")
    }
    return renamed, {**renamed.fields, **moved}


def _add_items_of_events(result: Draft, of_events: Sequence[EventColumns]) -> None:
    """Add `[items]` from files of events whose rows have the item's title, brand or price."""
    shape: list[str] | None = None
    for columns in of_events:
        names_of_columns = [column.name for column in columns.table.profiles]
        used = (columns.user, columns.time, columns.clock, columns.value, columns.kind)
        rest = [x for x in columns.table.profiles if x not in used and not _is_place(x)]
        fields = catalogues.items(replace(columns.table, profiles=tuple(rest)), columns.item)
        if fields["title"].value == columns.item.name and not fields.keys() - {"item", "title"}:
            continue
        if shape in (None, names_of_columns):
            shape = names_of_columns
            result.sections.append(("items", columns.table, {**columns.table.fields, **fields}))


def _is_place(column: Profile) -> bool:
    """Return whether the column says where an event was, not where the item is."""
    return bool({"city", "state", "country", "location"} & {*names.words(column.name)})
