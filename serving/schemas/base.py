"""What all values share: frozen, JSON by pydantic; ids, numbers and times as JSON has them."""

from datetime import datetime
from typing import Annotated

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    StringConstraints,
)

# Ids are the product's own text. Postgres has no NUL; nobody has an id of kilobytes.
Id = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00]*$")]
# A name, or a few words, that Postgres can keep.
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


def _is_text(given: object) -> object:
    if isinstance(given, datetime) or (isinstance(given, str) and given[4:5] == "-"):
        return given
    raise ValueError("a time is text that begins with its year, as RFC 3339 has it")


# JSON's own numbers and times: neither "4" nor true is a rating, and 1 is no time.
Number = Annotated[FiniteFloat, Field(strict=True)]
Moment = Annotated[AwareDatetime, BeforeValidator(_is_text)]


class Answer(BaseModel):
    """What the API answers."""

    model_config = ConfigDict(frozen=True)


class Asked(BaseModel):
    """What a caller sends: what it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def like(**example: JsonValue) -> ConfigDict:
    """Return the configuration of a value that looks like this example."""
    return ConfigDict(json_schema_extra={"examples": [example]})
