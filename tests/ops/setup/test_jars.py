import hashlib
from pathlib import Path

import pytest

from ops.setup import caches, jars
from ops.setup.jars import Jar, JarsMissingError

CONTENT = b"a jar"
JAR = Jar("io.example", "one", "1.0", hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture(autouse=True)
def own_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*_: object) -> list[Path]:
        raise OSError("no route to host")

    monkeypatch.setattr(jars, "fetch", fetch)


def put(path: Path, content: bytes = CONTENT) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    "place",
    [
        "kept/one-1.0.jar",
        "cache/lantern/jars/one-1.0.jar",
        "home/.ivy2.5.2/cache/io.example/one/jars/one-1.0.jar",
        "home/.ivy2/jars/io.example_one-1.0.jar",
        "home/.m2/repository/io/example/one/1.0/one-1.0.jar",
    ],
)
def test_a_jar_on_this_machine_is_taken_without_a_network(tmp_path: Path, place: str) -> None:
    put(tmp_path / place)
    assert jars.install(tmp_path / "spark", tmp_path / "kept", jars=[JAR])
    assert JAR.is_at(tmp_path / "spark" / JAR.file)


@pytest.mark.usefixtures("offline")
def test_a_jar_in_place_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path / "spark" / JAR.file)
    assert jars.install(tmp_path / "spark", tmp_path / "kept", jars=[JAR]) == []


@pytest.mark.usefixtures("offline")
def test_offline_the_message_names_coordinates_folder_and_cause(tmp_path: Path) -> None:
    with pytest.raises(JarsMissingError) as raised:
        jars.install(tmp_path / "spark", tmp_path / "kept", jars=[JAR])
    for part in ("io.example:one:1.0", JAR.sha256, str(tmp_path / "kept"), "no route to host"):
        assert part in str(raised.value)


@pytest.mark.usefixtures("offline")
def test_a_second_checkout_needs_no_network(tmp_path: Path) -> None:
    put(tmp_path / "first" / JAR.file)
    assert jars.install(tmp_path / "spark", tmp_path / "first", jars=[JAR])
    assert jars.install(tmp_path / "other spark", tmp_path / "second", jars=[JAR])


@pytest.mark.usefixtures("offline")
def test_a_user_without_a_home_has_their_own_jars(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(caches, "home", lambda: None)
    monkeypatch.setattr(caches, "folder", lambda _: None)
    with pytest.raises(JarsMissingError):
        jars.install(tmp_path / "spark", tmp_path / "kept", jars=[JAR])
    put(tmp_path / "kept" / JAR.file)
    assert jars.install(tmp_path / "spark", tmp_path / "kept", jars=[JAR])


def test_a_fetched_jar_is_kept_for_the_next_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(tmp_path / "fetched.jar")
    monkeypatch.setattr(jars, "fetch", lambda *_: [tmp_path / "fetched.jar"])
    jars.install(tmp_path / "spark", tmp_path / "kept", jars=[JAR])
    assert JAR.is_at(tmp_path / "kept" / JAR.file)
    assert not jars.missing(tmp_path / "spark", [JAR])


def test_another_content_is_refused_with_both_digests_and_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(tmp_path / "fetched.jar", b"something else")
    monkeypatch.setattr(jars, "fetch", lambda *_: [tmp_path / "fetched.jar"])
    with pytest.raises(JarsMissingError, match=f"SHA-256 is .* must be {JAR.sha256}"):
        jars.install(tmp_path / "spark", tmp_path / "kept", jars=[JAR])
    assert not (tmp_path / "spark").exists()


def test_the_command_says_what_is_wrong_without_a_trace(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert jars.main() == 1
    assert "PySpark is not installed" in caplog.text


def test_the_real_jars_are_where_spark_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert jars.missing(jars.pyspark_jars()) == []
