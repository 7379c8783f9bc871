"""Everything at once for seconds, while a release and rules change: see `benchmarks.load`."""

from urllib.parse import urlsplit

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from serving.storage import database, keys
from tests.conftest import schema_of
from tests.support.load.busy_shop import SHARES, Mix, World
from tests.support.load.closed_loop import changing, drive
from tests.support.serving.server import as_role

SECONDS = 4


def test_under_a_mixed_load_nothing_fails_and_no_list_is_of_two_releases(
    api_url: str, owner: Engine, publisher: Engine, committing: str
) -> None:
    with Session(owner) as session, session.begin():
        key = keys.create(session, "load", ["read", "feedback"])
    schema = schema_of(owner)
    writer = database.connect(as_role(committing, "api"), schema)
    world = World(publisher, writer, people=40, items=150)
    world.prepare()
    mix = Mix(schema, key, world.people, world.items)
    at = urlsplit(api_url)
    address = (str(at.hostname), int(at.port or 0))

    answers = changing(
        world.change,
        SECONDS / 3,
        lambda: drive([address], mix.ask, connections=16, seconds=SECONDS, see=mix.see),
    )
    writer.dispose()

    assert mix.wrong == []
    assert {answer.status for answer in answers} == {200}
    assert {answer.kind for answer in answers} == {*SHARES}
    assert sorted(whose for _, whose in mix.shown) == ["1", "2"]
    assert len({release for release, _ in mix.shown}) == 2
