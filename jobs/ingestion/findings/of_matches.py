"""Findings on ids: whether the items and users of events are in the files of items and users."""

import re
from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.findings.finding import About, Finding, shown

_EXAMPLES = 3


def unknown(
    used: Sequence[pa.StringArray], listed: Sequence[pa.StringArray], *, of: About, noun: str
) -> list[Finding]:
    """Return a finding with the share of ids of events that are in no file of items (or users).

    If no item matches, it is an error, because no item could be recommended.
    """
    none = pa.array([], pa.string())
    ids = pc.unique(pa.concat_arrays([none, *(array.drop_null() for array in used)]))
    listed_ids = pa.concat_arrays([none, *(array.drop_null() for array in listed)])
    if not len(ids) or not len(listed_ids):
        return []
    absent = ids.filter(pc.invert(pc.is_in(ids, value_set=listed_ids)))
    if not len(absent):
        return []
    share = len(absent) / len(ids)
    examples = ", ".join(map(shown, absent[:_EXAMPLES].to_pylist()))
    text = f"{share:.1%} of the {noun}s in the events are in no file of {noun}s, such as {examples}"
    if len(absent) < len(ids):
        text += f". Add them to the files of {noun}s, or correct the ids"
        return [Finding("warning", of, text)]
    text += (
        f"; the files of {noun}s have {', '.join(map(shown, listed_ids[:_EXAMPLES].to_pylist()))}"
    )
    hint = _hint(absent, listed_ids)
    return [Finding("error" if of == "items" else "warning", of, f"{text}. {hint}")]


def separate(ids: Mapping[str, Sequence[pa.StringArray]]) -> list[Finding]:
    """Return a warning for each section of events that has nothing in common with the others.

    `ids` has the users and the items of each section, by the name of its files.
    """
    apart = [
        file for file, of_file in ids.items() if not _share_any(of_file, _others(ids, besides=file))
    ]
    first, *rest = ids or [""]
    return [
        Finding(
            "warning",
            "events",
            f"{file} has no user and no item of the other files of events, such as "
            f"{next(other for other in ids if other != file)}. If they are of two products, put "
            "the files of each into a folder of its own, and write a manifest for each: "
            "`lantern datasets propose FOLDER` does it",
        )
        for file in apart
        if rest and (file != first or len(apart) < len(ids))
    ]


def _others(
    ids: Mapping[str, Sequence[pa.StringArray]], *, besides: str
) -> list[tuple[pa.StringArray, ...]]:
    """Return the users of all other sections, and their items."""
    return list(zip(*(of_file for file, of_file in ids.items() if file != besides), strict=True))


def _share_any(ids: Sequence[pa.StringArray], others: Sequence[Sequence[pa.StringArray]]) -> bool:
    """Return whether a user is among the other users, or an item among the other items."""
    return any(
        pc.any(pc.is_in(own.drop_null(), value_set=pa.concat_arrays(arrays).drop_null())).as_py()
        for own, arrays in zip(ids, others, strict=False)
    )


def _hint(absent: pa.StringArray, listed: pa.StringArray) -> str:
    """Return what makes the ids equal, if something simple does."""
    listed_ids = {*listed.to_pylist()}
    ways: dict[str, Callable[[str], str]] = {
        "They differ in zeros at the beginning": lambda text: text.lstrip("0"),
        "They differ in capital letters": lambda text: text.casefold(),
        "They differ in spaces or punctuation": lambda text: re.sub(r"\W", "", text),
        "They differ in `.0` at the end": lambda text: text.removesuffix(".0"),
    }
    for sentence, plain in ways.items():
        if {plain(text) for text in absent.to_pylist()} & {plain(text) for text in listed_ids}:
            return f"{sentence}. Export both columns in the same way"
    return "Is `item` the same column in both files?"
