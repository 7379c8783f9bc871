"""The segment of a user, by the attributes that the product sent."""

from collections.abc import Mapping, Sequence

from serving.users.erasures import IS_ERASED

# Joins the attributes of the user `:user_id`; of an erased user there are none.
IS_GIVEN = f"given.user_id = :user_id and not {IS_ERASED}"


def segment(attributes: Mapping[str, str], names: Sequence[str]) -> str:
    """Return the segment `name=value,…` as `jobs.engine.learning.segments` names it.

    It is empty if there are no names, or if a value is missing. `names` are the manifest's.
    """
    if any(name not in attributes for name in names):
        return ""
    return ",".join(f"{name}={attributes[name]}" for name in names)
