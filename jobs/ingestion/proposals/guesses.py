"""A guessed value of a field of a manifest, with the reason that its comment gives."""

from dataclasses import dataclass

Value = (
    str
    | int
    | float
    | bool
    | tuple[str, ...]
    | dict[str, str]
    | dict[str, float]
    | dict[str, "str | float | bool"]
)


@dataclass(frozen=True, slots=True)
class Guess:
    """A value, and the reason of the guess; the reason is empty if the value is certain."""

    value: Value
    reason: str = ""


Fields = dict[str, Guess]  # fields of one section of a manifest, by name
