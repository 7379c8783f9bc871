import json
import subprocess
from typing import Any

import pytest

from tools import audit

GOOD: dict[str, Any] = {"name": "good", "version": "1.0", "vulns": []}
SKIPPED = {"name": "new", "skip_reason": "Dependency not found"}
REPORT: dict[str, list[dict[str, Any]]] = {
    "dependencies": [
        GOOD,
        {"name": "bad", "version": "2.0", "vulns": [{"id": "X-1", "fix_versions": ["2.1", "3.0"]}]},
        {"name": "worse", "version": "3.0", "vulns": [{"id": "X-2", "fix_versions": []}]},
    ]
}


def test_each_advisory_is_a_line() -> None:
    assert audit.advisories(REPORT["dependencies"]) == [
        "bad 2.0: X-1, fixed in 2.1, 3.0",
        "worse 3.0: X-2, fixed in no version yet",
    ]


@pytest.mark.parametrize(
    ("stdout", "code", "printed"),
    [
        (json.dumps(REPORT), 1, "2 advisories"),
        (json.dumps({"dependencies": [GOOD]}), 0, "0 advisories for 1 packages"),
        (json.dumps({"dependencies": [SKIPPED]}), 0, "NOT AUDITED"),
        (json.dumps({"dependencies": []}), 0, "NOT AUDITED"),
        ("", 0, "NOT AUDITED"),
    ],
)
def test_an_audit_that_was_not_possible_says_so(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stdout: str,
    code: int,
    printed: str,
) -> None:
    result = subprocess.CompletedProcess[str]([], 1, stdout, "no network")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: result)

    assert audit.main() == code
    assert printed in capsys.readouterr().out
