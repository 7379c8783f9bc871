"""The segment of a user: by the attributes that the product sent, or the profile's.

A release knows the transaction up to which its fit has learned what the product sent
(`users_until`). A profile has the segment by the newest of files and API as of the fit, so only
what was sent later counts. Of users without a profile, what was sent last counts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Row

from serving.users.erasures import IS_ERASED

# Joins the attributes of the user `:user_id`; of an erased user there are none.
IS_GIVEN = f"given.user_id = :user_id and not {IS_ERASED}"
_SPECIAL, _ESCAPED = re.compile(r"[\\,]"), r"\\\g<0>"


@dataclass(frozen=True, slots=True)
class Given:
    """The attributes that the product sent of a user, and the transaction that wrote them."""

    attributes: Mapping[str, str]
    xact: int

    @classmethod
    def of_row(cls, row: Row[Any]) -> Self | None:
        """Return what a row with the joined columns has; None if the product sent nothing."""
        return None if row.attributes is None else cls(row.attributes, row.given_xact)


def of_user(
    learned: str | None, given: Given | None, names: Sequence[str], *, learned_until: int
) -> str:
    """Return a user's segment: the profile's, unless the product sent attributes since.

    `learned`: the profile's; None without a profile. `given`: None if nothing was sent.
    `learned_until`: the first transaction whose attributes the fit has not learned.
    """
    if given is None or (learned is not None and given.xact < learned_until):
        return learned or ""
    return segment(given.attributes, names)


def segment(attributes: Mapping[str, str], names: Sequence[str]) -> str:
    """Return the segment `name=value,…` as `jobs.engine.learning.segments` names it.

    It is empty if there are no names, or if a value is missing. `names` are the manifest's. In
    values, a comma and a backslash follow a backslash: so users with other values have another
    segment.
    """
    if any(name not in attributes for name in names):
        return ""
    return ",".join(f"{name}={_SPECIAL.sub(_ESCAPED, attributes[name])}" for name in names)
