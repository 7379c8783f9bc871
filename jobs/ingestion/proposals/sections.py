"""The sections of a guessed manifest, and those that describe items, categories and users."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from jobs.ingestion.proposals import catalogues, offers
from jobs.ingestion.proposals.events import EventColumns
from jobs.ingestion.proposals.files.profiles import Profile
from jobs.ingestion.proposals.files.tables import SampledTable
from jobs.ingestion.proposals.guesses import Fields, Guess
from jobs.ingestion.proposals.words import names
from jobs.ingestion.proposals.words.patterns import SectionName

ENOUGH = 0.3  # share of the ids of events that a file of items or users has
_MOST = 0.5  # share of a column's values that are such ids
_USERS = ("user", "customer", "member")


@dataclass
class Draft:
    """The guessed sections of a manifest, and the files in no section, each with the reason."""

    sections: list[tuple[SectionName, SampledTable, Fields]] = field(default_factory=list)
    scale: Fields = field(default_factory=dict)
    display: Fields = field(default_factory=dict)
    floors: Fields = field(default_factory=dict)
    kinds: dict[str, Fields] = field(default_factory=dict)
    item_noun: Guess | None = None
    unused: dict[str, str] = field(default_factory=dict)


def add_catalogue(
    result: Draft, others: Sequence[SampledTable], of_events: Sequence[EventColumns]
) -> None:
    """Add the sections of items, categories and users, from those tables that are not of events."""
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
        fields = catalogues.items(table, ids)
        result.display = offers.display(table.profiles, fields.get("attributes"))
        result.sections.append(("items", *_named_items(table, fields)))
    else:
        _add_items_of_events(result, of_events)
    for table in rest:
        _add_users(result, table, user_ids, item_ids)


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
        if key[1] >= ENOUGH:
            ranked.append((score, table.file, table, key[0]))
    if not ranked:
        return None
    _, _, table, item = max(ranked, key=lambda entry: entry[:2])
    return table, item


def _key(table: SampledTable, ids: Sequence[Profile]) -> tuple[Profile, float] | None:
    """Return the column that has most of the ids, and the share of them that it has.

    Of columns with nearly the same share, one that is named like an item wins, then the first.
    """
    columns = catalogues.id_columns(table)
    shares = [max((other.share_in(column) for other in ids), default=0.0) for column in columns]
    if not columns:
        return None
    best = max(
        range(len(columns)),
        key=lambda number: (round(shares[number], 1), _names_item(columns[number]), -number),
    )
    return columns[best], shares[best]


def _names_item(column: Profile) -> bool:
    return "item" in names.roles(column.name)


def _is_of_users(table: SampledTable) -> bool:
    if any("user" in names.roles(column.name) for column in table.profiles):
        return True
    words = names.words(table.file.rsplit("/", 1)[-1])
    return not table.has_header and any(word.startswith(_USERS) for word in words)


def _add_users(
    result: Draft, table: SampledTable, user_ids: Sequence[Profile], item_ids: Sequence[Profile]
) -> None:
    has_users = any(name == "users" for name, _, _ in result.sections)
    first = table.profiles[0]
    by_content = not table.has_header and any(x.share_in(first) >= ENOUGH for x in user_ids)
    if has_users or not (_is_of_users(table) or by_content):
        result.unused[table.file] = _why_unused(table, user_ids, item_ids)
        return
    named = [column for column in table.profiles if "user" in names.roles(column.name)]
    user = named[0] if named else table.profiles[0]
    table, user = _with_names(table, user, "user")
    result.sections.append(("users", table, {**table.fields, **catalogues.users(table, user)}))


def _why_unused(
    table: SampledTable, user_ids: Sequence[Profile], item_ids: Sequence[Profile]
) -> str:
    """Return why the table has no section; columns may have ids under names that are not known."""
    item = _having_most(table.profiles, item_ids)
    others = [column for column in table.profiles if column is not item]
    user = _having_most(others, user_ids)
    if item is None or not item.repeats or user is None:
        return "no column has the items or users of the events"
    return (
        f"`{user.name}` has ids of users and `{item.name}` ids of items, by their values only. "
        "If its rows are events, describe it in `[[events]]`"
    )


def _having_most(columns: Sequence[Profile], ids: Sequence[Profile]) -> Profile | None:
    """Return the column that shares most values with ids; None if few of its values are ids."""
    shared = [
        (column.share_in(other) * other.share_in(column), column)
        for column in columns
        for other in ids
        if column.share_in(other) > _MOST
    ]
    return max(shared, key=lambda pair: pair[0])[1] if shared else None


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
