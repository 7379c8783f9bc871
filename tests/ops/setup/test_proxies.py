import pytest

from ops.setup import proxies

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_without_a_proxy_java_gets_no_properties() -> None:
    assert proxies.properties() == {}


def test_java_gets_the_proxy_its_password_and_what_is_reached_directly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://bob:p%40ss@proxy.corp:3128")
    monkeypatch.setenv("NO_PROXY", ".corp, maven.local")
    found = proxies.properties()
    assert (found["https.proxyHost"], found["https.proxyPort"]) == ("proxy.corp", "3128")
    assert found["https.proxyPassword"] == "p@ss"
    assert found["http.nonProxyHosts"] == "*.corp|maven.local|127.0.0.1|localhost"
    assert "http.proxyHost" not in found


def test_a_proxy_without_a_scheme_is_one_for_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "proxy:8080")
    assert proxies.properties()["http.proxyHost"] == "proxy"


def test_a_socks_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy:1080")
    assert proxies.properties() == {}
    assert proxies.unsupported("ALL_PROXY", "socks5h://proxy:1080")
    assert not proxies.unsupported("HTTPS_PROXY", "http://proxy:1080")
