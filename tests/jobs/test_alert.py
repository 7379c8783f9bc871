"""Alerts about a data set: sent once, again if they were missed, and resolved once."""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from jobs import alert
from jobs.alerting import targets
from jobs.alerting.gathering import Sources
from jobs.alerting.reported import FILE, InFile
from jobs.alerting.settings import AlertSettings
from jobs.alerting.targets import DeliveryError
from jobs.runtime.errors import NotCheckedError
from monitoring.alerts import Notice
from monitoring.levels import Line
from serving.monitoring import measurements
from serving.storage import database
from serving.users import accounts
from tests.support.jobs.product import product
from tests.support.serving import shop
from tests.support.serving.server import as_role
from warehouse.append import append
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.settings import LakeSettings
from warehouse.tables import BRONZE_LANDINGS, SILVER_REFINEMENTS

AWAY = "postgresql+psycopg2://publisher:canary@127.0.0.1:1/lantern"
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
EVENT = text(
    "insert into outbox (event_id, idempotency_key, kind, user_id, item_id, rating, occurred_at,"
    " received_at, sent_by) values (:id, :id, 'rate', 'canary', 'a', 3, :at, :at, 'shop')"
)


@dataclass
class Chat:
    """A target that keeps what it gets, and may be down."""

    name: str = "webhook"
    is_down: bool = False
    notices: list[Notice] = field(default_factory=list)

    def send(self, notices: Sequence[Notice]) -> None:
        """Keep the notices."""
        if self.is_down:
            raise DeliveryError("the webhook: ConnectError")
        self.notices += notices

    def taken(self) -> list[tuple[str, str, str]]:
        """Return data set, change and check of the notices since the last call."""
        taken = [(each.dataset, each.change, each.line.check) for each in self.notices]
        self.notices.clear()
        return sorted(taken)


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Chat:
    chat = Chat()
    monkeypatch.setattr(targets, "of", lambda _: [targets.Log(), chat])
    return chat


@pytest.fixture
def lake(tmp_path: Path) -> LakeSettings:
    return LakeSettings(root=str(tmp_path), inbox=str(tmp_path))


@pytest.fixture
def engine_of_another(committing: str) -> Iterator[Engine]:
    """The engine of a second data set without a release."""
    database.migrate(committing, "other_shop")
    database.grant(committing, "other_shop")
    engine = database.connect(as_role(committing, "publisher"), "other_shop")
    yield engine
    engine.dispose()


@pytest.fixture
def loaded(publisher: Engine, lake: LakeSettings) -> Sources:
    """A data set with a release and a file."""
    root = lake.of("product")
    shop.release(publisher, "one", instead_of=None)
    landing: dict[str, Any] = {
        "landing_id": "x",
        "target": "ratings",
        "source_file": "x",
        "sha256": "x",
    }
    landing |= {"n_rows": 100, "run_key": "x", "landed_at": NOW - HOUR}
    refined: dict[str, Any] = {
        "landing_id": "x",
        "target": "ratings",
        "n_rows": 100,
        "n_accepted": 97,
    }
    refined |= {"n_duplicates": 0, "n_quarantined": 3, "n_unknown_items": 0, "run_key": "x"}
    key = RunKey("product__ingest", "one", "land")
    append(root, BRONZE_LANDINGS, [landing], run_key=key)
    append(root, SILVER_REFINEMENTS, [refined | {"refined_at": NOW}], run_key=key)
    return Sources(product(), Lake(root), publisher, None, {"API": True})


def away(sources: Sources) -> Sources:
    """Return the data set while Postgres is down, and no service has an address."""
    return replace(sources, postgres=create_engine(AWAY), services={})


def run(sources: Sequence[Sources], lake: LakeSettings, now: datetime = NOW) -> int:
    return alert.run(sources, lake, AlertSettings(), now=now)


def test_an_alert_is_sent_once_then_as_a_reminder_then_as_resolved(
    loaded: Sources, lake: LakeSettings, chat: Chat
) -> None:
    assert run([loaded], lake) == 0
    assert chat.taken() == [("product", "new", "quarantine")]
    run([loaded], lake, NOW + HOUR)
    assert chat.taken() == []
    run([loaded], lake, NOW + 25 * HOUR)
    assert ("product", "reminder", "quarantine") in chat.taken()

    lenient = product(promises={"quarantine_share": 0.5})
    run([replace(loaded, dataset=lenient)], lake)
    assert ("product", "resolved", "quarantine") in chat.taken()
    run([replace(loaded, dataset=lenient)], lake)
    assert chat.taken() == []


