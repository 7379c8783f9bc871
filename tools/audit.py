"""Compare the locked packages with published advisories: `python -m tools.audit`.

pip-audit runs in an environment of its own and needs the network. Without it, nothing is audited,
and the last line says so.
"""

import json
import subprocess
import sys
from typing import Any

from ops.settings import ROOT
from ops.steps import console

TOOL = "pip-audit==2.9.0"
SKIPPED = "[bold red]NOT AUDITED: pip-audit or its advisories cannot be reached.[/bold red]"


def command() -> list[str]:
    """Return the command line of pip-audit for the lock."""
    return [
        *(sys.executable, "-m", "uv", "tool", "run", "--from", TOOL, "pip-audit"),
        *("--requirement", str(ROOT / "requirements.lock"), "--disable-pip", "--require-hashes"),
        *("--format", "json", "--progress-spinner", "off"),
    ]


def vulnerable(report: str) -> list[str] | None:
    """Return one line per advisory; None if the report is not one of pip-audit."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    return [
        f"{package['name']} {package['version']}: {advisory['id']}, fixed in "
        f"{', '.join(advisory['fix_versions']) or 'no version yet'}"
        for package in packages
        for advisory in package.get("vulns", ())
    ]


def main() -> int:
    """Print the advisories. The exit code is 1 if there are any."""
    result = subprocess.run(command(), capture_output=True, text=True, check=False)  # noqa: S603
    lines = vulnerable(result.stdout)
    if lines is None:
        console.print(SKIPPED)
        console.print(
            f"  {(result.stderr.strip().splitlines() or ['no output'])[-1]}", markup=False
        )
        return 0
    for line in lines:
        console.print(line, markup=False)
    console.print(f"{len(lines)} advisories for the locked packages.")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
