"""What operators decided on rows in quarantine: which failed checks of a landing do not count.

`jobs.settle` copies the decisions to the lake. Rows of a released check are accepted if they fail
no other one. A landing's released checks are a part of its digest in silver.refinements: another
decision that changes them makes `refine` write silver anew, as a correction of the manifest does.
Rejections change nothing here: the rows are in quarantine already. No Spark.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from warehouse import quarantine
from warehouse.landings import Landing
from warehouse.query import Lake

# Checks that a row can fail and still be an event. `serving.schemas` has the same names.
RELEASABLE: Final = frozenset(
    {"rating_off_scale", "value_not_a_number", "value_negative", "value_not_a_share"}
)

Released = Mapping[str, tuple[str, ...]]  # names of checks, sorted, by landing id


def released(lake: Lake, landings: Iterable[Landing]) -> dict[str, tuple[str, ...]]:
    """Return the released checks of each landing that has any."""
    decisions = [each for each in quarantine.recorded(lake) if each.check in RELEASABLE]
    checks = {
        landing.landing_id: tuple(
            sorted(
                check
                for check, decision in quarantine.decided(decisions, landing).items()
                if decision == "release"
            )
        )
        for landing in (landings if decisions else ())
    }
    return {landing_id: names for landing_id, names in checks.items() if names}


def digest(manifest: str, checks: Iterable[str]) -> str:
    """Return the digest of how a landing is refined: that of the manifest without any check."""
    names = ",".join(checks)
    if not names:
        return manifest
    return hashlib.sha256(f"{manifest} {names}".encode()).hexdigest()[:16]
