import re
import zipfile
from pathlib import Path

import pytest

from jobs.cluster import s3
from ops.setup import jars, log_store, object_store

CLASS_FILE = f"{s3.LOG_STORE.replace('.', '/')}.class"


def test_the_lock_has_every_jar_once_with_a_digest_of_its_own() -> None:
    names = {jar.file for jar in object_store.JARS}
    digests = {jar.sha256 for jar in object_store.JARS}
    assert len(names) == len(digests) == len(object_store.JARS) == 36
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)


def test_the_log_store_is_compiled_without_javac_and_kept_beside_its_source(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    target = tmp_path / "jars"
    target.mkdir()
    for jar in jars.pyspark_jars().glob("*.jar"):
        (target / jar.name).symlink_to(jar)
    (target / log_store.FILE).unlink(missing_ok=True)
    (tmp_path / "bin").symlink_to(jars.pyspark_jars().parent / "bin")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    assert not log_store.is_installed(target)
    assert log_store.install(target)
    assert log_store.is_installed(target)
    assert log_store.install(target) == []

    with zipfile.ZipFile(target / log_store.FILE) as compiled:
        assert compiled.namelist() == [CLASS_FILE, log_store.SOURCE.name]
        assert compiled.read(CLASS_FILE).startswith(b"\xca\xfe\xba\xbe")


def test_a_changed_source_is_compiled_again(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / log_store.FILE, "w") as jar:
        jar.writestr(log_store.SOURCE.name, "class Older {}")
    assert not log_store.is_installed(tmp_path)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    missing = object_store.missing(tmp_path)
    assert {"hadoop-aws-3.5.0.jar", log_store.FILE} <= set(missing)
    assert len(missing) == len(object_store.JARS) + 1


@pytest.mark.parametrize(
    ("root", "is_used"), [("s3a://lake/x", True), ("/var/lake", False), ("abfss://c@a/lake", False)]
)
def test_only_a_lake_in_s3_needs_it(root: str, *, is_used: bool) -> None:
    assert object_store.is_used(root) == is_used
    assert bool(s3.spark_settings(root, {})) == is_used
