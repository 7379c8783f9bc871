import json
import sys
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings
from sqlalchemy import make_url

from ops.errors import OpsError
from ops.machine import credentials, environment, launch
from ops.machine.airflow import config as airflow_config
from ops.machine.ports import USUAL, Ports
from ops.machine.postgres import Server
from ops.machine.supervisord import PROGRAMS
from ops.settings import ROOT, OpsSettings
from serving.storage.database import ServingSettings
from tools.references import SETTINGS_CLASSES
from warehouse import datasets

PORTS = Ports(**USUAL)


def test_only_airflow_knows_airflows_keys_and_only_the_api_the_apis_password(
    settings: OpsSettings,
) -> None:
    made = {name: environment.of(name, settings, PORTS) for name in PROGRAMS}
    secrets = credentials.of(settings)
    for name, variables in made.items():
        is_airflow = name.startswith("airflow")
        assert ("AIRFLOW__CORE__FERNET_KEY" in variables) == is_airflow
        runs_tasks = name == "airflow-scheduler"
        assert (secrets.of("publisher") in str(variables)) == runs_tasks
        assert any(key.startswith("AIRFLOW_CONN_") for key in variables) == runs_tasks
        assert ("SERVING_DATABASE_URL" in variables) == (name == "api")
        assert secrets.of("lantern_owner") not in str(variables)
    assert "DEMO_KEYS_FILE" in made["app"]
    readers = [name for name, of in made.items() if secrets.of("visitors") in str(of)]
    assert readers == ["app"]


