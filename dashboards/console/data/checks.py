"""What each data quality check means, and why its rows can be released or cannot."""

from dataclasses import dataclass

from serving.schemas import RELEASABLE

_CORRECT_FILE = "Correct the file and send it again under another name."


@dataclass(frozen=True)
class Check:
    """A check in words: what is wrong with its rows, and what to do about them. `column`: where.

    `advice` says what a release does, or why the rows cannot be released, and the next step.
    """

    problem: str
    advice: str
    column: str = ""


_NO_ID = (
    "Every row of the lake needs an id. Correct the file, or leave such rows out with `keep_if` "
    "in the manifest."
)
_NO_NUL = f"Postgres stores no such character. {_CORRECT_FILE}"
_TOO_LONG = "Postgres could not index it. Check that the manifest names the right column."

CHECKS = {
    "rating_off_scale": Check(
        "The rating is outside the manifest's scale, or between its steps.",
        "A released rating is used as it is. If many are right, correct `[scale]` instead.",
        "rating",
    ),
    "value_not_a_number": Check(
        "The value of the event is not a number.",
        "A released event has no value: it counts as 1, as events without a value do.",
        "value",
    ),
    "value_negative": Check(
        "The value of the event is negative.",
        "A released value is subtracted from the others of the user, the item and the kind.",
        "value",
    ),
    "value_too_large": Check(
        "The value of the event is above 1,000,000,000.",
        "A value this large is a mistake of the sender: correct it there, or the file.",
        "value",
    ),
    "value_not_a_share": Check(
        "The value is above 1, but its kind has shares.",
        "A released value is used as it is. If many are right, correct `value` of the kind.",
        "value",
    ),
    "rating_not_a_number": Check(
        "The rating is empty or not a number.",
        "A rating needs a number. Correct the file, or name the text in `no_value`.",
        "rating",
    ),
    "rating_without_a_rate": Check(
        "The event has a rating, but is of another kind.",
        "It contradicts itself: correct the program that sent it.",
        "rating",
    ),
    "undo_without_an_event": Check(
        "The undo names no event.", "There is nothing to undo.", "undoes"
    ),
    "kind_unknown": Check(
        "The manifest does not name this kind of event.",
        "Nothing says what such an event means. Add it to `[kinds]`: then its rows are checked "
        "again.",
        "kind",
    ),
    "user_missing": Check("The user's id is empty.", _NO_ID, "user_id"),
    "item_missing": Check("The item's id is empty.", _NO_ID, "item_id"),
    "id_not_text": Check("An id has a NUL character.", _NO_NUL),
    "id_too_long": Check("An id is too long.", _TOO_LONG),
    "category_missing": Check("The category is empty.", _CORRECT_FILE, "category"),
    "text_with_nul": Check("A text has a NUL character.", _NO_NUL),
    "text_too_long": Check("A text is too long.", _TOO_LONG),
    "time_not_readable": Check(
        "The time is empty, or not in the manifest's format.",
        "An event needs a time. Correct `time_format`: then its rows are checked again.",
        "time",
    ),
    "time_in_future": Check(
        "The time is in the future.",
        "It would be newer than all that the user does until then. Correct the clock or the zone "
        "(`time_zone`), or raise `future_tolerance_hours`.",
        "time",
    ),
    "line_malformed": Check(
        "The line cannot be split into the fields of the file.",
        f"Its fields are not known. {_CORRECT_FILE}",
        "raw",
    ),
    "landing_refused": Check(
        "An operator refused the whole file.", f"It stays refused. {_CORRECT_FILE}"
    ),
    "user_erased": Check(
        "The user was erased.", "An erasure is final. The quarantine has no content of such rows."
    ),
}
_UNKNOWN = Check("The row fails this check.", "The row lacks what the lake needs.")


def of(name: str) -> Check:
    """Return what is known of the check with this name."""
    return CHECKS.get(name, _UNKNOWN)


def is_releasable(name: str) -> bool:
    """Return whether rows that fail only this check can be accepted."""
    return name in RELEASABLE


def label(name: str) -> str:
    """Return the name of a check in words: "rating off scale"."""
    return name.replace("_", " ")
