"""The shops of the tests of lists, released once more."""

from tests.serving.lists.conftest import released, wide  # noqa: F401 # fixtures
