"""A retrain that another account must approve, in a running Airflow with two accounts.

The platform comes up in a temporary folder on free ports, as in `test_platform`.
"""

import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from airflow_api.answers import Run
from airflow_api.client import Airflow
from edge import own_programs
from jobs.synthetic.output import FILMS
from ops.machine import database, ports, processes
from ops.machine.airflow import config as airflow_config
from ops.machine.stack import Stack
from ops.machine.supervisord import until
from ops.settings import ROOT, OpsSettings
from ops.terminal import cli, demo, follow
from serving.errors import OwnRetrainError
from serving.operator_client import OperatorClient
from tests.support.quick_spark import quick_spark

pytestmark = [pytest.mark.stack, pytest.mark.soak, pytest.mark.timeout(3000)]

DATASET, EVENTS = "playground", 30_000
RETRAIN = f"{DATASET}__retrain"
RUN_SECONDS = 900
SETTLED_SECONDS = 20  # after which the scheduler has seen that a task waits for its answer
WHY = "Looks good."


@dataclass(frozen=True)
class Platform:
    """A running platform; `login` has the name and password of each of two accounts."""

    stack: Stack
    admin: tuple[str, str]
    maya: tuple[str, str]

    def airflow(self, login: tuple[str, str]) -> Airflow:
        """Return Airflow as one of the accounts."""
        base = ports.addresses(self.stack.ports)["airflow"]
        return Airflow(base, login=login, patience=follow.PATIENCE_SECONDS)

    @contextmanager
    def api(self, login: tuple[str, str]) -> Iterator[OperatorClient]:
        """Yield the API's client of one of the accounts."""
        headers = {"Authorization": f"Bearer {self.airflow(login).token}"}
        base = ports.addresses(self.stack.ports)["api"]
        with own_programs.client(base, headers=headers, timeout=30) as http:
            yield OperatorClient(http, DATASET)

    def rows(self, sql: str) -> list[Any]:
        """Return rows of the data set's schema."""
        url = self.stack.server.url(
            "lantern", database.OWNER, self.stack.secrets.of(database.OWNER)
        )
        with database.transaction(url, DATASET) as session:
            return [*session.execute(text(sql))]


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    folder = Path(tempfile.mkdtemp(prefix="lantern-stack-"))
    folder.chmod(0o711)  # Postgres' user must get through
    manifest = (ROOT / f"datasets/{DATASET}.toml").read_text()
    assert "[schedule]\n" in manifest
    manifests = folder / "manifests"
    manifests.mkdir(mode=0o755)
    (manifests / f"{DATASET}.toml").write_text(
        manifest.replace("[schedule]\n", "[schedule]\napproval_by_another = true\n")
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPS_VAR", str(folder / "var"))
        patch.setenv("OPS_HEALTH_TIMEOUT", "600")
        patch.setenv("OPS_SPARK_CONF", str(quick_spark(folder / "spark")))
        patch.setenv("DATASETS_MANIFESTS", str(manifests))
        for name in ports.USUAL:
            patch.setenv(f"OPS_{name.upper()}_PORT", str(ports.free()))
        stack = Stack(OpsSettings())
        try:
            lantern(patch, "up")
            demo.write_playground(stack.settings, FILMS, EVENTS, 7)
            admin = airflow_config.admin(stack.secrets)
            platform = Platform(stack, admin, ("maya", secrets.token_urlsafe(16)))
            create_operator(platform)
            yield platform
        finally:
            lantern(patch, "down")
            processes.end(processes.of(stack.settings.folder))
            shutil.rmtree(folder)


def lantern(patch: pytest.MonkeyPatch, command: str) -> None:
    """Run a command of the command line."""
    patch.setattr("sys.argv", ["lantern", command])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code


def create_operator(platform: Platform) -> None:
    """Create the second account, with the role Op."""
    name, password = platform.maya
    account = {
        **dict.fromkeys(("username", "first_name", "last_name"), name),
        "email": f"{name}@example.org",
        "password": password,
        "roles": [{"name": "Op"}],
    }
    in_airflow(platform, "POST", "/auth/fab/v1/users", account)


def in_airflow(platform: Platform, method: str, path: str, body: dict[str, Any]) -> None:
    """Send a request to Airflow as the administrator."""
    airflow = platform.airflow(platform.admin)
    headers = {"Authorization": f"Bearer {airflow.token}"}
    answer = httpx2.request(
        method, airflow.base_url + path, json=body, headers=headers, timeout=30, trust_env=False
    )
    assert answer.is_success, answer.text


def wait(is_so: Callable[[], bool], what: str) -> None:
    until(is_so, what, RUN_SECONDS)


def wait_for_question(airflow: Airflow, run: Run) -> None:
    """Wait until the run has asked for some seconds.

    Airflow takes an answer that comes before the scheduler has seen the task pause as a lost task,
    and asks again. No person is that quick.
    """

    first_seen: list[float] = []

    def has_asked() -> bool:
        assert airflow.find_run(run.dag_id, run.run_id).state != "failed"
        if all(question.run_id != run.run_id for question in airflow.waiting()):
            first_seen.clear()
            return False
        first_seen.append(time.monotonic())
        return first_seen[-1] - first_seen[0] > SETTLED_SECONDS

    wait(has_asked, "the question of a retrain")


def wait_for_end(airflow: Airflow, run: Run, state: str) -> None:
    def has_ended() -> bool:
        return airflow.find_run(run.dag_id, run.run_id).state in {"success", "failed"}

    wait(has_ended, "the end of a retrain")
    assert airflow.find_run(run.dag_id, run.run_id).state == state


def test_only_another_account_than_the_starters_can_have_a_retrain_published(
    platform: Platform,
) -> None:
    airflow = platform.airflow(platform.admin)
    dag_ids = {f"{DATASET}__ingest", RETRAIN}
    follow.wait_for_dags(airflow, dag_ids)
    for dag_id in dag_ids:
        airflow.unpause(dag_id)
    follow.follow(airflow, follow.start(airflow, f"{DATASET}__ingest"))
    wait(lambda: bool(airflow.runs(RETRAIN)), "the retrain that new data start")
    [of_data] = airflow.runs(RETRAIN)

    # A retrain that new data started asks too, and any operator may approve it.
    wait_for_question(airflow, of_data)
    assert releases(platform) == 0
    with platform.api(platform.maya) as maya:
        maya.answer_retrain(of_data.run_id, approve=True, reason=WHY)
    wait_for_end(airflow, of_data, "success")
    assert releases(platform) == 1

    # The account that started one can approve it neither in the API nor in Airflow.
    with platform.api(platform.admin) as admin:
        own = airflow.find_run(RETRAIN, admin.start_retrain({}, reason="Again").run_id)
        wait_for_question(airflow, own)
        with pytest.raises(OwnRetrainError):
            admin.answer_retrain(own.run_id, approve=True, reason=WHY)
    question = airflow.question(own)
    assert question is not None
    airflow.answer(own, question, approve=True)
    wait_for_end(airflow, own, "failed")
    assert releases(platform) == 1

    # The cleared task asks again, and another account approves.
    clear = {"dry_run": False, "dag_run_id": own.run_id, "task_ids": ["approve"]}
    clear |= {"only_failed": False, "include_downstream": True}
    in_airflow(platform, "POST", f"/api/v2/dags/{RETRAIN}/clearTaskInstances", clear)
    wait_for_question(airflow, own)
    with platform.api(platform.maya) as maya:
        maya.answer_retrain(own.run_id, approve=True, reason=WHY)
    wait_for_end(airflow, own, "success")
    assert releases(platform) == 2

    entries = platform.rows(
        "select audit_id, actor, target, reason, outcome, after->>'confirms_entry' as confirmed"
        " from audit where action = 'approve' order by audit_id"
    )
    done = [entry for entry in entries if entry.outcome == "done"]
    assert [(entry.actor, entry.target) for entry in done] == [
        ("maya", f"retrain {run.run_id}") for run in (of_data, of_data, own, own)
    ]
    assert [entry.reason for entry in done[::2]] == [WHY, WHY]
    assert [entry.confirmed for entry in done[1::2]] == [str(entry.audit_id) for entry in done[::2]]
    [refused] = [entry for entry in entries if entry.outcome == "refused"]
    assert refused.actor == platform.admin[0]


def releases(platform: Platform) -> int:
    """Return how many releases were published."""
    [(n_releases,)] = platform.rows("select count(*) from releases")
    return int(n_releases)
