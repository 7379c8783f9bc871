"""Two released shops for lists."""

import pytest
from sqlalchemy import Engine

from tests.support.serving import live_shop, wide_shop
from tests.support.serving.live_shop import rate


@pytest.fixture
def released(publisher: Engine, owner: Engine) -> None:
    """The live shop, released; then "lover" rated an item."""
    live_shop.release(publisher)
    rate(owner, "lover", "f2", 4.0)


@pytest.fixture
def wide(publisher: Engine, owner: Engine) -> None:
    """The wide shop; "q" is a new user with one rating."""
    wide_shop.release(publisher)
    rate(owner, "q", "2", 5.0)
