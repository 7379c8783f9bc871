"""The rows that the manifest's conditions keep, and findings on their share."""

import pyarrow.compute as pc

from jobs.ingestion.findings.finding import Finding, Rows
from warehouse.manifests.sources import Events, Files, Ratings


def kept(rows: Rows, section: Files) -> tuple[Rows, list[Finding]]:
    """Return the rows that are not dropped, and the share that `keep_if` keeps as a note.

    It is an error if no row is kept.
    """
    dropped = rows.checked.dropped
    if not dropped or not rows.table.num_rows:
        return rows, []
    is_kept = pc.invert(rows.checked.is_dropped)
    left = Rows(rows.dataset, rows.about, rows.table.filter(is_kept), rows.checked.of(is_kept))
    findings = []
    if "keep_if" in dropped:
        findings.append(_of_condition(rows, section, dropped["keep_if"].true_count))
    if "no_value" in dropped and isinstance(section, Ratings | Events):
        findings.append(_of_ratings(rows, section, dropped["no_value"].true_count))
    return left, findings


def _of_condition(rows: Rows, section: Files, n_dropped: int) -> Finding:
    share = 1 - n_dropped / rows.table.num_rows
    text = f"`keep_if` keeps {share:.1%} of the sampled rows of {section.file}"
    if share:
        return Finding("note", rows.about, text)
    return Finding("error", rows.about, f"{text}: {section.keep_if}. Correct the condition")


def _of_ratings(rows: Rows, section: Ratings | Events, n_dropped: int) -> Finding:
    share = n_dropped / rows.table.num_rows
    words = ", ".join(section.no_value)
    text = f'{share:.1%} of the sampled rows have no rating ("{words}") and are left out'
    if share < 1:
        return Finding("note", rows.about, text)
    return Finding("error", rows.about, f"{text}. Correct `no_value`")
