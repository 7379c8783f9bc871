"""A few seconds of mixed load during which a release and rules change: see `benchmarks.load`."""

from urllib.parse import urlsplit

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from serving.storage import database, keys
from tests.conftest import schema_of
from tests.support.load.busy_shop import SHARES, BusyShop, MixedLoad
from tests.support.load.closed_loop import drive, load_with_change
from tests.support.serving.server import as_role

SECONDS = 4


def test_a_mixed_load_has_no_errors_and_no_list_mixes_two_releases(
    api_url: str, owner: Engine, publisher: Engine, committing: str
) -> None:
    with Session(owner) as session, session.begin():
        key = keys.create(session, "load", ["read", "feedback"])
    schema = schema_of(owner)
    writer = database.connect(as_role(committing, "api"), schema)
    shop = BusyShop(publisher, writer, n_users=40, n_items=150)
    shop.prepare()
    load = MixedLoad(schema, key, shop.n_users, shop.n_items)
    at = urlsplit(api_url)
    address = (str(at.hostname), int(at.port or 0))

    answers = load_with_change(
        lambda: drive(
            [address], load.next_request, connections=16, seconds=SECONDS, check=load.check
        ),
        shop.change,
        after=SECONDS / 3,
    )
    writer.dispose()

    assert load.errors == []
    assert {answer.status for answer in answers} == {200}
    assert {answer.kind for answer in answers} == {*SHARES}
    assert sorted(prefix for _, prefix in load.releases_seen) == ["1", "2"]
    assert len({release for release, _ in load.releases_seen}) == 2
