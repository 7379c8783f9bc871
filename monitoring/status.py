"""The status of one data set: the lines that the page Overview shows and that alerts are about.

Page and alerts call the same function, so they never disagree.
"""

from datetime import datetime

from monitoring.checks import data, person, platform, release, runs
from monitoring.facts import Facts
from monitoring.levels import Line
from monitoring.limits import Limits


def lines(facts: Facts, limits: Limits, *, now: datetime) -> tuple[Line, ...]:
    """Return a line for each thing that is checked, in the order of the page.

    A data set that was never loaded has the lines of the platform, and one that says so.
    """
    of_platform = (*platform.services(facts.services), *platform.disk(facts.disk))
    if not facts.is_in_use:
        return (NOT_LOADED, *of_platform)
    growth = facts.data.growth if facts.data else None
    return (
        *release.lines(facts.serving, facts.orchestration, growth, limits, now=now),
        *person.lines(facts, limits, now),
        *data.lines(facts.data, limits, now),
        *data.outbox(facts.serving, limits, now),
        *runs.lines(facts.orchestration, limits, now),
        *of_platform,
    )


def lines_without_postgres(facts: Facts, limits: Limits, *, now: datetime) -> tuple[Line, ...]:
    """Return the lines that do not need Postgres, in the order of the page."""
    return (
        *data.lines(facts.data, limits, now),
        *runs.lines(facts.orchestration, limits, now),
        *platform.services(facts.services),
        *platform.disk(facts.disk),
    )


# Lines that exist only while their source does not answer, as they are once it does.
ONLY_WHILE_UNKNOWN = {
    line.check: line
    for line in (
        Line("lake", "Data lake", "ok", "Readable", "The data lake can be read again."),
        Line("runs", "Runs", "ok", "Known", "Airflow answers again."),
    )
}
NOT_LOADED = Line(
    "release_age",
    "Live release",
    "ok",
    "Not in use",
    "No data of this data set was loaded yet.",
    "To use it, start an ingest on the page Data.",
    "data",
)
