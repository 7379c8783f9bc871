"""`lantern erase`: Postgres first, as its owner, then the job as the publisher."""

from collections.abc import Sequence
from subprocess import CompletedProcess
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, make_url

from ops.machine import environment
from ops.terminal import erasing
from serving.users import erasures
from tests.conftest import schema_of
from tests.support.serving import shop


def test_users_are_erased_from_postgres_and_the_job_gets_its_url(
    publisher: Engine, owner: Engine, committing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.release(publisher, "one", instead_of=None)
    jobs: list[tuple[Sequence[str], dict[str, str]]] = []

    def run_job(_: object, command: Sequence[str], **options: Any) -> CompletedProcess[str]:
        jobs.append((command, options["variables"]))
        return CompletedProcess(command, 0)

    def url(_: str, role: str, password: str) -> str:
        return (
            make_url(committing)
            .set(username=role, password=password)
            .render_as_string(hide_password=False)
        )

    monkeypatch.setattr(environment, "run_job", run_job)
    server, secrets = SimpleNamespace(url=url), SimpleNamespace(of=lambda role: role)
    stack: Any = SimpleNamespace(server=server, secrets=secrets, settings=None)

    assert erasing.erase(stack, schema_of(owner), ["u"], now=True)

    assert shop.rows(owner, "select user_id from recommendations") == [("v",)]
    [(actor,)] = shop.rows(owner, "select actor from audit where action = 'erase'")
    assert str(actor).endswith("(lantern)")
    [[command, variables]] = jobs
    assert command == ["jobs.erase", "--dataset", schema_of(owner), "--now"]
    assert "publisher:publisher@" in variables["SERVING_DATABASE_URL"]
    with owner.connect() as connection:
        assert len(erasures.new(connection)) == 1
