"""Findings on rows of ratings and events: ids, kinds, contradictions."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion import samples
from jobs.ingestion.checks import event_checks
from jobs.ingestion.findings import of_times, of_values
from jobs.ingestion.findings.finding import FILE, Finding, Rows
from jobs.ingestion.listing import listed, shortened
from warehouse.manifests.kinds import RATE
from warehouse.manifests.sources import Events, Ratings


def findings(rows: Rows, section: Ratings | Events) -> list[Finding]:
    """Return the findings on the sampled rows that the section keeps."""
    findings = rows.ids(user=section.user, item=section.item)
    kinds = rows.checked.typed["kind"]
    is_rate = pc.fill_null(pc.equal(kinds, RATE), False)  # noqa: FBT003  # of unknown kinds
    if isinstance(section, Events):
        findings += _of_kinds(rows, section, kinds)
    findings += _header(rows, section)
    findings += of_values.findings(rows, section, kinds)
    findings += _contradictions(rows, section, is_rate)
    return findings + of_times.findings(rows, section)


def _header(rows: Rows, section: Ratings | Events) -> list[Finding]:
    """Return a warning if the first line of a file without a header names the columns."""
    first = rows.table.slice(0, 1)
    if section.format != "csv" or section.header or first[samples.LINE][0].as_py() != 1:
        return []
    columns = [name for name in (section.value, *section.time_columns[:1]) if name is not None]
    texts = [first[name][0].as_py() or "" for name in columns]
    if not texts or not all(re.fullmatch(r"\s*[A-Za-z_][\w .-]*", text) for text in texts):
        return []
    text = (
        f"{first[FILE][0].as_py()} line 1 looks like a header. Write `header = true` and the names "
        "of its columns, or `skip_lines = 1`"
    )
    return [Finding("warning", rows.about, text)]


def _of_kinds(rows: Rows, section: Events, kinds: pa.StringArray) -> list[Finding]:
    """Return the kinds with their counts, and those that the manifest does not name."""
    valid = {*rows.dataset.kinds, *((RATE,) if rows.dataset.has_scale else ())}
    counts = {entry["values"]: entry["counts"] for entry in kinds.value_counts().to_pylist()}
    ordered = sorted(counts, key=lambda kind: (-counts[kind], str(kind)))
    counted = listed(
        [f"{shortened(kind or 'none')} {counts[kind]:,}" for kind in ordered], most=20, longest=200
    )
    findings = [Finding("note", rows.about, f"kinds in {section.file}: {counted}")]
    if section.kind_column is None:
        return findings
    unknown = [kind for kind in ordered if kind not in valid]
    texts = [f"{shortened(kind or 'no kind')} {counts[kind]:,}" for kind in unknown]
    example = shortened(next(iter(filter(None, unknown)), "view"))
    hint = (
        f". They are {listed(texts, most=10, longest=200)}. Name each in `kinds`, or as a section "
        f"such as `[kinds.{example}]`, or leave them out with `keep_if`"
    )
    column = section.kind_column
    is_unknown = rows.failed(event_checks.KIND_UNKNOWN)
    problem = f"have a kind in `{column}` that `[kinds]` does not have"
    return findings + rows.share(is_unknown, problem, hint=hint)


def _contradictions(
    rows: Rows, section: Ratings | Events, is_rate: pa.BooleanArray
) -> list[Finding]:
    """Return a warning if users gave different ratings to an item at one instant."""
    if not section.time_columns or section.value is None:
        return []
    table = pa.table(
        {
            "user": rows.texts(section.user),
            "item": rows.texts(section.item),
            "time": rows.checked.typed["occurred_at"],
            "rating": rows.checked.typed["number"],
            "row": pa.array(range(rows.table.num_rows)),
        }
    ).filter(is_rate)
    groups = table.group_by(["user", "item", "time"]).aggregate(
        [("rating", "count_distinct"), ("rating", "count"), ("row", "min")]
    )
    several = groups.filter(pc.greater(groups["rating_count_distinct"], 1))
    if not several.num_rows:
        return []
    share = (pc.sum(several["rating_count"]).as_py() or 0) / rows.table.num_rows
    first = pc.is_in(
        pa.array(range(rows.table.num_rows)), value_set=several["row_min"].combine_chunks()
    )
    text = (
        f"{share:.1%} of the sampled rows contradict another: one user gave one item different "
        f"ratings at the same time, {rows.example(first)}. One of them is used; send times "
        "with seconds or fractions of seconds"
    )
    return [Finding("warning", rows.about, text)]
