"""The rows in quarantine by the check that they fail, with what was decided on them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date

from warehouse import quarantine
from warehouse.landings import Landing
from warehouse.quarantine import Decision, Group, State

Counts = dict[State, int]


@dataclass
class CheckRows:
    """The rows of one target that fail one check: numbers by state, and by landing and state."""

    target: str
    check: str
    by_state: Counts = field(default_factory=lambda: defaultdict(int))
    by_landing: dict[str, Counts] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )

    @property
    def n_rows(self) -> int:
        """All rows that fail the check."""
        return sum(self.by_state.values())

    @property
    def key(self) -> str:
        """A name for the address: "ratings.rating_off_scale"."""
        return f"{self.target}.{self.check}"


def by_check(
    groups: Iterable[Group], landings: Mapping[str, Landing], decisions: Sequence[Decision]
) -> list[CheckRows]:
    """Return the checks with rows in quarantine: those with the most rows to decide on first.

    A row that fails several checks is counted for each.
    """
    rows_by_check: dict[tuple[str, str], CheckRows] = {}
    for group in groups:
        state = state_of(group, landings, decisions)
        for check in group.failed_checks:
            rows = rows_by_check.setdefault((group.target, check), CheckRows(group.target, check))
            rows.by_state[state] += group.n_rows
            rows.by_landing[group.landing_id][state] += group.n_rows
    return sorted(rows_by_check.values(), key=lambda x: (-x.by_state["open"], -x.n_rows, x.key))


def n_open(
    groups: Iterable[Group], landings: Mapping[str, Landing], decisions: Sequence[Decision]
) -> int:
    """Return the number of rows without a decision."""
    return sum(g.n_rows for g in groups if state_of(g, landings, decisions) == "open")


def state_of(group: Group, landings: Mapping[str, Landing], decisions: Sequence[Decision]) -> State:
    """Return what was decided on the rows of a group."""
    landing = landings.get(group.landing_id)
    decided = {} if landing is None else quarantine.decided(decisions, landing)
    return quarantine.state(group.failed_checks, decided)


def share_by_day(rows: CheckRows, landings: Iterable[Landing]) -> list[tuple[date, int, int]]:
    """Return the day, the rows that fail the check and all rows of its landings, oldest first.

    Only landings of the check's target count.
    """
    days: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for landing in landings:
        if landing.target == rows.target and landing.landed_at is not None:
            of_day = days[landing.landed_at.astimezone(UTC).date()]
            of_day[0] += sum(rows.by_landing.get(landing.landing_id, {}).values())
            of_day[1] += landing.n_rows
    return [(day, n_failed, n_rows) for day, (n_failed, n_rows) in sorted(days.items())]
