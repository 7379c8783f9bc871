"""docker-compose.yml and Dockerfile against the compose schema and against the code they name."""

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from ops.compose import env
from ops.machine.airflow import config as airflow_config
from ops.machine.launch import command
from ops.machine.ports import USUAL, Ports
from ops.settings import OpsSettings
from ops.terminal.lake import store_check
from tests.support.kafka import broker
from tests.support.scale import s3_server
from tests.support.serving.server import free_port
from tools.references import SETTINGS_CLASSES

ROOT = Path(__file__).parents[3]
COMPOSE = ROOT / "docker-compose.yml"
S3_VARIABLES = ROOT / "ops" / "compose" / "s3.env"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SPARK_DEFAULTS = (ROOT / "conf" / "spark" / "spark-defaults.conf").read_text().splitlines()
BIN = Path(sys.prefix) / "bin"
AIRFLOW = ("airflow-api", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer")
OURS = (*AIRFLOW, "api", "app")
SPARKS = {"SPARK_MASTER_OPTS", "SPARK_LOCAL_HOSTNAME", "_SPARK_AUTH_SECRET"}
THE_IMAGES = {"POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS", "ROOT_ACCESS_KEY", "ROOT_SECRET_KEY"}
OF_PROFILES = {"s3": "s3", "kafka": "kafka"}
IMAGES = {
    "postgres": "postgres:18",
    "s3": f"versity/versitygw:v{s3_server.VERSION}",
    "kafka": f"apache/kafka:{next(jar.version for jar in broker.JARS if jar.name == 'kafka_2.13')}",
}
AMAZONS = {
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP"),
}
READERS_OF_THE_LAKE = {"airflow-scheduler", "app"}
NUMPYS = {"OPENBLAS_NUM_THREADS"}
SECRET = re.compile(r"\$\{((?:PASSWORD|KEY)_[A-Z_]+):\?[^}]+\}")
OPTIONAL = re.compile(r"\$\{ALERT_[A-Z_]+:-\}")  # of the environment, empty by default
VARIABLE = re.compile(r"\$\{([A-Z_]+)")

Service = dict[str, Any]


@pytest.fixture(scope="module")
def services() -> dict[str, Service]:
    found: dict[str, Service] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def environment(services: dict[str, Service]) -> Iterator[tuple[str, str]]:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            yield name, value or ""  # without a value: that of the shell


def test_it_is_what_the_compose_schema_says() -> None:
    command = [
        str(BIN / "check-jsonschema"),
        "--builtin-schema",
        "vendor.compose-spec",
        str(COMPOSE),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout


def test_the_services_are_those_of_one_machine_and_a_cluster(services: dict[str, Service]) -> None:
    started = {"postgres", *OURS, "init", "spark-master", "spark-worker"}
    assert set(services) == started | set(OF_PROFILES)
    profiles = {name: service.get("profiles") for name, service in services.items()}
    assert {name: of for name, of in profiles.items() if of} == {
        name: [profile] for name, profile in OF_PROFILES.items()
    }


def test_images_of_others_have_the_versions_of_the_tests(services: dict[str, Service]) -> None:
    for name, service in services.items():
        if name in IMAGES:
            assert (service["image"], "build" in service) == (IMAGES[name], False)
        else:
            assert (service["image"], service["build"]) == ("lantern", ".")


@pytest.mark.parametrize("name", OURS)
def test_a_program_runs_as_on_one_machine(services: dict[str, Service], name: str) -> None:
    here = command(name, OpsSettings(), Ports(**USUAL))
    there = services[name]["command"]
    assert [without_host(word) for word in there] == [without_host(word) for word in here][
        : len(there)
    ]


def without_host(word: str) -> str:
    return word.replace("127.0.0.1", "0.0.0.0")  # noqa: S104 # inside a container


def test_every_command_exists(services: dict[str, Service]) -> None:
    for name, service in services.items():
        if name in IMAGES:
            continue
        words: list[str] = service["command"]
        assert (BIN / words[0]).exists(), words
        assert [m for m in modules(words) if importlib.util.find_spec(m) is None] == []
    for name in ("api", "app"):
        module, _, factory = services[name]["command"][3].partition(":")
        source = ast.parse((ROOT / module.replace(".", "/")).with_suffix(".py").read_text())
        assert factory in {node.name for node in source.body if isinstance(node, ast.FunctionDef)}


def test_everything_that_runs_on_has_a_health_check(services: dict[str, Service]) -> None:
    for name, service in services.items():
        if name == "init":
            assert service["restart"] == "no"
            continue
        assert service["restart"] == "unless-stopped"
        check = service["healthcheck"]["test"]
        assert check[0] == "CMD"
        assert [m for m in modules(check) if importlib.util.find_spec(m) is None] == []


def modules(words: list[str]) -> list[str]:
    return [after for word, after in pairwise(words) if word == "-m"]


def test_every_service_is_confined(services: dict[str, Service]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert service["logging"]["options"]["max-size"], name


def test_the_app_reaches_neither_postgres_nor_spark(services: dict[str, Service]) -> None:
    networks = {name: set(service["networks"]) for name, service in services.items()}

    def peers(name: str) -> set[str]:
        return {other for other, of in networks.items() if of & networks[name]} - {name}

    assert peers("app") == {"api", "airflow-api", "s3"}
    assert peers("spark-master") == {"spark-worker", "airflow-scheduler", "s3"}
    assert peers("kafka") == {"airflow-scheduler"}  # who listens and forwards
    assert peers("postgres").isdisjoint({"spark-worker", "s3", "kafka"})
    definitions = yaml.safe_load(COMPOSE.read_text())["networks"]
    assert definitions["data"]["internal"]
    assert definitions["spark"]["internal"]
    assert definitions["kafka"]["internal"]


def test_spark_takes_jobs_only_with_the_secret(services: dict[str, Service]) -> None:
    for name in ("spark-master", "spark-worker", "airflow-scheduler"):
        assert SECRET.fullmatch(services[name]["environment"]["_SPARK_AUTH_SECRET"])
    assert "spark.authenticate true" in {" ".join(line.split()) for line in SPARK_DEFAULTS}
    assert "spark.authenticate.secret" in DOCKERFILE  # else no driver starts


def test_the_lake_can_be_in_s3_and_its_keys_reach_its_readers_alone(
    services: dict[str, Service],
) -> None:
    for name, service in services.items():
        given = service.get("environment", {})
        assert (given.keys() & AMAZONS == AMAZONS) == (name in READERS_OF_THE_LAKE), name
        assert ("LAKE_ROOT" in given) == (name in READERS_OF_THE_LAKE), name
    outside = {name for name, of in services.items() if "downloads" in of["networks"]}
    assert outside == {"airflow-scheduler", "spark-worker"}  # both write tables
    assert "python -m ops.setup.object_store" in DOCKERFILE


def test_the_profile_s3_gives_the_readers_a_lake_that_works(
    services: dict[str, Service], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = dotenv_values(S3_VARIABLES, interpolate=False)
    assert set(variables) == {"LAKE_ROOT", *AMAZONS} - {"AWS_SESSION_TOKEN"}
    service, key = services["s3"], "of-the-test"
    given = {name: SECRET.sub(key, value) for name, value in service["environment"].items()}
    (bucket_folder,) = [volume.split(":")[1] for volume in service["volumes"]]
    bucket = tmp_path / bucket_folder.lstrip("/")
    bucket.mkdir(parents=True)
    port = free_port()
    words = {":7070": f"127.0.0.1:{port}", "/data": str(tmp_path / "data")}
    command = [words.get(word, word) for word in service["command"]]
    for name, value in variables.items():
        of_test = str(value).replace("${KEY_OBJECTS}", key)
        monkeypatch.setenv(name, of_test.replace("s3:7070", f"127.0.0.1:{port}"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with s3_server.started(command, given, tmp_path / "server.log", port):
        assert store_check.problem(f"{os.environ['LAKE_ROOT']}/.doctor") == ""
    assert variables["AWS_ENDPOINT_URL"] == "http://s3:7070"


def test_the_profile_kafka_is_set_as_the_broker_of_the_tests(services: dict[str, Service]) -> None:
    there = {
        name.removeprefix("KAFKA_").replace("_", ".").lower(): value
        for name, value in services["kafka"]["environment"].items()
    }
    places = {"port": 9092, "controller": 9093, "folder": "/var/lib/kafka/data"}
    here = dict(line.split("=", 1) for line in broker.PROPERTIES.format(**places).split())
    differ = {"listeners", "advertised.listeners", "log.dirs"}
    small = {
        *("num.network.threads", "num.io.threads", "log.cleaner.dedupe.buffer.size"),
        *("offsets.topic.num.partitions", "transaction.state.log.num.partitions"),
    }
    assert {n: v for n, v in there.items() if n not in differ} == {
        n: v for n, v in here.items() if n not in differ | small
    }
    assert there["log.dirs"] == services["kafka"]["volumes"][0].split(":")[1]
    host = there["advertised.listeners"].removeprefix("PLAINTEXT://")
    assert host == "kafka:9092"


def test_ports_are_published_on_loopback_only(services: dict[str, Service]) -> None:
    published = {n: p for n, s in services.items() for p in s.get("ports", [])}
    assert published == {
        f"{'airflow-api' if name == 'airflow' else name}": (
            f"127.0.0.1:${{OPS_{name.upper()}_PORT:-{port}}}:{port}"
        )
        for name, port in USUAL.items()
        if name != "postgres"
    }


def test_no_secret_stands_in_the_file(services: dict[str, Service]) -> None:
    text = COMPOSE.read_text()
    assert set(SECRET.findall(text)) == set(env.fresh())
    assert len(SECRET.findall(text)) == len(re.findall(r"\$\{(?:PASSWORD|KEY)_", text))
    for name, value in environment(services):
        if re.search(r"PASSWORD|FERNET|SECRET", name):
            is_of_shell = name in AMAZONS | {"KAFKA_SASL_PASSWORD"} and not value
            assert is_of_shell or SECRET.fullmatch(value) or OPTIONAL.fullmatch(value), name
        for url in re.findall(r"://([^/@]+)@", value):
            assert SECRET.fullmatch(url.partition(":")[2]), name


def test_every_variable_is_one_that_the_code_reads(services: dict[str, Service]) -> None:
    ours = {
        f"{each.model_config.get('env_prefix', '')}{field}".upper()
        for each in SETTINGS_CLASSES
        for field in each.model_fields
    }
    given = {name for name in env.fresh() if name.startswith("PASSWORD_")}
    known = ours | given | SPARKS | THE_IMAGES | NUMPYS | AMAZONS | airflows()
    own = {name: service for name, service in services.items() if name != "kafka"}
    assert {name for name, _ in environment(own)} - known == set()
    interpolated = set(VARIABLE.findall(COMPOSE.read_text()))
    assert interpolated - set(env.fresh()) - ours == set()
    in_image = {name for name, _ in re.findall(r"([A-Z_]+)=(\S+)", DOCKERFILE) if "_" in name}
    pythons = {name for name in in_image if name.startswith("PYTHON")}
    assert in_image - ours - pythons == {
        *("AIRFLOW_HOME", "PYSPARK_PYTHON", "SPARK_CONF_DIR", "VIRTUAL_ENV")
    }


def airflows() -> set[str]:
    from airflow.configuration import conf

    connections = {f"AIRFLOW_CONN_{name}" for name in ("AIRFLOW_METADATA", "SERVING", "SPARK")}
    return connections | {
        f"AIRFLOW__{section}__{option}".upper()
        for section, described in conf.configuration_description.items()
        for option in described["options"]
    }


def test_airflow_is_set_as_on_one_machine(services: dict[str, Service]) -> None:
    differ = {
        "AIRFLOW__API__HOST",
        "AIRFLOW__CORE__DAGS_FOLDER",
        "AIRFLOW__CORE__PLUGINS_FOLDER",
    }
    here = {
        f"AIRFLOW__{section}__{name}": str(value)
        for section, values in airflow_config.SETTINGS.items()
        for name, value in values.items()
    }
    for name in AIRFLOW:
        there = services[name]["environment"]
        assert {n: v for n, v in here.items() if n not in differ and there.get(n) != v} == {}


def test_connections_are_json_and_lead_to_services(services: dict[str, Service]) -> None:
    scheduler = services["airflow-scheduler"]["environment"]
    assert json.loads(scheduler["AIRFLOW_CONN_SERVING"])["host"] in services
    spark = json.loads(scheduler["AIRFLOW_CONN_SPARK"])
    assert spark == airflow_config.spark("spark://spark-master:7077")
    others = [
        services[name].get("environment", {}) for name in services if name != "airflow-scheduler"
    ]
    assert "AIRFLOW_CONN_" not in str(others)


def test_services_wait_for_what_they_need(services: dict[str, Service]) -> None:
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            once = needed == "init"
            wanted = "service_completed_successfully" if once else "service_healthy"
            if_there = {"required": False} if needed in OF_PROFILES else {}
            assert how == {"condition": wanted, **if_there}, (name, needed)
    started: set[str] = set()
    while (
        ready := {n for n, s in services.items() if set(s.get("depends_on", {})) <= started}
        - started
    ):
        started |= ready
    assert started == set(services)


def test_volumes_are_declared_and_belong_to_the_user_of_the_image(
    services: dict[str, Service],
) -> None:
    mounts = [m.split(":") for n, s in services.items() for m in s.get("volumes", [])]
    assert {volume for volume, *_ in mounts} == set(yaml.safe_load(COMPOSE.read_text())["volumes"])
    for volume, path, *_ in mounts:
        assert volume in {"postgres", "objects", "messages"} or f" {path}" in DOCKERFILE


def test_the_record_of_queries_is_on_a_volume_of_the_app_alone(
    services: dict[str, Service],
) -> None:
    folder = str(Path(services["app"]["environment"]["APP_QUERY_LOG"]).parent)
    mounted = {
        name: [mount for mount in service.get("volumes", []) if mount.split(":")[1] == folder]
        for name, service in services.items()
    }
    assert {name for name, mounts in mounted.items() if mounts} == {"app"}
    assert mounted["app"] == [f"queries:{folder}"]  # may be written, and outlives the container


def test_our_containers_may_do_little(services: dict[str, Service]) -> None:
    assert "\nUSER lantern\n" in DOCKERFILE
    for name, service in services.items():
        if name not in IMAGES:
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_image_holds_what_it_copies_and_no_more() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignore if line.startswith("!")}
    assert "*" in ignore
    assert {name for name in let_in if not (ROOT / name).exists()} == set()
    assert let_in.isdisjoint({".env", ".git", ".venv", "var", "tests"})
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "tools"}
    assert packages <= let_in
    copied = re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE)
    for source in " ".join(copied).split():
        assert (ROOT / source).exists()
        assert source == "." or Path(source).parts[0] in let_in


def test_the_image_checks_what_it_installs() -> None:
    version = re.search(r"^FROM python:3\.(\d+)-slim", DOCKERFILE, re.MULTILINE)
    assert version is not None
    assert int(version[1]) in {11, 12}
    assert "--require-hashes --requirement requirements.lock" in DOCKERFILE
    assert "python -m ops.setup.jars" in DOCKERFILE
    assert not re.search(r"https?://", DOCKERFILE)


def test_on_the_cluster_the_driver_can_be_reached() -> None:
    found = re.search(r"grep -Ev '([^']+)'", DOCKERFILE)
    assert found is not None
    kept = [line for line in SPARK_DEFAULTS if not re.search(found[1], line)]
    assert [line for line in kept if "127.0.0.1" in line] == []
    assert any("DeltaSparkSessionExtension" in line for line in kept)
