"""Base classes of requests and answers, and the types of ids, numbers and times."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    model_validator,
)

MOST_ERRORS = 10  # largest number of errors that are named
MOST_CHARACTERS = 200  # largest length of each error, and of the path, in a problem

# An id is the product's own text. Postgres cannot store NUL.
MAX_ID_LENGTH = 256  # characters
Id = Annotated[str, Field(min_length=1, max_length=MAX_ID_LENGTH, pattern=r"^[^\x00]*$")]
# a name or a short sentence
ShortText = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
MAX_FILTER_LENGTH = 1000  # characters
FilterText = Annotated[
    str, Field(min_length=1, max_length=MAX_FILTER_LENGTH, pattern=r"^[^\x00]*$")
]
# of a change that makes a new version
InsteadOf = Annotated[
    int,
    Field(
        ge=0,
        le=2**53,
        description="The version that the operator read. The request fails if it has changed.",
    ),
]
# all that `str.strip` removes: `\s` lacks the separators of ASCII, and in JavaScript U+0085
FILLED = r"^[^\x00]*[^\x00\s\x1c-\x1f\x85][^\x00]*$"
_ID = TypeAdapter[str](Id)
_Reason = Annotated[str, Field(min_length=1, max_length=200, pattern=FILLED)]
AuditReason = Annotated[_Reason, Field(description="One sentence for the audit.")]
HistoryReason = Annotated[_Reason, Field(description="One sentence for the history.")]


def _refuse_numbers(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and value[4:5] == "-"):
        return value
    raise ValueError("a time is a string in the format of RFC 3339")


def _in_utc(value: datetime) -> datetime:
    """Return the time in UTC: Postgres refuses zones of 16 hours and more, which RFC 3339 has."""
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("it is outside of the years 1 to 9999 in UTC") from error


# strict: "4" and true are not numbers, and 1 is not a time
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Timestamp = Annotated[AwareDatetime, BeforeValidator(_refuse_numbers), AfterValidator(_in_utc)]


def at_most(n: int) -> BeforeValidator:
    """Return a validator that refuses longer collections before it looks at their parts.

    `max_length` alone counts afterwards, when each part may have made an error.
    """
    return BeforeValidator(lambda value: _refuse_longer(value, n))


def _refuse_longer(value: object, n: int) -> object:
    if isinstance(value, list | tuple | dict) and len(value) > n:
        raise ValueError(f"it has {len(value):,} entries; at most {n:,} are allowed")
    return value


def stripped(value: object) -> object:
    """Return a text without the white space around it; anything else as it is."""
    return value.strip() if isinstance(value, str) else value


def valid_id(change: object, name: str) -> str | None:
    """Return the id in a field of what was sent, if an answer can have it."""
    try:
        return _ID.validate_python(change.get(name) if isinstance(change, Mapping) else None)
    except ValidationError:
        return None


def errors_of(invalid: ValidationError) -> Sequence[Mapping[str, Any]]:
    """Return the errors without what the caller sent."""
    return invalid.errors(include_url=False, include_context=False, include_input=False)


def first_errors(errors: Sequence[Mapping[str, Any]], whole: str = "body") -> list[str]:
    """Return texts of the first errors, each cut. `whole` names what has no part that is wrong."""
    return [
        f"{'.'.join(map(str, error['loc'])) or whole}: {error['msg']}"[:MOST_CHARACTERS]
        for error in _without_none(errors)[:MOST_ERRORS]
    ]


def _without_none(errors: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return the errors of fields that may be null as those of other fields.

    Pydantic reports them twice: under the field's type, and that the value is not null.
    """
    nullable = {tuple(error["loc"])[:-1] for error in errors if error["type"] == "none_required"}
    return [_of_field(error, nullable) for error in errors if error["type"] != "none_required"]


def _of_field(
    error: Mapping[str, Any], nullable: AbstractSet[tuple[Any, ...]]
) -> Mapping[str, Any]:
    """Return the error without the type in its path, if it is that of a field in `nullable`."""
    loc = tuple(error["loc"])
    n_of_field = next((n for n in range(len(loc)) if loc[:n] in nullable), None)
    if n_of_field is None:
        return error
    return {**error, "loc": loc[:n_of_field] + loc[n_of_field + 1 :]}


def reasons(errors: Sequence[Mapping[str, Any]]) -> str:
    """Return what is wrong with a request: the first errors, and how many more there are."""
    errors = _without_none(errors)
    texts = first_errors(errors)
    if len(errors) > MOST_ERRORS:
        texts.append(f"and {len(errors) - MOST_ERRORS:,} more")
    return as_unicode("; ".join(texts) + ".")


def as_unicode(text: str) -> str:
    """Return the text with `?` for lone surrogates, which no answer can have."""
    return text.encode(errors="replace").decode()


class Answer(BaseModel):
    """An answer of the API. It always has all fields."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class RequestBody(BaseModel):
    """The body of a request. Unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _has_few_fields(cls, value: object) -> object:
        """Refuse an object with many unknown fields at once: each of them is an error."""
        n_fields = len(cls.model_fields)
        if isinstance(value, dict) and len(value) > n_fields + MOST_ERRORS:
            raise ValueError(f"it has {len(value):,} fields; at most {n_fields} are allowed")
        return value


def with_example(**example: JsonValue) -> ConfigDict:
    """Return the configuration of a model with this example."""
    return ConfigDict(json_schema_extra={"examples": [example]})
