import pytest

from tests.support import small_lake
from warehouse.query import Lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A small lake, which tests only read."""
    root = str(tmp_path_factory.mktemp("lake") / small_lake.DATASET)
    small_lake.write(root)
    return Lake(root)
