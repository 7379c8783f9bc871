import pytest

from dags import common
from ops.machine import database
from ops.machine.airflow import config as airflow_config
from ops.machine.airflow import setup as airflow_setup
from ops.machine.postgres import Server
from ops.settings import OpsSettings
from warehouse import datasets


def test_every_pool_that_the_dags_use_is_created(monkeypatch: pytest.MonkeyPatch) -> None:
    assert airflow_setup.pools(OpsSettings()) == ["spark"]
    monkeypatch.setenv("OPS_SPARK_SLOTS", "per_dataset")
    used = {common.pool(dataset) for dataset in datasets.installed()}
    assert used < {*airflow_setup.pools(OpsSettings())}


def test_another_list_of_pools_is_set_up_at_the_next_start(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks: dict[str, str] = {}
    monkeypatch.setattr(database, "mark", lambda _, name: marks.get(name))
    monkeypatch.setattr(database, "set_mark", lambda _, name, text: marks.update({name: text}))
    airflow_config.set_up(server, ["true"], {"PATH": "/usr/bin:/bin"}, ["spark"])
    assert airflow_config.is_set_up(server, ["spark"])
    assert not airflow_config.is_set_up(server, ["spark", "spark_shop"])
