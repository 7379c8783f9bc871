"""Guess the columns of a file of events: user, item, time, value, kind."""

import re
from dataclasses import dataclass, replace

from jobs.ingestion.proposals import formats, scales
from jobs.ingestion.proposals.files.profiles import Profile
from jobs.ingestion.proposals.files.tables import SampledTable
from jobs.ingestion.proposals.guesses import Fields, Guess
from jobs.ingestion.proposals.words import names
from jobs.ingestion.proposals.words.names import Role

MAX_KINDS = 30
_MAX_BLANK_SHARE = 0.02  # of the rows; above it, `keep_if` leaves out rows without a user
_UNNAMED = {"user": "user", "item": "item", "time": "time", "value": "value", "kind_column": "kind"}
_NO_TIME = "no column has times"


@dataclass(frozen=True)
class EventColumns:
    """The columns that a file of events has for each field of the manifest.

    `clock` has the time of day if `time` has days only. `by_content`: found by their values,
    without a header. `rated` are the texts in the column of kinds whose rows have a rating as
    value. `unused` is a column of values, left out because it is unknown which kinds are rated.
    """

    table: SampledTable
    user: Profile
    item: Profile
    time: Profile | None
    clock: Profile | None
    value: Profile | None
    kind: Profile | None
    by_content: bool
    rated: tuple[str, ...] = ()
    unused: Profile | None = None

    @property
    def is_rating(self) -> bool:
        """Whether the value is a rating on a scale."""
        return self.value is not None and self.kind is None and scales.is_scale(self.value)

    def fields(self) -> Fields:
        """Return the fields that name the columns; kinds and scale are elsewhere."""
        columns = {"user": self.user.name, "item": self.item.name}
        named = {field: Guess(name) for field, name in columns.items() if field != name}
        fields: Fields = {**named, **self._time_fields()}
        if self.value is not None and not self.value.is_constant:
            fields["value"] = Guess(self.value.name)
            if self.is_rating and self.value.name == "value":
                del fields["value"]
            fields |= formats.marks(self.value)
            if scales.zero_is_no_value(self.value):
                share = float((self.value.numbers == 0).mean())
                fields["no_value"] = Guess(("0",), f"{share:.0%} of the values are 0")
        return {**fields, **self._condition()}

    def _condition(self) -> Fields:
        """Return a `keep_if` that leaves out returned items and rows without a user."""
        parts, reasons = [], []
        value = self.value
        has_ratings = self.is_rating or bool(self.rated)
        if value is not None and not has_ratings and (value.numbers < 0).any():
            parts.append(f"{quoted(value.name)} > 0")
            reasons.append(
                f"{float((value.numbers < 0).mean()):.1%} of `{value.name}` are negative"
            )
        blank = 1 - len(self.user.filled) / max(len(self.user.texts), 1)
        if blank > _MAX_BLANK_SHARE:
            parts.append(f'{quoted(self.user.name)} != ""')
            reasons.append(f"{blank:.0%} of the rows have no `{self.user.name}`")
        return {"keep_if": Guess(" and ".join(parts), ", ".join(reasons))} if parts else {}

    def _time_fields(self) -> Fields:
        if self.time is None:
            return {"time": Guess(value=False, reason=_NO_TIME)}
        if self.clock is not None:
            return {
                "time": Guess((self.time.name, self.clock.name), "date and time of day"),
                "time_format": Guess("iso", f"such as {self.time.distinct[0]}"),
            }
        time_format = self.time.time_format or "iso"
        fields: Fields = {} if self.time.name == "time" else {"time": Guess(self.time.name)}
        if time_format != "seconds" or self.by_content:
            fields["time_format"] = Guess(time_format, formats.time_reason(self.time))
        return fields


def columns_of(table: SampledTable, item_ids: list[Profile]) -> EventColumns | None:
    """Return the columns if the table can be one of events, else None.

    `item_ids` are the columns of ids of the files that may be those of items.
    """
    if len(table.profiles) < 2:  # noqa: PLR2004  # a user and an item
        return None
    if not table.has_header:
        return _by_content(table, item_ids)
    user, item = _named(table, "user"), _named(table, "item", item_ids)
    if user is None or item is None or user is item:
        return None
    others = [column for column in table.profiles if column not in (user, item)]
    times = [column for column in others if "time" in names.roles(column.name)]
    time = next((column for column in times if column.time_format), None)
    if time is None:
        time = next((column for column in others if _is_time(column)), None)
    others = [column for column in others if column is not time]
    kinds = [column for column in others if "kind" in names.roles(column.name) and _is_kind(column)]
    kind = kinds[0] if kinds else None
    value = _value(others)
    rated = () if kind is None or value is None else scales.rated_kinds(kind, value)
    unused = value if kind is not None and value is not None and not rated else None
    return EventColumns(
        table, user, item, time, _clock(others, time), None if unused else value, kind,
        by_content=False, rated=rated, unused=unused,
    )  # fmt: skip


def quoted(column: str) -> str:
    """Return the column as a condition names it."""
    return column if re.fullmatch(r"[A-Za-z_]\w*", column) else f"`{column}`"


