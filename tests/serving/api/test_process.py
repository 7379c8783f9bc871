import gc
import os

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from serving.api.app import create_app
from serving.api.process import NEW_CONTAINERS
from serving.api.settings import ApiSettings
from serving.storage.database import ServingSettings

AWAY = "postgresql+psycopg2://127.0.0.1:1/away"


@pytest.mark.parametrize("single_cpu", [True, False])
def test_single_cpu_restricts_the_process_to_one_cpu(*, single_cpu: bool) -> None:
    """It applies to the routes' threads, not to the test's: the app runs in a thread of its own."""
    allowed = os.sched_getaffinity(0)
    serving = ServingSettings(database_url=SecretStr(AWAY))
    app = create_app(serving, ApiSettings(single_cpu=single_cpu))
    app.add_api_route("/affinity", lambda: sorted(os.sched_getaffinity(0)))
    with TestClient(app, "http://127.0.0.1") as client:
        affinity = client.get("/affinity").json()

    assert affinity == ([max(allowed)] if single_cpu else sorted(allowed))
    assert os.sched_getaffinity(0) == allowed


def test_garbage_is_collected_seldom_while_the_app_runs() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()

    with TestClient(create_app(ServingSettings(database_url=SecretStr(AWAY)), ApiSettings())):
        assert gc.get_threshold()[0] == NEW_CONTAINERS
        assert gc.get_freeze_count() > before[1]

    assert (gc.get_threshold(), gc.get_freeze_count()) == before
