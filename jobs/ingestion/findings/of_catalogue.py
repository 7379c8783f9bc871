"""Findings on rows of items, categories and users."""

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.checks import text_checks
from jobs.ingestion.findings.finding import Finding, Rows
from jobs.ingestion.interpreting.category_lists import with_json_lists
from warehouse.manifests.sources import Categories, Files, Items, Users

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
            findings = rows.ids(item=section.item)
            findings += rows.missing("category_missing", section.category)
            findings += rows.texts_with_nul(section.category) + rows.long_texts(section.category)
            return findings + _n_categories(rows, len(names.drop_null()), None)
        case Users():
            findings = rows.ids(user=section.user) + rows.texts_with_nul(*section.attributes)
            return findings + [x for name in section.attributes for x in rows.long_texts(name)]
        case _:
            return []


def _of_items(rows: Rows, section: Items) -> list[Finding]:
    findings = rows.ids(item=section.item) + _of_titles(rows, section.title)
    others = (section.vendor, section.released, *section.attributes)
    findings += rows.texts_with_nul(*filter(None, others))
    if section.vendor is not None:
        findings += rows.long_texts(section.vendor)
    findings += _of_unread(rows, section)
    if section.categories is not None:
        findings += _odd_categories(rows, section.categories, section.categories_separator)
        findings += _of_categories(rows, section)
        share = _share_of_several(rows, section.item, section.categories)
        if share > _SOME:
            text = (
                f"{share:.0%} of the items have rows with different categories, and the last row "
                "counts. If each row has one category, name the file in `[categories]` instead"
            )
            findings.append(Finding("warning", rows.about, text))
    return findings


def _of_unread(rows: Rows, section: Items) -> list[Finding]:
    """Return a warning for each column with texts that are not of its type, and are left out."""
    findings = []
    for column, unread in rows.checked.unread.items():
        if not unread.true_count:
            continue
        type_name = section.attributes.get(column, "year")
        text = (
            f"{unread.true_count / rows.table.num_rows:.1%} of the sampled rows have no "
            f"{type_name} in `{column}`, {rows.example(unread, column)}: these items are kept "
            "without the value. Correct the values, or the column's type in the manifest"
        )
        findings.append(Finding("warning", rows.about, text))
    return findings


def _odd_categories(rows: Rows, column: str, separator: str) -> list[Finding]:
    """Return findings on categories with NUL, and on those that are too long for an index."""
    sent = with_json_lists(rows.sent(column))
    with_nul = text_checks.has_category_with_nul(sent, separator)
    problem, hint = f"have a NUL character in `{column}`", ". Remove it from the file"
    findings = rows.share(with_nul, problem, column=column, hint=hint)
    are_long = text_checks.has_long_category(sent, separator)
    problem = f"have a category of more than {text_checks.MAX_TEXT_BYTES:,} bytes in `{column}`"
    hint = f". Is {separator!r} right as `categories_separator`?"
    return findings + rows.share(are_long, problem, column=column, hint=hint)


def _share_of_several(rows: Rows, item: str, categories: str) -> float:
    """Return the share of items whose rows have different categories."""
    table = pa.table({"item": rows.texts(item), "categories": rows.texts(categories)})
    counts = table.group_by("item").aggregate([("categories", "count_distinct")])
    n_several = pc.sum(pc.greater(counts["categories_count_distinct"], 1)).as_py() or 0
    return float(n_several / max(counts.num_rows, 1))


def _of_titles(rows: Rows, column: str) -> list[Finding]:
    texts = rows.texts(column)
    findings = rows.texts_with_nul(column) + rows.long_texts(column)
    if texts.null_count:
        share = texts.null_count / len(texts)
        example = rows.example(pc.is_null(texts))
        text = f"{share:.1%} of the sampled rows have no `{column}`, {example}: pages show the id"
        findings.append(Finding("warning", rows.about, text))
    for pattern, problem, step in (
        (_ENTITIES, "HTML entities", "replace them before the file is sent"),
        (_DECODED_TWICE, "letters such as Ã", 'is `encoding = "utf-8"` right?'),
    ):
        marked = text_checks.false_if_null(pc.match_substring_regex(texts, pattern))
        share = (pc.sum(marked).as_py() or 0) / len(texts)
        if share > _FEW:
            example = rows.example(marked, column)
            text = f"{share:.1%} of the sampled titles have {problem}, {example}: {step}"
            findings.append(Finding("warning", rows.about, text))
    return findings


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
    findings = [Finding("note", rows.about, f"categories in the sample: {n_names:,}")]
    if n_names > _TOO_MANY_CATEGORIES:
        text = (
            f"{n_names:,} categories: too many to choose from, and most have too few items to "
            "learn from. Use a coarser column"
        )
        if separator is not None:
            text += f", or correct `categories_separator`, which is {separator!r}"
        findings.append(Finding("warning", rows.about, text))
    elif n_names > _MANY_CATEGORIES and separator is not None:
        text = f"{n_names} categories: is {separator!r} right as `categories_separator`?"
        findings.append(Finding("warning", rows.about, text))
    return findings


def _listed(text: str) -> list[str]:
    try:
        values = orjson.loads(text)
    except orjson.JSONDecodeError:
        return [text]
    return [str(value) for value in values] if isinstance(values, list) else [text]
