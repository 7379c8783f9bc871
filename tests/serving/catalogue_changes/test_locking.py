"""One transaction at a time changes the catalogue; lists do not wait for it."""

from threading import Thread
from time import monotonic

import httpx2
import pytest
from sqlalchemy import Engine, text

from serving.catalogue_changes import changes
from serving.storage import locks
from tests.conftest import schema_of
from tests.serving.catalogue_changes.heat import HEAT, outbox
from tests.support.serving import lock_waits
from tests.support.serving.problems import problem

pytestmark = pytest.mark.usefixtures("released")


def test_words_of_titles_are_found_before_the_catalogue_is_locked(
    owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_locks = text(
        "select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'"
    )
    n_held = list[int]()
    with owner.begin() as connection:

        def words(title: str) -> list[str]:
            n_held.append(connection.scalar(own_locks) or 0)
            return [title]

        monkeypatch.setattr("serving.titles.words", words)
        changes.apply(connection, changes.Change("e", HEAT), sent_by="test")
        n_at_end = connection.scalar(own_locks)

    assert (n_held, n_at_end) == ([0], 1)


def test_lists_are_read_while_changes_wait_for_a_publication_which_they_do_for_a_short_time(
    shop_http: httpx2.Client, api_url: str, owner: Engine
) -> None:
    path = f"{api_url}/v1/{schema_of(owner)}"
    headers = {**shop_http.headers}
    n_changes = 8  # more than there are worker threads
    refused: list[httpx2.Response] = []

    def change(n: int) -> None:
        changed = {"items": [{"item_id": f"n{n}", "title": "New"}]}
        refused.append(httpx2.post(f"{path}/items", json=changed, headers=headers, timeout=30))

    changing = [Thread(target=change, args=(n,)) for n in range(n_changes)]
    with owner.connect() as publication:
        changes.lock(publication)
        for thread in changing:
            thread.start()
        lock_waits.wait_for(publication)  # one change of each key, and this is one key
        began = monotonic()
        assert httpx2.get(f"{path}/users/u/recommendations", headers=headers).is_success
        seconds_of_list = monotonic() - began
        for thread in changing:
            thread.join(timeout=30)

    assert seconds_of_list < locks.WAIT_MS / 1000
    assert {answer.status_code for answer in refused} == {503}
    assert {problem(answer).code for answer in refused} == {"too-many-changes"}
    assert {answer.headers["retry-after"] for answer in refused} == {"2"}
    assert len(refused) == n_changes
    assert outbox(owner) == []