def test_the_only_api_keeps_to_one_processor_unless_a_person_says_otherwise(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert environment.of("api", settings, PORTS)["API_SINGLE_CPU"] == "true"
    monkeypatch.setenv("API_SINGLE_CPU", "false")
    assert environment.of("api", settings, PORTS)["API_SINGLE_CPU"] == "false"


def test_the_shells_own_variables_do_not_leak_and_a_persons_settings_win(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "Strange")
    monkeypatch.setenv("SPARK_HOME", "/strange")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("LAKE_ROOT", "s3a://bucket/lake")
    variables = environment.of("airflow-scheduler", settings, PORTS)
    assert variables["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert "PGPORT" not in variables
    assert variables["SPARK_HOME"] != "/strange"
    assert variables["LAKE_ROOT"] == "s3a://bucket/lake"
    assert variables["LAKE_INBOX"] == str(settings.inbox)


def test_the_keys_of_a_lake_in_s3_reach_the_programs_that_read_it_alone(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def readers() -> set[str]:
        made = {name: environment.of(name, settings, PORTS) for name in (*PROGRAMS, "job")}
        return {name for name, of in made.items() if of.get("AWS_SECRET_ACCESS_KEY") == "secret"}

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert readers() == set()
    monkeypatch.setenv("LAKE_ROOT", "s3a://bucket/lake")
    assert readers() == {"airflow-scheduler", "app", "job"}


@pytest.mark.parametrize("of_class", SETTINGS_CLASSES)
def test_a_documented_setting_reaches_a_program(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch, of_class: type[BaseSettings]
) -> None:
    if of_class is ServingSettings:  # its URL has a password, and is derived
        return
    name = f"{of_class.model_config['env_prefix']}{[*of_class.model_fields][-1]}".upper()
    monkeypatch.setenv(name, "chosen")
    assert "chosen" in {environment.of(program, settings, PORTS).get(name) for program in PROGRAMS}


def test_only_the_app_gets_the_secret_of_visitors_from_the_shell(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISITOR_SECRET", "of the shell")
    readers = [
        name
        for name in PROGRAMS
        if "of the shell" in environment.of(name, settings, PORTS).values()
    ]
    assert readers == ["app"]


def test_only_airflow_and_jobs_get_the_key_of_lineage(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINEAGE_API_KEY", "canary")
    having = {
        program
        for program in PROGRAMS
        if "canary" in environment.of(program, settings, PORTS).values()
    }

    assert having == {name for name in PROGRAMS if name.startswith(("airflow", "job"))}
    assert "app" not in having


def test_only_the_scheduler_gets_the_settings_of_alerts(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_SMTP_PASSWORD", "of the shell")
    for name in PROGRAMS:
        variables = environment.of(name, settings, PORTS)
        has_password = variables.get("ALERT_SMTP_PASSWORD") == "of the shell"
        assert has_password == (name == "airflow-scheduler")
        assert ("ALERT_API_URL" in variables) == (name == "airflow-scheduler")


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_get_no_variable_that_is_not_listed(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    canaries = ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PYTHONPATH", "LD_PRELOAD", "MY_PASSWORD")
    for name in canaries:
        monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:canary@proxy:1")

    variables = environment.of(program, settings, PORTS)

    assert not variables.keys() & set(canaries)
    assert ("HTTPS_PROXY" in variables) == program.startswith("airflow")


def test_an_operator_names_further_variables(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    named = settings.model_copy(update={"inherit": ("AWS_*",)})
    assert environment.of("app", named, PORTS)["AWS_ACCESS_KEY_ID"] == "id"


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_loopback_never_passes_a_proxy(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "internal")
    for program in PROGRAMS:
        variables = environment.of(program, settings, PORTS)
        assert variables["NO_PROXY"] == variables["no_proxy"]
        assert {"127.0.0.1", "localhost"} <= set(variables["NO_PROXY"].split(","))
        assert "internal" in variables["NO_PROXY"]


def test_spark_gets_our_java_our_settings_and_loopback(settings: OpsSettings) -> None:
    variables = environment.of("airflow-scheduler", settings, PORTS)
    assert variables["SPARK_CONF_DIR"] == str(ROOT / "conf/spark")
    assert variables["SPARK_LOCAL_IP"] == "127.0.0.1"
    assert variables["JAVA_HOME"]
    assert (Path(variables["SPARK_HOME"]) / "bin" / "spark-submit").is_file()
    assert json.loads(variables["AIRFLOW_CONN_SPARK"]) == {"conn_type": "spark", "host": "local[*]"}


def test_spark_gets_no_java_of_the_shell_that_it_cannot_use(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    home = environment.of("airflow-scheduler", settings, PORTS)["JAVA_HOME"]
    assert home == environment.of("job", settings, PORTS)["JAVA_HOME"] != str(tmp_path)


@pytest.mark.parametrize("program", [*PROGRAMS, "job"])
def test_language_and_time_zone_of_the_shell_reach_no_program(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    monkeypatch.setenv("LANG", "C")
    monkeypatch.setenv("LC_ALL", "POSIX")
    monkeypatch.setenv("PYTHONUTF8", "0")
    variables = environment.of(program, settings, PORTS)
    assert (variables["TZ"], variables["LC_ALL"]) == ("UTC", "C.UTF-8")
    assert variables["PYTHONUTF8"] == "1"


@pytest.mark.parametrize("home", [None, "", "/nonexistent"])
def test_without_a_home_that_can_be_written_programs_get_a_folder_of_ours(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch, home: str | None
) -> None:
    monkeypatch.delenv("HOME")
    if home is not None:
        monkeypatch.setenv("HOME", home)
    settings.make_folders()
    given = Path(environment.of("app", settings, PORTS)["HOME"])
    assert given == settings.run / "home"
    assert given.is_dir()


def test_a_socks_proxy_is_not_given_to_jobs_which_cannot_use_it(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy:1080")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    variables = environment.of("job", settings, PORTS)
    assert "ALL_PROXY" not in variables
    assert variables["HTTPS_PROXY"] == "http://proxy:3128"


def test_spark_takes_a_folder_of_settings_that_a_person_names(
    settings: OpsSettings, tmp_path: Path
) -> None:
    chosen = settings.model_copy(update={"spark_conf": tmp_path})
    assert environment.of("job", chosen, PORTS)["SPARK_CONF_DIR"] == str(tmp_path)


def test_airflow_listens_on_loopback_and_serves_no_examples(settings: OpsSettings) -> None:
    variables = airflow_config.environment(settings, PORTS, credentials.of(settings))
    assert variables["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert variables["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert len(variables["AIRFLOW__API__SECRET_KEY"]) >= 64
    assert variables["AIRFLOW__CORE__AUTH_MANAGER"].endswith("FabAuthManager")


def test_clients_send_no_password_to_another_server(settings: OpsSettings) -> None:
    variables = environment.of("airflow-api", settings, PORTS)
    api = environment.of("api", settings, PORTS)
    urls = [text for text in (variables | api).values() if text.startswith("postgresql")]
    assert len(urls) == 3
    for url in urls:
        assert make_url(url).query == {"require_auth": "scram-sha-256"}
    scheduler = environment.of("airflow-scheduler", settings, PORTS)
    for name in ("SERVING", "AIRFLOW_METADATA"):
        connection = json.loads(scheduler[f"AIRFLOW_CONN_{name}"])
        assert connection["extra"] == {"require_auth": "scram-sha-256"}


def test_a_sign_in_ends_after_hours_not_days(settings: OpsSettings) -> None:
    variables = airflow_config.environment(settings, PORTS, credentials.of(settings))
    for kind in ("JWT", "JWT_CLI"):
        assert int(variables[f"AIRFLOW__API_AUTH__{kind}_EXPIRATION_TIME"]) <= 8 * 3600


def test_airflow_has_the_address_that_browsers_use(settings: OpsSettings) -> None:
    public = settings.model_copy(update={"airflow_public_url": "https://airflow.example.org"})
    variables = environment.of("airflow-api", public, PORTS)
    assert variables["AIRFLOW__API__BASE_URL"] == "https://airflow.example.org"
    assert variables["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"].startswith("http://127.0.0.1:")
    app = environment.of("app", public, PORTS)
    assert app["CONSOLE_AIRFLOW_PUBLIC_URL"] == "https://airflow.example.org"


def test_a_cluster_is_host_and_port() -> None:
    assert airflow_config.spark("spark://master:7077") == {
        "conn_type": "spark", "host": "spark://master", "port": 7077,
    }  # fmt: skip
    assert airflow_config.spark("yarn") == {"conn_type": "spark", "host": "yarn"}


def test_the_app_keeps_queries_in_a_log_of_their_own(settings: OpsSettings) -> None:
    log = environment.of("app", settings, PORTS)["APP_QUERY_LOG"]
    assert log == str(settings.logs / "queries.log")


def test_the_app_opens_with_the_demos_data_set(settings: OpsSettings) -> None:
    settings.make_folders()
    assert "DEMO_DATASET" not in environment.of("app", settings, PORTS)
    credentials.keep(settings.demo_dataset, "playground")
    assert environment.of("app", settings, PORTS)["DEMO_DATASET"] == "playground"


def test_every_program_has_a_command_that_listens_on_loopback_only(settings: OpsSettings) -> None:
    settings.make_folders()
    for name in PROGRAMS:
        line = launch.command(name, settings, PORTS)
        assert "0.0.0.0" not in line  # noqa: S104 # must not be there
    assert "127.0.0.1" in launch.command("api", settings, PORTS)
    assert launch.SKIP_LOGS in launch.command("airflow-scheduler", settings, PORTS)


@pytest.mark.parametrize("name", ["a%s b", "ab"])
def test_airflow_is_set_up_from_a_path_without_percent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path / name))
    code = "import os, sys; sys.exit(os.path.realpath(os.environ.get('PYTHONPATH', 'none')))"
    server = Server(tmp_path, 1, "x")
    with pytest.raises(OpsError, match="set-up failed") as raised:
        airflow_config.set_up(server, [sys.executable, "-c", code], {}, [])
    assert (str(tmp_path / name) in str(raised.value)) == ("%" in name)


def test_the_password_is_shown_to_a_terminal_only(settings: OpsSettings) -> None:
    secrets = credentials.of(settings)
    _, password = airflow_config.admin(secrets)

    to_terminal = airflow_config.introduction(secrets, with_password=True)
    to_pipe = airflow_config.introduction(secrets, with_password=False)

    assert password in " ".join(to_terminal)
    assert password not in " ".join(to_pipe)
    assert str(secrets.path(airflow_config.ADMIN_PASSWORD)) in " ".join(to_pipe)


def test_the_app_may_show_the_pictures_of_every_manifest(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = datasets.load_named("playground_shop")
    hosts = ("b.example.org", "a.example.org"), ("b.example.org",)
    displays = (shop.display.model_copy(update={"picture_hosts": of}) for of in hosts)
    installed = tuple(shop.model_copy(update={"display": display}) for display in displays)
    monkeypatch.setattr(datasets, "installed", lambda: installed)

    variables = environment.of("app", settings, PORTS)

    assert json.loads(variables["APP_PICTURE_HOSTS"]) == ["a.example.org", "b.example.org"]
