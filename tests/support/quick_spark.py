"""Settings of Spark for jobs of few rows."""

import shutil
from pathlib import Path

from jobs.runtime import few_rows
from ops.settings import ROOT
from tests.conftest import SMALL_TABLES

# On few rows compiling takes longer than running.
COMPILE_LESS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
COMPILE_WELL = "-XX:+UseParallelGC"


def quick_spark(folder: Path) -> Path:
    """Return a folder with the settings that ship, for jobs of few rows."""
    shutil.copytree(ROOT / "conf/spark", folder)
    defaults = folder / "spark-defaults.conf"
    shipped = defaults.read_text()
    assert COMPILE_WELL in shipped
    settings = {few_rows.ADAPTIVE: "false", **SMALL_TABLES}
    lines = [f"{name} {value}" for name, value in settings.items()]
    defaults.write_text("\n".join([shipped.replace(COMPILE_WELL, COMPILE_LESS), *lines, ""]))
    return folder
