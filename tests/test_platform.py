"""The platform as a new operator starts it: from one command to lists on a page.

It comes up in a temporary folder on free ports; real Airflow runs real Spark on a small playground.
"""

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
import pytest

from ops.machine import credentials, ports, processes
from ops.machine.stack import Stack
from ops.machine.supervisord import until
from ops.settings import ROOT, OpsSettings
from ops.terminal import cli, demo, doctor, follow
from tests.support.quick_spark import quick_spark
from tests.support.scraped import by_label
from warehouse import datasets
from warehouse.query import Lake
from warehouse.reconciliation import reconcile

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

DATASET, EVENTS = "playground", 30_000
AGAIN_SECONDS = 20


@dataclass(frozen=True)
class Platform:
    """A running platform, and what the demo said while it came up."""

    stack: Stack
    said: str


def lantern(*arguments: str) -> tuple[int, str]:
    """Run the command line in this process, where coverage sees it; return exit code and output."""
    said, before = io.StringIO(), sys.argv
    sys.argv = ["lantern", *arguments]
    try:
        with redirect_stdout(said), redirect_stderr(said):
            cli.main()
    except SystemExit as ended:
        return int(ended.code or 0), said.getvalue()
    finally:
        sys.argv = before
    return 0, said.getvalue()


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    folder = Path(tempfile.mkdtemp(prefix="lantern-stack-"))
    folder.chmod(0o711)  # Postgres' user must get through
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPS_VAR", str(folder / "var"))
        patch.setenv("OPS_HEALTH_TIMEOUT", "600")
        patch.setenv("OPS_SPARK_CONF", str(quick_spark(folder / "spark")))
        for name in ports.USUAL:
            patch.setenv(f"OPS_{name.upper()}_PORT", str(ports.free()))
        for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
            patch.delenv(name)
        stack = Stack(OpsSettings())
        try:
            code, said = lantern("demo", "--dataset", DATASET, "--size", str(EVENTS))
            assert code == 0, said
            yield Platform(stack, said)
        finally:
            lantern("down")
            processes.end(processes.of(stack.settings.folder))
            shutil.rmtree(folder)


def test_the_demo_ends_with_addresses_a_password_file_and_its_time(platform: Platform) -> None:
    for address in ports.addresses(platform.stack.ports).values():
        assert address in platform.said
    assert str(platform.stack.settings.secrets) in platform.said
    assert "Done in" in platform.said


def test_every_program_is_healthy(platform: Platform) -> None:
    assert lantern("status")[0] == 0
    assert [found for found in doctor.examine(platform.stack.settings) if not found.good] == []


def test_airflow_ran_one_ingest_and_the_one_retrain_that_it_started(platform: Platform) -> None:
    airflow = demo.airflow_client(platform.stack)
    (ingest,) = airflow.runs(f"{DATASET}__ingest")
    (retrain,) = airflow.runs(f"{DATASET}__retrain")
    assert (ingest.state, ingest.run_type) == ("success", "manual")
    assert (retrain.state, retrain.run_type) == ("success", "asset_triggered")
    assert {task.state for task in airflow.tasks(retrain)} == {"success"}


def test_one_jvm_ran_all_spark_jobs(platform: Platform) -> None:
    log = platform.stack.settings.logs / "spark-jvm.log"
    assert log.read_text().count("jvm_started") == 1


def test_only_the_demos_own_dags_may_run(platform: Platform) -> None:
    paused = demo.airflow_client(platform.stack).dags()
    n_taking_feedback = sum(dataset.takes_feedback for dataset in datasets.installed())
    assert len(paused) == 4 * len(datasets.installed()) + n_taking_feedback + 1  # of alerts
    assert {dag for dag, is_paused in paused.items() if not is_paused} == {
        f"{DATASET}__ingest",
        f"{DATASET}__collect",
        f"{DATASET}__retrain",
        f"{DATASET}__maintain",
        "platform__alert",
    }


def test_the_status_is_checked_and_exported(platform: Platform) -> None:
    airflow = demo.airflow_client(platform.stack)
    run = follow.follow(airflow, follow.start(airflow, "platform__alert"))
    assert run.state == "success"
    url = f"{ports.addresses(platform.stack.ports)['api']}/metrics"

    def scraped(name: str, label: str) -> dict[str, float]:
        return by_label(httpx2.get(url, trust_env=False).text, name, label, dataset=DATASET)

    until(lambda: bool(scraped("lantern_status", "check")), "the metrics", AGAIN_SECONDS)
    levels = scraped("lantern_status", "check")
    for check in ("services", "dag_ingest", "dag_retrain", "reconciliation", "release_age"):
        assert levels[check] == 0, check
    assert scraped("lantern_task_last_success_seconds", "task")["fit"] > 0


def test_the_api_gives_a_list_with_titles(platform: Platform) -> None:
    found = demo.example_list(platform.stack, DATASET)
    assert found is not None
    assert found.kind in {"batch", "live"}
    assert len({item.item_id for item in found.items}) == 10
    assert all(item.title for item in found.items)
    assert demo.example_list(platform.stack, "movielens_1m") is None