def test_a_target_that_was_down_gets_what_it_missed_and_the_run_does_not_fail(
    loaded: Sources, lake: LakeSettings, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    chat.is_down = True
    assert run([loaded], lake) == 1
    assert 'alert_not_delivered target=webhook cause="the webhook: ConnectError"' in caplog.text
    chat.is_down = False

    caplog.clear()
    with caplog.at_level(logging.INFO):
        assert run([loaded], lake, NOW + HOUR) == 0

    assert chat.taken() == [("product", "new", "quarantine")]
    assert "alert dataset" not in caplog.text  # the log has had it


def test_every_kind_of_alert_is_sent_and_names_no_user(
    loaded: Sources, lake: LakeSettings, owner: Engine, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    with owner.begin() as connection:
        accounts.erase(connection, "canary-erased", requested_by="canary-operator")
        connection.execute(text("update erasures set requested_at = now() - interval '3 days'"))
        connection.execute(EVENT, {"id": "1", "at": NOW - 2 * HOUR})
        connection.execute(
            text(
                "update releases set publishing_paused_by = 'canary', publishing_paused_at = now()"
            )
        )
        for number in range(3):
            connection.execute(
                text(
                    "insert into verdicts (retrain_id, verdict, reason, criteria, comparisons,"
                    " decided_at) values (:id, 'hold', 'canary', '[]', '[]', now())"
                ),
                {"id": f"r{number}"},
            )

    with caplog.at_level(logging.INFO):
        run([replace(loaded, services={"API": False, "App": True})], lake)

    messages = json.dumps([str(notice) for notice in chat.notices]) + caplog.text
    assert "canary" not in messages
    assert {check for _, _, check in chat.taken()} == {
        "champion_kept", "erasures", "outbox", "publishing", "quarantine", "services",
    }  # fmt: skip


def test_the_platform_is_reported_once_for_all_data_sets(
    loaded: Sources, lake: LakeSettings, chat: Chat, engine_of_another: Engine
) -> None:
    down: dict[str, Any] = {"services": {"API": False}}
    other = replace(loaded, dataset=product(name="other"), postgres=engine_of_another)

    run([replace(loaded, **down), replace(other, **down)], lake)

    checks = [check for _, _, check in chat.taken()]
    assert checks.count("services") == 1
    assert checks.count("quarantine") == 2
    run([replace(loaded, **down), replace(other, **down)], lake)
    assert chat.taken() == []


def test_a_data_set_that_was_never_loaded_has_no_alert(
    publisher: Engine, lake: LakeSettings, chat: Chat
) -> None:
    empty = Sources(product(), Lake(lake.of("product")), publisher, None, {})

    run([empty], lake)

    assert chat.taken() == []


def test_without_postgres_the_run_fails_after_the_others(
    loaded: Sources, lake: LakeSettings, chat: Chat
) -> None:
    unknown = replace(loaded, dataset=product(name="other"), lake=Lake(lake.of("other")))

    with pytest.raises(NotCheckedError, match="other: not checked"):
        run([away(unknown), loaded], lake)

    assert chat.taken() == [("product", "new", "quarantine")]


def test_without_postgres_alerts_say_so_once_with_what_the_lake_knows(
    loaded: Sources, lake: LakeSettings, chat: Chat
) -> None:
    with pytest.raises(NotCheckedError):
        run([away(loaded)], lake)

    [services] = [each.line for each in chat.notices if each.line.check == "services"]
    assert services.detail == "Postgres does not answer."
    assert chat.taken() == [("product", "new", "quarantine"), ("product", "new", "services")]
    for later, change in ((NOW + HOUR, []), (NOW + 25 * HOUR, ["reminder", "reminder"])):
        with pytest.raises(NotCheckedError):
            run([away(loaded)], lake, later)
        assert [taken[1] for taken in chat.taken()] == change

    run([loaded], lake, NOW + 26 * HOUR)
    assert chat.taken() == [("product", "resolved", "services")]  # the quarantine is not new
    run([loaded], lake, NOW + 26 * HOUR)
    assert chat.taken() == []


def test_a_target_that_was_down_with_postgres_gets_what_it_missed(
    loaded: Sources, lake: LakeSettings, chat: Chat
) -> None:
    chat.is_down = True
    with pytest.raises(NotCheckedError):
        run([away(loaded)], lake)
    chat.is_down = False

    with pytest.raises(NotCheckedError):
        run([away(loaded)], lake)

    assert ("product", "new", "services") in chat.taken()


@pytest.mark.parametrize("content", ["{", '{"product": 1}', None])
def test_a_note_that_cannot_be_read_repeats_alerts(
    loaded: Sources, lake: LakeSettings, chat: Chat, content: str | None
) -> None:
    """Nothing is lost: the file is a folder, or has something else in it."""
    file = Path(lake.root, FILE)
    file.mkdir() if content is None else file.write_text(content)

    for _ in range(2):
        with pytest.raises(NotCheckedError):
            run([away(loaded)], lake)
        assert ("product", "new", "services") in chat.taken()
        if content is None:
            continue
        assert file.read_bytes().startswith(b'{"product":{"')
        file.write_text(content)


def test_a_lake_in_an_object_store_has_no_note(tmp_path: Path) -> None:
    noted = InFile.of(LakeSettings(root="s3a://lake", inbox=str(tmp_path)), "product")
    line = Line("services", "Services", "error", "1 down", "Postgres does not answer.")

    noted.add("webhook", Notice("product", "new", line, NOW), NOW)

    assert noted.reported("webhook") == {}


def test_figures_are_recorded_for_prometheus(
    loaded: Sources, lake: LakeSettings, chat: Chat, publisher: Engine
) -> None:
    run([loaded], lake)
    run([loaded], lake, NOW + HOUR)
    assert chat.notices

    with publisher.connect() as connection:
        figures, measured_at = measurements.newest(connection)

    values = {(each.name, each.subject): each.value for each in figures}
    assert measured_at == NOW + HOUR
    assert values["status", "quarantine"] == 1
    assert ("status", "approval") not in values  # Airflow's database is not known
    assert values["status", "disk"] in {0, 1, 2}
    assert values["reconciled", ""] == 1
    assert values["holds_in_a_row", ""] == 0
    assert values["lake_disk", "free"] > 0
