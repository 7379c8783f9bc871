"""Reasons that a request must have are sentences, not blanks."""

import pytest
from pydantic import ValidationError

from serving import schemas
from serving.schemas.base import RequestBody

WITH_REASON = [
    body
    for body in vars(schemas).values()
    if isinstance(body, type)
    and issubclass(body, RequestBody)
    and "reason" in body.model_fields
    and body.model_fields["reason"].is_required()
]


@pytest.mark.parametrize("body", WITH_REASON)
@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u2003\x1f\x85"])
def test_a_required_reason_is_not_blank(body: type[RequestBody], blank: str) -> None:
    [example] = body.model_json_schema()["examples"]
    assert body.model_validate(example)

    with pytest.raises(ValidationError, match="reason"):
        body.model_validate(example | {"reason": blank})


def test_several_requests_need_a_reason() -> None:
    assert len(WITH_REASON) >= 6
