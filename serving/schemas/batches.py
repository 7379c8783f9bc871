"""Invalid changes of a batch of items or users: each is refused alone."""

from dataclasses import dataclass

from pydantic import BaseModel, TypeAdapter, ValidationError, WrapValidator

from serving.schemas.base import errors_of, reasons, valid_id


@dataclass(frozen=True, slots=True)
class InvalidChange:
    """A change of a batch that is not valid, and why. `sent_id`: None without a valid id."""

    sent_id: str | None
    problem: str


def or_invalid(change: type[BaseModel], id_field: str) -> WrapValidator:
    """Return a validator that makes a `change` or, of a value that is none, an `InvalidChange`.

    So an invalid change does not make the whole request invalid. `id_field` is the field of the id.
    """
    adapter = TypeAdapter(change)

    def change_or_invalid(value: object, _: object) -> object:
        try:
            return adapter.validate_python(value)
        except ValidationError as invalid:
            return InvalidChange(valid_id(value, id_field), reasons(errors_of(invalid)))

    return WrapValidator(change_or_invalid)
