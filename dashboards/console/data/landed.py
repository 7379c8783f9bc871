"""Files that were landed, and what became of their rows, as `land` and `refine` record it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from warehouse.tables import OF_API

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """The numbers of rows of one landing by what `refine` did with them."""

    n_accepted: int
    n_duplicates: int
    n_quarantined: int
    n_dropped: int
    n_erased: int

    @property
    def n_rows(self) -> int:
        """All rows that the outcome accounts for."""
        rejected = self.n_quarantined + self.n_dropped + self.n_erased
        return self.n_accepted + self.n_duplicates + rejected


@dataclass(frozen=True)
class LandedFile:
    """One landing of a file. `outcome` is None until it is refined. `landed_at` is in UTC."""

    landing_id: str
    target: str
    name: str
    n_rows: int
    landed_at: datetime
    run_key: str
    outcome: Outcome | None

    @property
    def run(self) -> str:
        """The run that landed it: `<dag id>/<run id>`."""
        return self.run_key.rpartition("/")[0]

    @property
    def balances(self) -> bool:
        """Whether every row of the file is accounted for."""
        return self.outcome is not None and self.outcome.n_rows == self.n_rows


def landed_files(landings: Iterable[Row], refinements: Iterable[Row]) -> list[LandedFile]:
    """Return the landings of files, newest first. Batches of the outbox are left out."""
    outcomes = {row["landing_id"]: _outcome(row) for row in refinements}
    files = [
        LandedFile(
            row["landing_id"],
            row["target"],
            row["source_file"],
            row["n_rows"],
            row["landed_at"],
            row["run_key"],
            outcomes.get(row["landing_id"]),
        )
        for row in landings
        if row["target"] not in OF_API
    ]
    return sorted(files, key=lambda file: (file.landed_at, file.name), reverse=True)


def of_last_run(files: Sequence[LandedFile]) -> list[LandedFile]:
    """Return the files of the newest run that landed one, by name. `files` are newest first."""
    return sorted((x for x in files if x.run == files[0].run), key=lambda file: file.name)


def _outcome(row: Row) -> Outcome:
    names = Outcome.__dataclass_fields__
    return Outcome(**{name: row[name] or 0 for name in names})
