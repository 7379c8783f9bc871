import re

import pytest

from serving import errors
from serving.errors import ApiError, ServingError

KINDS = ApiError.kinds()


def kebab(name: str) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", "-", name).lower()


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.__name__)
def test_each_error_of_the_api_has_code_status_title_and_next_step(kind: type[ApiError]) -> None:
    assert kind.code == kebab(kind.__name__.removesuffix("Error"))
    assert 400 <= kind.status < 600
    assert kind.title
    assert not kind.title.endswith(".")
    assert kind.next_step.endswith(".")


def test_no_two_errors_have_the_same_code_title_or_next_step() -> None:
    for values in (
        [kind.code for kind in KINDS],
        [kind.title for kind in KINDS],
        [kind.next_step for kind in KINDS],
    ):
        assert len({*values}) == len(KINDS)


def drawn(kind: type[ServingError], depth: int = 0) -> list[tuple[int, str]]:
    """Return depth and name of an error and all below it, in the order of their definition."""
    below = [line for child in kind.__subclasses__() for line in drawn(child, depth + 1)]
    return [(depth, kind.__name__), *below]


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    tree = re.findall(r"^( *)(?:x )?(\w+Error)\b", errors.__doc__ or "", re.MULTILINE)

    assert [(len(indent) // 2, name) for indent, name in tree] == drawn(ServingError)
