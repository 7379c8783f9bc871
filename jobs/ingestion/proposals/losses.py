"""What a manifest leaves out: files that cannot be read, and rows that cannot be split."""

import math
from collections.abc import Sequence

from jobs.ingestion.proposals.files.tables import SampledTable
from jobs.ingestion.proposals.guesses import Fields, Guess
from jobs.ingestion.reading import compression
from warehouse.manifests.sections import Floors

_MOST_MALFORMED = 0.3  # more is a wrong separator or wrong quotes


def unused(tables: Sequence[SampledTable]) -> dict[str, str]:
    """Return why tables have no rows, by file. Only an archive alone can be the source."""
    step = "" if len(tables) == 1 else compression.AS_ARCHIVE
    return {table.file: table.problem.removesuffix(step) for table in tables if not table.profiles}


def floors(tables: Sequence[SampledTable]) -> Fields:
    """Return a higher limit of quarantined rows if a file has more malformed rows."""
    worst = max(tables, key=lambda table: table.malformed_share)
    if not Floors().max_quarantine_share < worst.malformed_share < _MOST_MALFORMED:
        return {}
    limit = math.ceil(worst.malformed_share * 10) / 10
    reason = f"{worst.malformed_share:.1%} of the rows of {worst.file} cannot be split into fields"
    return {"max_quarantine_share": Guess(limit, reason)}
