"""The rows that `keep_if` keeps, and a finding on their share."""

import pyarrow.compute as pc

from jobs.ingestion import conditions
from jobs.ingestion.findings.finding import Finding, Rows
from warehouse.manifests.sources import Files


def kept(rows: Rows, section: Files) -> tuple[Rows, list[Finding]]:
    """Return the rows that the section keeps, and the share as a note, or an error if none is."""
    if section.keep_if is None or not rows.table.num_rows:
        return rows, []
    columns = {name: rows.table[name].combine_chunks() for name in conditions.columns(section)}
    is_kept = conditions.kept(columns, section, rows.table.num_rows)
    share = (pc.sum(is_kept).as_py() or 0) / rows.table.num_rows
    text = f"`keep_if` keeps {share:.1%} of the sampled rows of {section.file}"
    finding = Finding("note", rows.about, text)
    if not share:
        text += f": {section.keep_if}. Correct the condition"
        finding = Finding("error", rows.about, text)
    return Rows(rows.dataset, rows.about, rows.table.filter(is_kept)), [finding]
