"""Compare the locked packages with published advisories: `python -m tools.audit`.

pip-audit runs in an environment of its own and needs the network. The last lines say how many
packages could not be audited, and why.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from ops.settings import ROOT
from ops.steps import console

TOOL = "pip-audit==2.9.0"
SKIPPED = "[bold red]NOT AUDITED: the advisories of all packages cannot be reached.[/bold red]"


def command() -> list[str]:
    """Return the command line of pip-audit for the lock."""
    return [
        *(sys.executable, "-m", "uv", "tool", "run", "--from", TOOL, "pip-audit"),
        *("--requirement", str(ROOT / "requirements.lock"), "--disable-pip", "--require-hashes"),
        *("--format", "json", "--progress-spinner", "off"),
    ]


def packages_in(report: str) -> list[dict[str, Any]]:
    """Return the packages of a report of pip-audit; none if it is no report."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return []
    return packages


def advisories(packages: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return one line per advisory."""
    return [
        f"{package['name']} {package['version']}: {advisory['id']}, fixed in "
        f"{', '.join(advisory['fix_versions']) or 'no version yet'}"
        for package in packages
        for advisory in package.get("vulns", ())
    ]


def main() -> int:
    """Print the advisories. The exit code is 1 if there are any."""
    result = subprocess.run(command(), capture_output=True, text=True, check=False)  # noqa: S603
    packages = packages_in(result.stdout)
    skipped = [package for package in packages if "skip_reason" in package]
    lines = advisories(packages)
    for line in lines:
        console.print(line, markup=False)
    console.print(f"{len(lines)} advisories for {len(packages) - len(skipped)} packages.")
    if skipped or not packages:
        reasons = [package["skip_reason"] for package in skipped] or result.stderr.splitlines()
        console.print(SKIPPED)
        console.print(f"  {len(skipped)} skipped; {(reasons or ['no output'])[-1]}", markup=False)
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
