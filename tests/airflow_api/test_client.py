"""The client against a real Airflow: API server, scheduler, DAG processor, FAB users, our DAGs.

Stand-ins run in place of the jobs, so that the tests take a minute and need no Spark.
"""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from airflow_api.answers import Question, Run, Task, User
from airflow_api.client import (
    ENDED,
    Airflow,
    AirflowError,
    AirflowUnavailableError,
    NotAllowedError,
    SignInRefusedError,
)
from serving.api.operators import Operators
from serving.errors import KeyRefusedError, ScopeMissingError
from tests.support.dags import stand_ins
from tests.support.dags.stand_ins import Jobs

FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
PASSWORD = secrets.token_urlsafe(16)
INGEST, RETRAIN, HASTY = "shop__ingest", "shop__retrain", "hasty__retrain"
PAUSED = "hasty__ingest"  # no test starts it
# The schedule is on leap days only, so that no test sees a scheduled run.
MANIFEST = """
title = "Shop"
licence = "Invented."
source = {kind = "inbox"}
ratings = {file = "ratings.csv"}
scale = {lowest = 1, highest = 5, step = 1, relevant_from = 4}
schedule = {retrain = "0 3 29 2 *"}
"""
ASKS_QUICKLY = "{ask_for_approval = true, approval_timeout_hours = 0.0003}"
N_CHECKS = 6  # half a second apart


def wait_until(is_true: Callable[[], bool], what: str, timeout: float = 180) -> None:
    deadline = time.monotonic() + timeout
    while not is_true():
        assert time.monotonic() < deadline, f"no {what} in {timeout} s"
        time.sleep(0.5)


@contextmanager
def terminated_at_the_end() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Yield a list for started processes; their process groups are terminated at the end."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        yield started
    finally:
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            for process in started:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal_number)
            for process in started:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(3)


def start(*command: str, env: dict[str, str]) -> subprocess.Popen[bytes]:
    log = Path(env["AIRFLOW_HOME"], f"{command[0]}.log")
    with log.open("w") as out:
        return subprocess.Popen(  # noqa: S603 # our own Airflow
            [sys.executable, "-m", "airflow", *command],
            env=env,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def environment(home: Path, port: int, jobs: Jobs) -> dict[str, str]:
    base = f"http://127.0.0.1:{port}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    settings = {
        "CORE__AUTH_MANAGER": FAB,
        "CORE__DAGS_FOLDER": str(Path(__file__).parents[2] / "dags"),
        "CORE__EXECUTION_API_SERVER_URL": f"{base}/execution/",
        "CORE__FERNET_KEY": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__PARALLELISM": "2",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "API__BASE_URL": base,
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__SECRET_KEY": secrets.token_urlsafe(64),
        "API__WORKERS": "1",
        "API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "1",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
    }
    connections = {
        "AIRFLOW_CONN_SPARK": '{"conn_type": "spark", "host": "local[1]"}',
        "AIRFLOW_CONN_SERVING": "postgres://publisher:hidden@127.0.0.1:1/lantern",
    }
    named = {f"AIRFLOW__{name}": value for name, value in settings.items()}
    manifests = {"AIRFLOW_HOME": str(home), "DATASETS_MANIFESTS": str(home / "manifests")}
    return clean | named | connections | manifests | jobs.environment


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    return stand_ins.make(tmp_path_factory.mktemp("stand_ins"))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, jobs: Jobs) -> Iterator[str]:
    """The URL of an Airflow that has loaded the DAGs of two data sets."""
    home = tmp_path_factory.mktemp("airflow")
    (home / "manifests").mkdir()
    (home / "manifests" / "shop.toml").write_text(MANIFEST)
    hasty = re.sub("schedule = .*", f"schedule = {ASKS_QUICKLY}", MANIFEST.replace("Shop", "Hasty"))
    (home / "manifests" / "hasty.toml").write_text(hasty)
    (home / "password").write_text(PASSWORD)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = environment(home, port, jobs)
    set_up = [sys.executable, "-m", "ops.machine.airflow_setup", str(home / "password")]
    subprocess.run(set_up, env=env, check=True, capture_output=True)  # noqa: S603
    base = f"http://127.0.0.1:{port}"
    with terminated_at_the_end() as programs:
        programs += [start("api-server", env=env), start("dag-processor", env=env)]
        wait_until(lambda: answers(f"{base}/api/v2/version"), "answer")
        programs.append(start("scheduler", "--skip-serve-logs", env=env))
        airflow = Airflow(base, login=("admin", PASSWORD))
        wait_until(lambda: {INGEST, RETRAIN, HASTY} <= airflow.dags().keys(), "DAGs")
        wait_until(lambda: scheduler_is_healthy(base), "scheduler")
        yield base


def answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=2).is_success
    except httpx2.TransportError:
        return False


def scheduler_is_healthy(url: str) -> bool:
    health = httpx2.get(f"{url}/api/v2/monitor/health", timeout=5).json()
    return bool(health["scheduler"]["status"] == "healthy")


@pytest.fixture(scope="module")
def admin(url: str) -> Airflow:
    return Airflow(url, login=("admin", PASSWORD))


@pytest.fixture(scope="module")
def viewer(url: str, admin: Airflow) -> Airflow:
    body = {
        "username": "vera",
        "first_name": "Vera",
        "last_name": "V",
        "email": "vera@example.org",
        "password": PASSWORD,
        "roles": [{"name": "Viewer"}],
    }
    created = httpx2.post(
        f"{url}/auth/fab/v1/users",
        json=body,
        headers={"Authorization": f"Bearer {admin.token}"},
    )
    assert created.is_success, created.text
    return Airflow(url, login=("vera", PASSWORD))


@pytest.fixture(scope="module")
def first_start(admin: Airflow) -> dict[str, list[Run]]:
    """The runs of a first start: both DAGs are unpaused, and ingest is triggered."""
    admin.unpause(RETRAIN)
    admin.unpause(INGEST)
    ingest = ended(admin, admin.trigger(INGEST))
    wait_until(lambda: bool(admin.runs(RETRAIN)), "retrain")
    ended(admin, admin.runs(RETRAIN)[0])
    return {INGEST: [ingest], RETRAIN: admin.runs(RETRAIN)}


def ended(airflow: Airflow, run: Run) -> Run:
    """Return the run once it has ended."""
    wait_until(lambda: airflow.run(run).state in ENDED, f"end of {run.dag_id}", timeout=120)
    return airflow.run(run)


def states_of(tasks: list[Task]) -> dict[str, str | None]:
    return {task.task_id: task.state for task in tasks}


def test_dags_has_which_dags_are_paused(admin: Airflow) -> None:
    assert admin.dags()[PAUSED] is True
    admin.unpause(INGEST)
    assert admin.dags()[INGEST] is False


def test_new_rows_trigger_one_retrain_at_a_first_start(
    admin: Airflow, first_start: dict[str, list[Run]]
) -> None:
    (ingest,), (retrain,) = first_start[INGEST], first_start[RETRAIN]
    assert (ingest.state, retrain.state) == ("success", "success")
    assert retrain.run_type == "asset_triggered"
    assert set(states_of(admin.tasks(retrain)).values()) == {"success"}
    assert ingest.seconds > 0


def test_jobs_receive_the_reason_and_their_run_key(
    jobs: Jobs, first_start: dict[str, list[Run]]
) -> None:
    (retrain,) = first_start[RETRAIN]
    words = jobs.call("nominate").words
    assert f"--run-key={RETRAIN}/{retrain.run_id}/nominate" in words
    assert "--reason=New rows" in words


def test_log_returns_the_log_of_a_task(admin: Airflow, first_start: dict[str, list[Run]]) -> None:
    (retrain,) = first_start[RETRAIN]
    decide = next(task for task in admin.tasks(retrain) if task.task_id == "decide")
    log = admin.log(retrain, decide)
    assert "this is decide" in log
    assert "hidden" not in " ".join(log)
    assert decide.name == "Decide: publish or hold"


def test_a_hold_succeeds_and_skips_the_rest(
    admin: Airflow, jobs: Jobs, first_start: dict[str, list[Run]]
) -> None:
    assert first_start
    jobs.end_with(decide=99)
    run = ended(admin, admin.trigger(RETRAIN, {"reason": "a test"}))
    states = states_of(admin.tasks(run))
    assert (run.state, states["decide"]) == ("success", "success")
    assert (states["fit"], states["publish"]) == ("skipped", "skipped")
    assert len(admin.runs(RETRAIN)) == 2


def run_with_question(admin: Airflow) -> tuple[Run, Question]:
    """Start a run and return it with its question, once it has waited for an answer for 3 seconds.

    Airflow can lose an answer that comes before the task's process has ended.
    """
    run = admin.trigger(RETRAIN, {"ask_for_approval": True, "search_budget_minutes": 3})
    assert run.search_minutes == 3
    checks = []

    def is_waiting() -> bool:
        checks.append("awaiting_input" in states_of(admin.tasks(run)).values())
        return len(checks) > N_CHECKS and all(checks[-N_CHECKS:])

    wait_until(is_waiting, "question", timeout=120)
    question = admin.question(run)
    assert question is not None
    return run, question


