"""Base classes of requests and answers, and the types of ids, numbers and times."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

# An id is the product's own text. Postgres cannot store NUL.
Id = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00]*$")]
# a name or a short sentence
ShortText = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


def _refuse_numbers(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and value[4:5] == "-"):
        return value
    raise ValueError("a time is a string in the format of RFC 3339")


# strict: "4" and true are not numbers, and 1 is not a time
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Timestamp = Annotated[AwareDatetime, BeforeValidator(_refuse_numbers)]


class Answer(BaseModel):
    """An answer of the API."""

    model_config = ConfigDict(frozen=True)


class RequestBody(BaseModel):
    """The body of a request. Unknown fields are rejected."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def with_example(**example: JsonValue) -> ConfigDict:
    """Return the configuration of a model with this example."""
    return ConfigDict(json_schema_extra={"examples": [example]})
