"""Findings on rows of items, categories and users."""

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.category_lists import with_json_lists
from jobs.ingestion.findings.finding import Finding, Rows
from warehouse.manifests.sources import Categories, Files, Items, Users

_LONGEST_TITLE = 1000
_MANY_CATEGORIES = 200
_TOO_MANY_CATEGORIES = 2000
_SOME = 0.02
_FEW = 0.005
_ENTITIES = r"&(amp|quot|lt|gt|#\d+|#x[0-9a-fA-F]+|[a-z]+(uml|acute|grave|cedil));"
_DECODED_TWICE = "[\u00c2\u00c3][\u0080-\u00bf]"  # UTF-8 that was read as Latin-1


def findings(rows: Rows, section: Files) -> list[Finding]:
    """Return the findings on the sampled rows that the section keeps."""
    match section:
        case Items():
            return _of_items(rows, section)
        case Categories():
            names = pc.unique(rows.texts(section.category))
            found = rows.ids(section.item) + rows.missing(section.category)
            return found + _n_categories(rows, len(names.drop_null()), None)
        case Users():
            found = rows.ids(section.user)
            return found + [x for name in section.attributes for x in _nul(rows, name)]
        case _:
            return []


def _of_items(rows: Rows, section: Items) -> list[Finding]:
    found = rows.ids(section.item) + _of_titles(rows, section.title)
    others = (section.vendor, section.categories, *section.attributes)
    found += [finding for name in others if name is not None for finding in _nul(rows, name)]
    if section.categories is not None:
        found += _of_categories(rows, section)
        share = _share_of_several(rows, section.item, section.categories)
        if share > _SOME:
            text = (
                f"{share:.0%} of the items have rows with different categories, and the last row "
                "counts. If each row has one category, name the file in `[categories]` instead"
            )
            found.append(Finding("warning", rows.about, text))
    return found


def _share_of_several(rows: Rows, item: str, categories: str) -> float:
    """Return the share of items whose rows have different categories."""
    table = pa.table({"item": rows.texts(item), "categories": rows.texts(categories)})
    counts = table.group_by("item").aggregate([("categories", "count_distinct")])
    n_several = pc.sum(pc.greater(counts["categories_count_distinct"], 1)).as_py() or 0
    return float(n_several / max(counts.num_rows, 1))


def _of_titles(rows: Rows, column: str) -> list[Finding]:
    texts = rows.texts(column)
    found = rows.missing(column) + _nul(rows, column)
    is_long = _true(pc.greater(pc.utf8_length(texts), _LONGEST_TITLE))
    problem = f"have more than {_LONGEST_TITLE:,} characters in `{column}`"
    hint = ". Is it the right column?"
    found += rows.share(is_long, problem, column=column, hint=hint)
    for pattern, problem, step in (
        (_ENTITIES, "HTML entities", "replace them before the file is sent"),
        (_DECODED_TWICE, "letters such as Ã", 'is `encoding = "utf-8"` right?'),
    ):
        marked = _true(pc.match_substring_regex(texts, pattern))
        share = (pc.sum(marked).as_py() or 0) / len(texts)
        if share > _FEW:
            example = rows.example(marked, column)
            text = f"{share:.1%} of the sampled titles have {problem}, {example}: {step}"
            found.append(Finding("warning", rows.about, text))
    return found


def _of_categories(rows: Rows, section: Items) -> list[Finding]:
    column = section.categories or ""
    sent = with_json_lists(rows.table[column].combine_chunks())
    names: set[str] = set()
    n_lists = 0
    for text in sent.drop_null().to_pylist():
        is_list = text.startswith("[")
        n_lists += is_list
        parts = _listed(text) if is_list else text.split(section.categories_separator)
        names.update(part.strip() for part in parts)
    separator = section.categories_separator if n_lists * 2 < len(sent) else None
    return _n_categories(rows, len(names - {""}), separator)


def _n_categories(rows: Rows, n_names: int, separator: str | None) -> list[Finding]:
    found = [Finding("note", rows.about, f"categories in the sample: {n_names:,}")]
    if n_names > _TOO_MANY_CATEGORIES:
        text = (
            f"{n_names:,} categories: too many to choose from, and most have too few items to "
            "learn from. Use a coarser column"
        )
        if separator is not None:
            text += f", or correct `categories_separator`, which is {separator!r}"
        found.append(Finding("warning", rows.about, text))
    elif n_names > _MANY_CATEGORIES and separator is not None:
        text = f"{n_names} categories: is {separator!r} their separator?"
        found.append(Finding("warning", rows.about, text))
    return found


def _listed(text: str) -> list[str]:
    try:
        values = orjson.loads(text)
    except orjson.JSONDecodeError:
        return [text]
    return [str(value) for value in values] if isinstance(values, list) else [text]


def _nul(rows: Rows, column: str) -> list[Finding]:
    return rows.nul(_true(pc.match_substring(rows.texts(column), "\0")), column)


def _true(condition: pa.BooleanArray) -> pa.BooleanArray:
    return pc.fill_null(condition, False)  # noqa: FBT003  # null: nothing to compare
