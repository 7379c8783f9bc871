"""Guess the kinds of events: those in a column, with their counts, or one for a file."""

import re
from pathlib import PurePath

from jobs.ingestion.proposals.events import MAX_KINDS, EventColumns, quoted
from jobs.ingestion.proposals.files.profiles import Profile
from jobs.ingestion.proposals.guesses import Fields, Guess
from jobs.ingestion.proposals.words import names
from warehouse.manifests.kinds import RATE, RESERVED

_PLAYED = re.compile(r"artist|song|track|album|music|game|video", re.IGNORECASE)
_TAKES_BACK = (
    "remove", "delete", "unlike", "dislike", "cancel", "return", "hide", "unrate", "not",
)  # fmt: skip
_WEIGHT_REASON = "how strongly one event speaks for an item, relative to other kinds"


def kinds(columns: EventColumns) -> tuple[Fields, dict[str, Fields]]:
    """Return the fields of `[[events]]` on kinds, and the fields of each `[kinds.NAME]`."""
    if columns.kind is not None:
        return _in_column(columns, columns.kind)
    value = columns.value if columns.value is not None and not columns.value.is_constant else None
    stem = PurePath(columns.table.file).name.split(".")[0]
    used = _used(columns)
    rest = [column for column in columns.table.profiles if column.name not in used]
    value_names = [columns.value.name] if columns.value is not None else []
    by_name = names.kind_of([stem, *value_names, *(column.name for column in rest)])
    kind, weight, source = by_name or ("interaction", 1, "")
    if value is not None and by_name is None and (played := _PLAYED.search(stem)):
        kind, source = "play", played[0]
    reason = f"from `{source}`" if source else "no name says what users did"
    reason += "".join(
        f"; `{column.name}` has {len(column.distinct):,} different texts, too many for kinds"
        for column in rest
        if _names_too_many(column)
    )
    fields: Fields = {"weight": Guess(weight, _WEIGHT_REASON)}
    if value is not None:
        meaning = names.meaning(value.name)
        if meaning == "share" and value.numbers.max() > 1:
            meaning = "amount"
        fields["value"] = Guess(meaning, _span(value))
    return {"kind": Guess(kind, reason)}, {kind: fields}


def _used(columns: EventColumns) -> set[str]:
    """Return the names of the columns whose role is known, without that of the value."""
    with_a_role = (columns.user, columns.item, columns.time, columns.clock)
    return {column.name for column in with_a_role if column is not None}


def _span(value: Profile) -> str:
    return f"from {value.numbers.min():g} to {value.numbers.max():g}"


def _names_too_many(column: Profile) -> bool:
    """Return whether a column has a name like one of kinds, but too many different texts."""
    has_many = not column.is_numeric and len(column.distinct) > MAX_KINDS
    return has_many and names.roles(column.name)[:1] == ["kind"]


def _in_column(columns: EventColumns, column: Profile) -> tuple[Fields, dict[str, Fields]]:
    """Return the fields that `kinds` returns for a column of kinds."""
    counts = {row["values"]: row["counts"] for row in column.filled.value_counts().to_pylist()}
    ordered = sorted(counts, key=lambda text: -counts[text])
    meant = [text for text in ordered if not text.startswith("$")]
    mapped: dict[str, str] = {}
    of_kinds: dict[str, Fields] = {}
    for text in meant:
        if text in columns.rated:
            mapped |= {text: RATE} if text != RATE else {}
            continue
        by_name = names.kind_of([text]) if not _takes_back(text) else None
        kind, weight = (
            (by_name[0], by_name[1]) if by_name else (_usable(text), 0 if _takes_back(text) else 1)
        )
        if kind != text:
            mapped[text] = kind
        of_kinds.setdefault(kind, {"weight": Guess(weight, f"{counts[text]} rows in the sample")})
    listed = ", ".join(f"{text} {counts[text]}" for text in ordered)
    reason = f"it has {listed}"
    if columns.unused is not None:
        name = columns.unused.name
        reason += f'; `{name}` is not used: if all kinds have it, write `value = "{name}"`'
    fields: Fields = {"kind_column": Guess(column.name, reason)}
    if mapped:
        fields["kinds"] = Guess(mapped, "the kind that each text in the column stands for")
    if len(meant) < len(ordered):
        texts = ", ".join(f'"{text}"' for text in meant)
        condition = f"{quoted(column.name)} in ({texts}{',' if len(meant) == 1 else ''})"
        fields["keep_if"] = Guess(condition, "texts that begin with $ are commands, not events")
    return fields, of_kinds


def _takes_back(text: str) -> bool:
    return any(word in _TAKES_BACK for word in names.words(text))


def _usable(text: str) -> str:
    """Return the text in small letters, digits and _; with an ending if the name is reserved."""
    kind = re.sub(r"\W+", "_", text.lower()).strip("_") or "event"
    return f"{kind}_action" if kind in (RATE, *RESERVED) else kind
