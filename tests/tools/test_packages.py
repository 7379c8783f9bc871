"""Every package of the product is installed: Spark starts a job by its file alone."""

import tomllib
from fnmatch import fnmatch

from ops.settings import ROOT

NOT_INSTALLED = {"benchmarks", "tests"}


def test_every_package_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    included = project["setuptools"]["packages"]["find"]["include"]
    packages = {*project["importlinter"]["root_packages"]} - NOT_INSTALLED

    assert [name for name in sorted(packages) if not any(fnmatch(name, x) for x in included)] == []
