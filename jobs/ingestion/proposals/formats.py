"""How the numbers and times of a column are written, as fields of a manifest with their doubts."""

from jobs.ingestion.proposals.files.profiles import Profile
from jobs.ingestion.proposals.guesses import Fields, Guess


def marks(column: Profile) -> Fields:
    """Return the fields that say how the numbers of the column are written; none if certain."""
    written = column.marks
    shown = written.either or next((x for x in column.distinct.to_pylist() if not x.isdigit()), "")
    reason = "; ".join(filter(None, (f"such as {shown}", written.doubt)))
    named = written.fields or ({"decimal": written.decimal} if written.doubt else {})
    return {
        name: Guess(mark, reason if number == 0 else "the mark between thousands")
        for number, (name, mark) in enumerate(named.items())
    }


def time_reason(column: Profile) -> str:
    """Return an example, and what to write if it may also be another day."""
    example = f"such as {column.distinct[0]}"
    other = column.likely_time.other if column.likely_time is not None else ""
    if not other:
        return example
    first = "day" if other.startswith("%d") else "month"
    return f'{example}; no day is above 12. If the {first} comes first, write "{other}"'