@pytest.mark.browser
@pytest.mark.skipif(doctor.browser() is None, reason="no Chromium: NOT TESTED")
def test_the_page_shows_the_titles_that_the_api_gives(platform: Platform) -> None:
    from playwright.sync_api import sync_playwright

    with demo.api_client(platform.stack, DATASET) as api:
        found = api.recommendations("a-new-visitor")
    address = ports.addresses(platform.stack.ports)["app"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=doctor.browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page()
        page.goto(address)
        page.get_by_text(found.items[0].title).first.wait_for(timeout=60_000)
        chromium.close()


def test_everything_listens_on_loopback_only(platform: Platform) -> None:
    addresses = set()
    for process in processes.of(platform.stack.settings.folder):
        with suppress(psutil.NoSuchProcess):  # it ended, so it listens no more
            connections = psutil.Process(process.pid).net_connections("tcp")
            addresses |= {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN}
    assert addresses
    assert addresses <= {"127.0.0.1", "::ffff:127.0.0.1"}  # the second is how Java writes it


def test_no_secret_is_in_any_log(platform: Platform) -> None:
    settings = platform.stack.settings
    secrets = [path.read_text() for path in settings.secrets.iterdir() if path.suffix != ".json"]
    logs = [*settings.logs.glob("*.log*"), *(settings.airflow / "logs").rglob("*.log")]
    assert len(logs) > len(secrets)
    for log in logs:
        text = log.read_text(errors="replace")
        assert not [secret for secret in secrets if secret in text], log


@pytest.mark.usefixtures("platform")
def test_a_second_demo_says_that_all_is_there_within_seconds() -> None:
    command = [str(Path(sys.executable).parent / "lantern"), "demo", "--dataset", DATASET]
    begun = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    took = time.monotonic() - begun
    assert done.returncode == 0
    assert "has lists already" in done.stdout
    assert took < AGAIN_SECONDS


def test_a_rollback_without_an_earlier_release_changes_nothing(platform: Platform) -> None:
    code, said = lantern("rollback", "--dataset", DATASET, "--reason", "a test")
    assert code == 1
    assert "Nothing changed" in said
    assert lantern("resume", "--dataset", DATASET)[0] == 0
    assert demo.example_list(platform.stack, DATASET) is not None


@pytest.mark.usefixtures("platform")
def test_a_release_that_is_not_kept_cannot_be_made_again() -> None:
    code, said = lantern("rebuild", "99", "--dataset", DATASET)
    assert code == 1
    assert "keeps no release 99; kept: 1." in said


@pytest.mark.journey
@pytest.mark.usefixtures("platform")
def test_the_release_is_made_again_from_its_ledger_with_the_same_lists() -> None:
    assert lantern("rebuild", "1", "--dataset", DATASET)[0] == 0


@pytest.mark.journey
@pytest.mark.browser
@pytest.mark.skipif(doctor.browser() is None, reason="no Chromium: NOT TESTED")
def test_the_next_model_has_a_new_user_who_rated(platform: Platform) -> None:
    from playwright.sync_api import expect, sync_playwright

    from tests.support.dashboards.browsing import at_rest, own_user

    stack = platform.stack
    with sync_playwright() as playwright, demo.api_client(stack, DATASET) as api:
        chromium = playwright.chromium.launch(
            executable_path=doctor.browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page()
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        page.goto(ports.addresses(stack.ports)["app"])
        page.get_by_text("New here? Rate a few").wait_for()
        expect(page.get_by_text("Popular with everyone", exact=True)).to_be_visible()
        secret = credentials.of(stack.settings).of("visitors")
        user_id = own_user(page, DATASET, secret)
        cards = page.locator(".st-key-shelf-picked [class*=st-key-card-picked]")
        for nth in range(5):
            at_rest(page)
            title = cards.nth(nth).locator("[class*=st-key-open-picked]").inner_text()
            cards.nth(nth).get_by_test_id("stFeedback").locator("button").last.click()
            expect(page.get_by_text(f"You gave {title} 5 stars")).to_be_visible()
        assert api.ratings(user_id).total == 5
        expect(page.locator(".stMarkdownBadge", has_text="Updated")).to_be_visible()
        found = api.recommendations(user_id, explain=True)
        assert (found.kind, found.n_new_ratings) == ("live", 5)
        for item in found.items[:3]:
            assert item.reason
            words = item.reason.text[:1].upper() + item.reason.text[1:]
            expect(page.get_by_text(words).first).to_be_visible()

        airflow = demo.airflow_client(stack)
        collected = follow.follow(airflow, airflow.trigger(f"{DATASET}__collect"))
        assert collected.state == "success"
        code, said = lantern("retrain", "--dataset", DATASET, "--wait")
        assert code == 0, said
        closed = reconcile(Lake(str(stack.settings.lake / DATASET)))
        assert closed.balances, closed
        assert (closed.n_outbox, closed.n_accepted, closed.n_waiting) == (5, 5, 0)
        assert api.outbox().n_waiting == 0
        assert api.recommendations(user_id).kind == "batch"
        page.reload()
        expect(page.get_by_text("Picked for you")).to_be_visible()
        chromium.close()


def test_a_killed_program_comes_back(platform: Platform) -> None:
    before = platform.stack.supervisord.program("api")
    os.kill(before.pid, 9)
    until(lambda: platform.stack.health()("api"), "the API", 120)
    assert demo.example_list(platform.stack, DATASET) is not None
    assert platform.stack.supervisord.program("api").pid != before.pid


def test_what_a_killed_scheduler_left_behind_is_ended(platform: Platform) -> None:
    def pids() -> set[int]:
        return {each.pid for each in processes.of(folder, program=name)}

    folder, name = platform.stack.settings.folder, "airflow-scheduler"
    before = pids()
    os.kill(platform.stack.supervisord.program(name).pid, 9)
    assert len(before) > 1  # its workers
    until(lambda: bool(pids()) and not before & pids(), "a new scheduler without old workers", 120)


@pytest.mark.soak
def test_down_leaves_no_process_and_up_brings_the_lists_back(platform: Platform) -> None:
    before = platform.stack.ports
    assert lantern("down")[0] == 0
    assert processes.of(platform.stack.settings.folder) == []
    assert all(ports.is_free(port) for port in vars(before).values())
    assert lantern("up")[0] == 0
    assert platform.stack.ports == before
    assert demo.example_list(platform.stack, DATASET) is not None