def named(columns: EventColumns) -> EventColumns:
    """Return the columns of a file without a header under the names of their fields."""
    table = columns.table
    if table.has_header:
        return columns
    by_field = {
        "user": columns.user, "item": columns.item, "time": columns.time,
        "value": columns.value, "kind_column": columns.kind,
    }  # fmt: skip
    new = {
        profile.name: _UNNAMED[field] for field, profile in by_field.items() if profile is not None
    }
    renamed = table.renamed([new.get(column.name, column.name) for column in table.profiles])
    by_name = {
        field: renamed.column(new[profile.name]) if profile is not None else None
        for field, profile in by_field.items()
    }
    user, item = by_name["user"], by_name["item"]
    if user is None or item is None:
        raise AssertionError(table.file)  # both are columns of the table
    return replace(
        columns, table=renamed, user=user, item=item, time=by_name["time"], value=by_name["value"],
        kind=by_name["kind_column"],
    )  # fmt: skip


def _by_content(table: SampledTable, item_ids: list[Profile]) -> EventColumns | None:
    """Return the columns of a table without a header, from their values; None if not of events."""
    rest = list(table.profiles)
    time = next((column for column in rest[1:] if _is_time_by_content(column)), None)
    rest = [column for column in rest if column is not time]
    kind = next((column for column in rest[1:] if _names_kinds(column)), None)
    rest = [column for column in rest if column is not kind]
    ids = [column for column in rest if _may_be_id(column)]
    if len(ids) > 2:  # noqa: PLR2004  # one may number the rows
        ids = [column for column in ids if column.repeats] or ids
    ids = ids[:2]
    if len(ids) < 2 or (not ids[0].repeats and not ids[1].repeats):  # noqa: PLR2004
        return None
    user, item = _ordered(ids[0], ids[1], item_ids)
    numeric = [column for column in rest if column not in ids and column.is_numeric]
    value = next((column for column in numeric if column.repeats), None)
    return EventColumns(table, user, item, time, None, value, kind, by_content=True)


def _ordered(first: Profile, second: Profile, item_ids: list[Profile]) -> tuple[Profile, Profile]:
    """Return the user's column and the item's: the first is the user's unless ids say otherwise."""
    first_share = max((first.share_in(ids) for ids in item_ids), default=0)
    second_share = max((second.share_in(ids) for ids in item_ids), default=0)
    if first.is_product_code and not second.is_product_code:
        return second, first
    return (second, first) if first_share > second_share + 0.2 else (first, second)


def _named(table: SampledTable, role: Role, ids: list[Profile] | None = None) -> Profile | None:
    """Return the column with this role: the best by name, then by values that are in `ids` too."""
    candidates = [column for column in table.profiles if role in names.roles(column.name)]
    if not candidates:
        return None

    def rank(column: Profile) -> tuple[bool, float, bool]:
        shared = max((column.share_in(other) for other in ids or []), default=0)
        is_first_choice = names.roles(column.name)[0] == role
        return is_first_choice, round(shared, 1), _is_id(column)

    return max(candidates, key=rank)


def _value(others: list[Profile]) -> Profile | None:
    """Return the column with a number per event, by its name."""
    numeric = [column for column in others if column.is_numeric]
    roles: tuple[Role, ...] = ("value", "number")
    for role in roles:
        named_so = [column for column in numeric if role in names.roles(column.name)]
        if named_so:
            return max(named_so, key=lambda column: names.is_exact(column.name, role))
    return None


def _clock(others: list[Profile], time: Profile | None) -> Profile | None:
    """Return the column with the time of day, if the column of times has days only."""
    if time is None or time.share_matching(r"^\d{4}-\d\d-\d\d$") <= 0.9:  # noqa: PLR2004
        return None
    named_so = [column for column in others if column.share_matching(r"^\d\d?:\d\d(:\d\d)?$") > 0.9]  # noqa: PLR2004
    return named_so[0] if named_so else None


def _is_iso(column: Profile) -> bool:
    return column.time_format == "iso" and column.share_matching(r"^\d{4}-?\d\d-?\d\d") > 0.9  # noqa: PLR2004


def _is_time(column: Profile) -> bool:
    """Return whether the values of a column whose name does not say so are times of events."""
    is_other = _is_id(column) or "released" in names.roles(column.name)
    return (column.is_number_of_time and not is_other) or _is_iso(column)


def _is_time_by_content(column: Profile) -> bool:
    is_date = not column.is_numeric and (column.time_format or "").startswith("%")
    return column.is_number_of_time or _is_iso(column) or is_date


def _is_id(column: Profile) -> bool:
    return bool({"id", "ids", "key", "code"} & {*names.words(column.name)}) or names.plain(
        column.name
    ).endswith("id")


def _may_be_id(column: Profile) -> bool:
    if column.is_constant or column.is_flag:
        return False
    return not column.is_numeric or column.is_whole


def _is_kind(column: Profile) -> bool:
    return not column.is_numeric and 0 < len(column.distinct) <= MAX_KINDS


def _names_kinds(column: Profile) -> bool:
    """Return whether at least half of the rows have a text that is known as a kind of event."""
    if not _is_kind(column):
        return False
    counts = column.filled.value_counts().to_pylist()
    n_known = sum(row["counts"] for row in counts if names.kind_of([row["values"]]))
    return bool(n_known * 2 >= len(column.filled))
