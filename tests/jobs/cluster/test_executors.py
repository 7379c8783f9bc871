import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark import SparkConf
from pyspark.sql import SparkSession

from jobs.cluster import executors
from jobs.ingestion.delivery import dated_folders
from jobs.runtime import session
from jobs.runtime.errors import JobError

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
MASTER = "spark://127.0.0.1:7077"
SHIPPED = "127.0.0.1"  # the driver's host in conf/spark


def given(master: str, **settings: str) -> SparkConf:
    conf = SparkConf(loadDefaults=False).setMaster(master)
    for name, value in settings.items():
        conf.set(name.replace("_", "."), value)
    return conf


def test_one_machine_has_no_settings_of_a_cluster() -> None:
    variables = {"LAKE_ROOT": "/lake", "OPS_DRIVER_HOST": "10.0.0.1", "OPS_EXECUTOR_MEMORY": "4g"}
    assert session.settings(given("local[2]"), variables, NOW) == {}


def test_executors_get_what_the_settings_say_and_connect_to_the_drivers_address() -> None:
    variables = {
        "OPS_DRIVER_HOST": "10.0.0.1",
        "OPS_EXECUTOR_MEMORY": "4g",
        "OPS_EXECUTOR_CORES": "2",
        "OPS_MAX_CORES": "8",
    }
    assert executors.chosen("yarn", SHIPPED, variables) == {
        "spark.executor.memory": "4g",
        "spark.executor.cores": "2",
        "spark.cores.max": "8",
        "spark.driver.host": "10.0.0.1",
        "spark.driver.bindAddress": "10.0.0.1",
    }


def test_the_address_towards_a_standalone_master_needs_no_setting() -> None:
    assert executors.chosen(MASTER, SHIPPED, {})["spark.driver.host"] == "127.0.0.1"


def test_an_address_in_a_configuration_of_ones_own_is_kept() -> None:
    assert executors.chosen("k8s://https://host", "driver.example.org", {}) == {}


def test_a_driver_that_no_executor_could_reach_does_not_start() -> None:
    with pytest.raises(JobError, match="OPS_DRIVER_HOST is not set"):
        executors.chosen("yarn", SHIPPED, {})


def test_the_secret_of_a_standalone_master_stays_in_the_environment() -> None:
    variables = {"_SPARK_AUTH_SECRET": "secret"}
    settings = session.settings(given(MASTER), variables, NOW)
    assert settings["spark.authenticate.secret"] == "is-in-the-environment"
    assert "secret" not in settings.values()
    assert executors.authentication("yarn", variables) == executors.authentication(MASTER, {}) == {}


def test_checkpoints_are_in_the_lake_unless_set_otherwise() -> None:
    def folder(**variables: str) -> str:
        conf = given("yarn", spark_driver_host="driver")
        return session.settings(conf, {"LAKE_ROOT": "s3a://lake/x", **variables}, NOW)[
            "spark.checkpoint.dir"
        ]

    assert folder() == "s3a://lake/x/.checkpoints/20260105T120000000000"
    assert folder(OPS_CHECKPOINTS="hdfs:///c/") == "hdfs:///c/20260105T120000000000"


def test_a_setting_of_the_configuration_wins_over_a_derived_one() -> None:
    conf = given("yarn", spark_driver_host="driver", spark_checkpoint_dir="hdfs:///mine")
    assert "spark.checkpoint.dir" not in session.settings(conf, {"LAKE_ROOT": "/lake"}, NOW)


def test_executors_can_import_the_packages_of_this_checkout(tmp_path: Path) -> None:
    archive = executors.code(tmp_path)
    with zipfile.ZipFile(archive) as opened:
        names = set(opened.namelist())
    packages = {name.partition("/")[0] for name in names}
    assert packages == {"edge", "faults", "jobs", "ranking", "warehouse"}
    assert "jobs/engine/learning/lists.py" in names


def test_only_folders_of_sessions_of_more_than_a_day_ago_are_removed(
    spark: SparkSession, tmp_path: Path
) -> None:
    names = ["20260103T120000000000", "20260105T110000000000", "of-another-program"]
    for name in names:
        (tmp_path / name / "rdd-1").mkdir(parents=True)
    dated_folders.sweep(spark, str(tmp_path), NOW)
    assert sorted(path.name for path in tmp_path.iterdir()) == names[1:]
    dated_folders.sweep(spark, str(tmp_path / "absent"), NOW)
