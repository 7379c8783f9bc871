"""How many sampled rows pass the checks, go to the quarantine, and are left out."""

from collections.abc import Sequence

from jobs.ingestion.checks.row_checks import MALFORMED, are_too_many
from jobs.ingestion.findings.finding import Finding, Rows


def findings(rows: Rows, n_files: int, n_malformed: int, notes: Sequence[str]) -> list[Finding]:
    """Return the counts as a note, and an error if `refine` would stop.

    `rows` are those of a section that were split into fields, `n_malformed` were not; `notes` are
    the reader's sentences on them.
    """
    n_rows = n_malformed + rows.table.num_rows
    n_dropped = rows.checked.is_dropped.true_count
    n_failed = n_malformed + rows.checked.has_failed.true_count
    counts = {MALFORMED: n_malformed}
    counts |= {name: mask.true_count for name, mask in rows.checked.failed.items()}
    named = ", ".join(f"{name} {n:,}" for name, n in counts.items() if n)
    text = (
        f"files: {n_files}, sampled rows: {n_rows:,}; {n_rows - n_failed - n_dropped:,} pass the "
        f"checks, {n_failed:,} go to the quarantine{f' ({named})' if named else ''}, "
        f"{n_dropped:,} are left out"
    )
    findings = [Finding("note", rows.about, text)]
    findings += _of_malformed(rows, n_malformed, n_rows, notes)
    if are_too_many(n_failed, n_rows - n_dropped, rows.dataset):
        allowed = rows.dataset.floors.max_quarantine_share
        share = n_failed / (n_rows - n_dropped)
        text = (
            f"{share:.1%} of the sampled rows fail a check, {allowed:.1%} are allowed "
            f"(`max_quarantine_share`): {named}. Correct the manifest or the files"
        )
        findings.append(Finding("error", rows.about, text))
    return findings


def _of_malformed(rows: Rows, n_malformed: int, n_rows: int, notes: Sequence[str]) -> list[Finding]:
    if not n_malformed:
        return [Finding("warning", rows.about, note) for note in notes]
    text = f"{n_malformed / n_rows:.1%} of the sampled rows cannot be split into fields"
    is_error = are_too_many(n_malformed, n_rows, rows.dataset)
    return [Finding("error" if is_error else "warning", rows.about, ". ".join([text, *notes]))]
