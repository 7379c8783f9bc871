"""Findings on the times of events, and on the order of events without times."""

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion import samples
from jobs.ingestion.findings.finding import Finding, Rows
from warehouse.manifests.sources import Events, Ratings

_FIRST_YEAR = 1980  # earlier times are probably in another unit
_MANY_USERS = 10


def findings(rows: Rows, section: Ratings | Events) -> list[Finding]:
    """Return the findings on the times of the section's rows."""
    if not section.time_columns:
        return _without_times(rows, section)
    texts = samples.joined_times(section, rows.table)
    times = rows.checked.typed["occurred_at"]
    unreadable = rows.failed("time_not_readable")
    hint = samples.time_hint(texts.filter(unreadable), section)
    column = section.time_columns[0]
    problem = f"have no readable time ({section.time_format})"
    step = hint or ". Correct the file or `time_format`"
    findings = rows.share(unreadable, problem, column=column, hint=step)
    hint = samples.time_hint(texts, section)
    step = hint or ". Correct the file or `time_format`"
    in_future = rows.failed("time_in_future")
    findings += rows.share(in_future, "are in the future", column=column, hint=step)
    if times.null_count == len(times):
        return findings
    first, last = pc.min(times).as_py(), pc.max(times).as_py()
    span = f"times from {first:%Y-%m-%d} to {last:%Y-%m-%d} UTC"
    findings.append(Finding("note", rows.about, span))
    if last.year < _FIRST_YEAR:
        question = hint.removeprefix(". ") or f"is `time_format` really {section.time_format!r}?"
        findings.append(Finding("warning", rows.about, f"{span}: {question}"))
    return findings


def _without_times(rows: Rows, section: Ratings | Events) -> list[Finding]:
    split = rows.dataset.windows.without_time
    note = {
        "random": "no times: models are evaluated on rows drawn at random",
        "file_order": "no times: rows are ordered as in the file",
    }[split]
    findings = [Finding("note", rows.about, note)]
    if split == "file_order" and _is_sorted_by_user(rows.texts(section.user)):
        text = (
            "the rows are sorted by user, so all users of the last rows are new, and no model can "
            'be evaluated. Write `without_time = "random"` in `[windows]`'
        )
        findings.append(Finding("warning", rows.about, text))
    return findings


def _is_sorted_by_user(users: pa.StringArray) -> bool:
    """Return whether the rows of each user follow one another."""
    n_users = int(pc.count_distinct(users).as_py())
    n_runs = len(pc.run_end_encode(users).values)
    return n_users >= _MANY_USERS and n_runs <= n_users + 1 and len(users) > n_users
