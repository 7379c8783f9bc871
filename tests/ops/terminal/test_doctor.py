import re
import socket
from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.machine import ports, postgres
from ops.settings import HOST, OpsSettings
from ops.setup import java, object_store
from ops.steps import console
from ops.terminal import doctor
from ops.terminal.surroundings import Finding
from warehouse import datasets
from warehouse.errors import ManifestError


def bad(settings: OpsSettings) -> dict[str, Finding]:
    return {found.subject: found for found in doctor.examine(settings) if not found.good}


def test_this_machine_is_well(settings: OpsSettings) -> None:
    assert bad(settings) == {}


def test_a_wrong_version_is_shown_with_the_right_one(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = {"pandas": "3.0.0", "pyspark-client": "4.2.0", "delta-spark": None}
    monkeypatch.setattr(doctor, "_version", versions.get)
    found = bad(settings)
    assert (found["pandas"].found, found["pandas"].needed) == ("3.0.0", "2.3.3")
    assert found["delta-spark"].found == "not installed"
    assert "jars" in found["pyspark-client"].needed


def test_a_missing_java_and_missing_jars_say_what_to_do(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none() -> java.Java:
        raise java.JavaMissingError("no Java 17 or 21")

    monkeypatch.setattr(java, "find", none)
    monkeypatch.setattr("ops.setup.jars.pyspark_jars", lambda: tmp_path)
    found = bad(settings)
    assert found["Java"].fix == "make setup"
    assert "offline" in found["delta-storage"].fix


def test_a_missing_connector_of_a_lake_in_s3_says_how_to_get_it(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "missing", lambda _: ["hadoop-aws-3.5.0.jar"])
    assert "connector for S3" not in bad(settings)
    monkeypatch.setenv("LAKE_ROOT", "s3a://bucket/lake")
    found = bad(settings)["connector for S3"]
    assert "hadoop-aws-3.5.0.jar" in found.found
    assert object_store.COMMAND in found.fix


def test_a_broken_manifest_is_named(settings: OpsSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "broken", lambda: (ManifestError("shop.toml: no title"),))
    assert bad(settings)["broken manifest"].found == "shop.toml: no title"


def test_an_open_secret_is_found(settings: OpsSettings) -> None:
    settings.make_folders()
    (settings.secrets / "api").write_text("x")
    (settings.secrets / "api").chmod(0o644)
    assert "chmod 600" in bad(settings)["secrets"].fix


def test_a_taken_port_names_its_owner(settings: OpsSettings) -> None:
    settings.make_folders()
    chosen, _ = ports.choose(settings)
    with socket.socket() as listener:
        listener.bind((HOST, chosen.api))
        listener.listen()
        assert "process" in bad(settings)["port of api"].found


def test_a_fixed_port_is_checked_before_the_first_start(settings: OpsSettings) -> None:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        port = listener.getsockname()[1]
        fixed = OpsSettings.model_validate({"var": settings.var, "app_port": port})
        finding = bad(fixed)["port of app"]
    assert "process" in finding.found
    assert "OPS_APP_PORT" in finding.fix


def test_a_java_of_the_shell_that_is_not_used_is_named(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(java, "passed_over", lambda: ["JAVA_HOME=/j has Java 11"])
    (finding,) = [found for found in doctor.examine(settings) if found.subject == "Java"]
    assert finding.good
    assert finding.found.endswith("; JAVA_HOME=/j has Java 11, not used")


def test_brackets_in_a_path_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding("path", "/a [b] [/c]", "any", good=False, fix="[d]")
    console.print(doctor.table([finding]))
    assert re.search(r"/a \[b\] \[/c\] +any +\[d\]", capsys.readouterr().out)


def test_a_missing_user_for_postgres_is_reported(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> None:
        raise OpsError("add a user")

    monkeypatch.setattr(postgres, "run_as", nobody)
    assert bad(settings)["Postgres"].found == "add a user"


def test_the_lock_is_read_whole() -> None:
    assert doctor.locked("a==1\nb==2 ; x\nb==3\n    # via c==4\n") == {"a": {"1"}, "b": {"2", "3"}}


def test_a_missing_browser_is_said_loudly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "browser", lambda: None)
    assert doctor.main() == 1
    assert "NO CHROMIUM" in capsys.readouterr().out
    monkeypatch.setattr(doctor, "browser", lambda: "/usr/bin/chromium")
    assert doctor.main() == 0


@pytest.mark.parametrize("name", ["lake", "inbox", "logs"])
def test_a_folder_of_personal_data_that_others_can_read_is_found(
    settings: OpsSettings, name: str
) -> None:
    settings.make_folders()
    folder: Path = getattr(settings, name)
    folder.chmod(0o755)

    assert bad(settings)["personal data"].fix == f"chmod 700 {folder}"