def test_a_question_shows_the_jobs_output_and_an_approved_run_goes_on(
    admin: Airflow, viewer: Airflow, jobs: Jobs, first_start: dict[str, list[Run]]
) -> None:
    assert admin.question(first_start[RETRAIN][0]) is None
    jobs.end_with()
    run, question = run_with_question(admin)
    assert (question.task_id, question.answer) == ("approve", None)
    assert question.subject == "Shop: publish this model?"
    assert question.body == "INFO this is summarize\n"
    with pytest.raises(NotAllowedError):
        viewer.answer(run, question, approve=True)
    admin.answer(run, question, approve=True)
    with pytest.raises(AirflowError, match="refused PATCH"):
        admin.answer(run, question, approve=False)
    run = ended(admin, run)
    assert set(states_of(admin.tasks(run)).values()) == {"success"}


def test_a_rejected_run_publishes_nothing_and_records_the_operator(
    admin: Airflow, jobs: Jobs, first_start: dict[str, list[Run]]
) -> None:
    assert first_start
    jobs.end_with()
    run, question = run_with_question(admin)
    admin.answer(run, question, approve=False)
    run = ended(admin, run)
    tasks = admin.tasks(run)
    states = states_of(tasks)
    assert (run.state, states["approve"]) == ("success", "success")
    assert (states["fit"], states["publish"]) == ("skipped", "skipped")
    answered = admin.question(run)
    assert answered is not None
    assert (answered.answer, answered.answered_by) == ("Reject", "admin")
    assert admin.questions(RETRAIN)[run.run_id] == answered
    approve = next(task for task in tasks if task.task_id == "approve")
    assert 'rejected operator="admin"' in admin.log(run, approve)


def test_a_run_without_an_answer_in_time_publishes_nothing(admin: Airflow, jobs: Jobs) -> None:
    jobs.end_with()
    admin.unpause(HASTY)
    run = ended(admin, admin.trigger(HASTY))
    states = states_of(admin.tasks(run))
    assert (run.state, states["approve"], states["publish"]) == ("success", "success", "skipped")
    question = admin.question(run)
    assert question is not None
    assert (question.answer, question.answered_by) == ("Reject", None)


@pytest.mark.parametrize(
    "form", [{"search_budget_minutes": 500}, {"recipe": "../x"}, {"reason": "x" * 600}]
)
def test_invalid_values_of_the_form_are_refused(admin: Airflow, form: dict[str, object]) -> None:
    with pytest.raises(AirflowError, match="refused POST"):
        admin.trigger(RETRAIN, form)


def test_user_has_who_is_an_operator(admin: Airflow, viewer: Airflow) -> None:
    assert admin.user() == User("admin", is_operator=True)
    assert viewer.user() == User("vera", is_operator=False)


def test_the_api_accepts_tokens_of_operators_only(
    url: str, admin: Airflow, viewer: Airflow
) -> None:
    operators = Operators(url, seconds=0)
    assert admin.token
    assert viewer.token
    assert operators.name(admin.token) == "admin"
    with pytest.raises(ScopeMissingError, match="'vera' is not an operator"):
        operators.name(viewer.token)
    for invalid in ("not.a.token", admin.token + "x", secrets.token_urlsafe(32)):
        with pytest.raises(KeyRefusedError, match="sign in again"):
            operators.name(invalid)
    operators.close()


def test_a_viewer_cannot_trigger_a_run(viewer: Airflow) -> None:
    with pytest.raises(NotAllowedError):
        viewer.trigger(INGEST)


def test_a_token_can_replace_the_login(url: str, admin: Airflow) -> None:
    assert Airflow(url, token=admin.token).user().name == "admin"


def test_a_wrong_password_is_refused(url: str) -> None:
    with pytest.raises(SignInRefusedError, match="'admin'"):
        Airflow(url, login=("admin", "wrong"))


@pytest.mark.parametrize("token", [None, "not.a.token"])
def test_a_missing_or_invalid_token_is_refused(url: str, token: str | None) -> None:
    with pytest.raises(SignInRefusedError):
        Airflow(url, token=token).dags()


def test_an_unknown_dag_is_an_error(admin: Airflow) -> None:
    with pytest.raises(AirflowError, match="not found"):
        admin.unpause("nobody__ingest")


def test_an_unreachable_airflow_is_an_error_with_the_next_step() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(AirflowUnavailableError, match="lantern up"):
        Airflow(address).dags()
