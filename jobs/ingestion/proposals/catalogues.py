"""Guess the columns of files of items, categories and users."""

from collections.abc import Sequence

from jobs.ingestion.proposals import formats, offers
from jobs.ingestion.proposals.files.profiles import Profile
from jobs.ingestion.proposals.files.tables import SampledTable
from jobs.ingestion.proposals.guesses import Fields, Guess
from jobs.ingestion.proposals.words import names

_YEAR_LAST = r"\((1[5-9]|20)\d{2}\)\s*$"
_ARTICLE_LAST = r", (The|A|An|Les|Le|La|Der|Die|Das|El|Il)( \(|$)"
_YEAR_FIRST = r"^\s*(1[5-9]|20)\d{2}\b"
_SEPARATORS = ("|", "; ", ";", ", ", ",", " / ", "/", ">")
_MAX_GROUPS = 30
_SOME, _MOST = 0.05, 0.5  # shares of a column's values


def items(table: SampledTable, item: Profile) -> Fields:
    """Return the fields of `[items]`; `item` is the column of ids."""
    others = [column for column in table.profiles if column is not item]
    fields: Fields = {"item": Guess(item.name)}
    title = _title(others)
    fields["title"] = Guess(item.name, "no column has titles") if title is None else _named(title)
    if title is not None and title.share_matching(_YEAR_LAST) > _MOST:
        fields["title_has_year"] = Guess(value=True, reason=f"such as {title.distinct[0]}")
    if title is not None and title.share_matching(_ARTICLE_LAST) > 0.02:  # noqa: PLR2004
        fields["title_has_article_last"] = Guess(value=True, reason='such as "Matrix, The"')
    others = [column for column in others if column is not title]
    fields |= _categories(others)
    for field, role in (("vendor", "vendor"), ("released", "released")):
        candidates = [column for column in others if role in names.roles(column.name)]
        if role == "released":
            candidates = [
                column for column in candidates if column.share_matching(_YEAR_FIRST) > _MOST
            ]
        if candidates:
            fields[field] = Guess(candidates[0].name, "by the name of the column")
    used = [guess.value for guess in fields.values()]
    return fields | _attributes([column for column in others if column.name not in used])


def categories(table: SampledTable, item: Profile) -> Fields | None:
    """Return the fields of `[categories]` if rows name one category of an item, else None."""
    others = [column for column in table.profiles if column is not item]
    if len(others) != 1 or (not item.repeats and "categories" not in names.roles(others[0].name)):
        return None
    if others[0].is_numeric or len(others[0].distinct) * 2 > len(others[0].filled):
        return None
    return {"item": Guess(item.name), "category": Guess(others[0].name)}


def users(table: SampledTable, user: Profile) -> Fields:
    """Return the fields of `[users]`; attributes are columns with few different values."""
    groups = [
        column.name
        for column in table.profiles
        if column is not user and 1 < len(column.distinct) <= _MAX_GROUPS
    ]
    reason = f"each has at most {_MAX_GROUPS} different values"
    fields: Fields = {"user": Guess(user.name)}
    return {**fields, "attributes": Guess(tuple(groups), reason)} if groups else fields


def id_columns(table: SampledTable) -> list[Profile]:
    """Return the columns that may have the ids of the table's rows, by name or position."""
    named = [
        column
        for column in table.profiles
        if names.plain(column.name).endswith(("id", "sku", "asin", "isbn", "code"))
        or "item" in names.roles(column.name)
    ]
    first = list(table.profiles[:1])
    candidates = named + [column for column in first if column not in named]
    return [
        column
        for column in candidates
        if not column.is_constant and (not column.is_numeric or column.is_whole)
    ]


def has_titles(table: SampledTable) -> bool:
    """Return whether a column has titles, by its name or its content."""
    return _title(list(table.profiles)) is not None


def _named(column: Profile) -> Guess:
    if column.name.startswith("column_"):
        return Guess(column.name, f"such as {column.distinct[0]}")
    certain = names.plain(column.name) in ("title", "name")
    return Guess(column.name, "" if certain else "by the name of the column")


def _title(columns: Sequence[Profile]) -> Profile | None:
    """Return the column of titles: by its name, else the first unnamed or descriptive text."""
    titles = [column for column in columns if "title" in names.roles(column.name)]
    exact = [column for column in titles if names.plain(column.name) != "label"]
    if exact:
        return exact[0]
    described = [
        column for column in columns if names.plain(column.name) in ("description", "summary")
    ]
    unnamed = [
        column for column in columns if column.name.startswith("column_") and _is_text(column)
    ]
    return next(iter([*unnamed, *described]), None)


def _is_text(column: Profile) -> bool:
    if column.is_numeric or column.time_format or column.share_matching("^https?://") > _SOME:
        return False
    return not column.repeats and column.share_matching(r"\S\s+\S") > 0.3  # noqa: PLR2004


def _categories(others: Sequence[Profile]) -> Fields:
    """Return the fields that name the columns of categories; none without such columns."""
    flags = [column for column in others if column.is_flag and len(column.distinct) == 2]  # noqa: PLR2004
    if len(flags) >= 5:  # noqa: PLR2004
        flags = [column for column in flags if "unknown" not in names.words(column.name)]
        named = {column.name: column.name for column in flags}
        return {"category_flags": Guess(named, "columns of 0 and 1")}
    candidates = [
        column
        for column in others
        if "categories" in names.roles(column.name) or _is_unnamed_list(column)
    ]
    if not candidates:
        return {}
    column = max(
        candidates, key=lambda column: names.plain(column.name).startswith(("categor", "genre"))
    )
    fields: Fields = {"categories": Guess(column.name)}
    separator = _separator(column)
    if separator not in (None, "|"):
        fields["categories_separator"] = Guess(
            str(separator), f"such as {_example(column, str(separator))}"
        )
    return fields


def _is_unnamed_list(column: Profile) -> bool:
    return column.name.startswith("column_") and column.share_matching(r"^[^|]+(\|[^|]+)+$") > _SOME


def _separator(column: Profile) -> str | None:
    """Return the text between two categories; None for lists as JSON and single categories."""
    if column.share_matching(r"^\s*(\[|c\(|\{)") > _MOST:
        return None
    texts = column.distinct[:2000].to_pylist()
    shares = {mark: sum(mark in text for text in texts) for mark in _SEPARATORS}
    best = max(shares, key=lambda mark: (shares[mark], len(mark)))
    if column.share_matching(r"^\w+(\.\w+)+$") > _MOST:
        return "."
    return best if shares[best] > _SOME * len(texts) else None


def _example(column: Profile, separator: str) -> str:
    texts = (str(text) for text in column.distinct.to_pylist())
    return next(text for text in texts if separator in text)[:60]


def _attributes(others: Sequence[Profile]) -> Fields:
    types = offers.types(others)
    for column in others:
        if "text" in names.roles(column.name):
            types.setdefault(column.name, "text")
    if not types:
        return {}
    types = {column.name: types[column.name] for column in others if column.name in types}
    written = [formats.marks(column) for column in others if types.get(column.name) == "number"]
    return {
        **next(filter(None, written), {}),
        "attributes": Guess(types, "by the names of the columns"),
    }
