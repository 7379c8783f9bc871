"""Tests of the OpenLineage events of jobs."""

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from jobs.runtime import entrypoint
from jobs.runtime.errors import EmptyFileError
from jobs.runtime.lineage_settings import LineageSettings
from tests.support import http_server
from tests.support.jobs.lineage import run, sent, versions, write
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_LANDINGS,
    GOLD_FITS,
    GOLD_FREEZES,
    GOLD_RECOMMENDATIONS,
    SILVER_INTERACTIONS,
)


def test_start_and_end_are_of_one_run_below_the_dags_run(events: Path) -> None:
    run("fit")

    start, end = sent(events)
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == end["run"]["runId"]
    assert end["job"]["name"] == "product__retrain.fit"
    parent = end["run"]["facets"]["parent"]
    assert parent["job"]["name"] == "product__retrain"
    run("decide")
    other = sent(events)[-1]
    assert other["run"]["facets"]["parent"]["run"] == parent["run"]
    assert other["run"]["runId"] != end["run"]["runId"]
    assert "inputs" not in start or not start["inputs"]


def test_a_fit_names_the_frozen_versions_and_those_that_it_wrote(events: Path) -> None:
    lake = run("freeze")
    refine = RunKey("product__ingest", "one", "refine")
    frozen = write(lake, SILVER_INTERACTIONS, refine)
    key = RunKey("product__retrain", "one", "fit")
    frozen_versions = [("silver.interactions", frozen), ("silver.of_an_older_lantern", 1)]
    freeze = {"retrain_id": key.retrain_id, "versions": frozen_versions}
    write(lake, GOLD_FREEZES, RunKey("product__retrain", "one", "freeze"), **freeze)
    write(lake, SILVER_INTERACTIONS, RunKey("product__ingest", "two", "refine"), user_id="later")
    lists = write(lake, GOLD_RECOMMENDATIONS, key)
    write(lake, GOLD_FITS, RunKey("product__retrain", "another", "fit"), versions=[])

    run("fit")

    end = sent(events)[-1]
    assert versions(end["inputs"]) == {"silver/interactions": str(frozen)}
    assert versions(end["outputs"]) == {"gold/recommendations": str(lists)}
    [written] = end["outputs"]
    assert (written["namespace"], written["name"]) == ("file", GOLD_RECOMMENDATIONS.uri(lake.root))
    fields = [each["name"] for each in written["facets"]["schema"]["fields"]]
    assert fields == list(GOLD_RECOMMENDATIONS.names)


def test_a_landing_names_its_files_and_a_publication_the_lists(events: Path) -> None:
    lake = run("freeze")
    for run_id, file in (("one", "mine.csv"), ("two", "other.csv")):
        key = RunKey("product__ingest", run_id, "land")
        write(lake, BRONZE_LANDINGS, key, run_key=str(key), source_file=file, replaces=[])

    run("land")
    assert [each["name"] for each in sent(events)[-1]["inputs"]] == [
        str(events.parents[1] / "inbox" / "product" / "mine.csv")
    ]
    run("publish")
    assert sent(events)[-1]["outputs"][-1]["name"] == "product.lists"


@pytest.mark.parametrize("is_blocked", [True, False])
def test_a_file_that_cannot_be_written_does_not_fail_the_job(
    events: Path, caplog: pytest.LogCaptureFixture, *, is_blocked: bool
) -> None:
    if is_blocked:
        events.parent.write_text("a file where the folder has to be")
    else:
        events.mkdir(parents=True)

    run("fit")

    reason = "FileExistsError" if is_blocked else "IsADirectoryError"
    assert caplog.messages == [f"an OpenLineage event was not sent: {reason}"] * 2


def test_a_table_that_cannot_be_read_does_not_fail_the_job(
    events: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lake = run("freeze")
    write(lake, SILVER_INTERACTIONS, RunKey("product__ingest", "one", "refine"))
    for commit in Path(SILVER_INTERACTIONS.uri(lake.root), "_delta_log").glob("*.json"):
        commit.write_text("no commit")

    run("backtest")

    assert "no lineage of product__retrain/one/backtest: DeltaError" in caplog.text
    assert sent(events)[-1]["eventType"] == "COMPLETE"


def test_a_job_that_fails_says_why(events: Path) -> None:
    run("fit", failure=EmptyFileError("product: ratings.csv holds no row"))

    end = sent(events)[-1]
    assert end["eventType"] == "FAIL"
    message = end["run"]["facets"]["errorMessage"]["message"]
    assert message == "EmptyFileError: product: ratings.csv holds no row"


@pytest.mark.usefixtures("events")
def test_a_server_gets_the_events_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[tuple[str, str | None, dict[str, Any]]] = []

    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append((self.path, self.headers["Authorization"], body))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with http_server.serving(Server) as url:
        monkeypatch.setenv("LINEAGE_URL", url)
        monkeypatch.setenv("LINEAGE_API_KEY", "secret-of-a-test")
        run("fit")

    assert [(path, key) for path, key, _ in got] == [
        ("/api/v1/lineage", "Bearer secret-of-a-test")
    ] * 2
    assert [body["eventType"] for *_, body in got] == ["START", "COMPLETE"]


@pytest.mark.usefixtures("events")
def test_a_server_that_is_down_does_not_fail_the_job(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with http_server.serving(BaseHTTPRequestHandler) as url:
        pass  # its port is free again
    monkeypatch.setenv("LINEAGE_URL", url)

    with pytest.raises(SystemExit, match="0"):
        entrypoint.run(_job)

    assert [m for m in caplog.messages if "OpenLineage" in m] == [
        "an OpenLineage event was not sent: ConnectionError"
    ] * 2


@pytest.mark.usefixtures("events")
def test_a_server_that_sends_header_fields_without_end_does_not_hold_the_job(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("jobs.runtime.lineage_events.IN_ALL_SECONDS", 0.5)
    with http_server.dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n") as port:
        monkeypatch.setenv("LINEAGE_URL", f"http://127.0.0.1:{port}")

        with pytest.raises(SystemExit, match="0"):
            entrypoint.run(_job)

    assert [m for m in caplog.messages if "OpenLineage" in m] == [
        "an OpenLineage event was not sent: TimeoutError"
    ] * 2


def _job() -> None:
    options = ["--dataset", "product", "--run-key", "product__retrain/one/fit"]
    entrypoint.job(entrypoint.parser("fit", "A job.").parse_args(options))


@pytest.mark.parametrize("url", ["events.jsonl", "file://host/events", "ftp://host", "https://"])
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="write file:///folder/"):
        LineageSettings(url=url)


def test_without_an_address_nothing_is_sent(events: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_URL", "")
    run("fit")
    assert not events.exists()
