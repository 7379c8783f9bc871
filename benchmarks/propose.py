"""How many fields of hand-written manifests `propose` finds in the files alone.

    python -m benchmarks.propose FOLDER

FOLDER has a folder of files for each manifest of `benchmarks/public_data/`, by its name. A field is
right if the proposal has the same value, for the same file: its format, its columns, the scale and
what the values of a kind mean. Titles, licences, floors, weights and attributes are choices of the
operator, and are not counted. Prints the shares, and each field that is missing or different.
"""

import argparse
import sys
import tomllib
from pathlib import Path
from typing import Any

from jobs.ingestion.proposals.propose import proposal

MANIFESTS = Path(__file__).parent / "public_data"
_CHOICES = {"attributes", "weight", "positive", "repeatable", "keep_if"}
_SECTIONS = ("ratings", "events", "items", "users", "categories", "scale", "kinds")

Fields = dict[tuple[str, ...], Any]


def main() -> int:
    """Grade the proposals for all manifests whose files are there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="one folder of files per data set")
    args = parser.parse_args()
    n_right = n_fields = 0
    for manifest in sorted(MANIFESTS.glob("*.toml")):
        files = args.folder / manifest.stem
        if not files.is_dir():
            continue
        wanted = fields(tomllib.loads(manifest.read_text(encoding="utf-8")))
        _, text, _ = proposal(sent(wanted, files), manifest.stem)
        proposed = fields(tomllib.loads(text))
        wrong = {key: value for key, value in wanted.items() if proposed.get(key) != value}
        n_right, n_fields = n_right + len(wanted) - len(wrong), n_fields + len(wanted)
        print(f"{manifest.stem}: {len(wanted) - len(wrong)} of {len(wanted)}")
        for key, value in wrong.items():
            print(f"  {' '.join(key)}: {proposed.get(key)!r} instead of {value!r}")
    print(f"all: {n_right} of {n_fields} fields, {n_right / n_fields:.0%}")
    return 0


def sent(wanted: Fields, folder: Path) -> list[Path]:
    """Return the files of the folder that the manifest names."""
    names = sorted({key[1] for key in wanted if key[0] not in {"scale", "kinds"}})
    return [path for name in names for path in sorted(folder.rglob(name))]


def fields(manifest: dict[str, Any]) -> Fields:
    """Return the fields of a manifest by section, file or kind, and name."""
    found: Fields = {}
    for section in _SECTIONS:
        tables = manifest.get(section, {})
        if section == "kinds":
            tables = [{"file": name, **kind} for name, kind in tables.items()]
        for table in tables if isinstance(tables, list) else [tables]:
            of = Path(str(table.get("file", ""))).name
            for name, value in table.items():
                if name in _CHOICES or (name == "file" and section == "kinds"):
                    continue
                found[(section, of, name)] = Path(value).name if name == "file" else value
    return found


if __name__ == "__main__":
    sys.exit(main())
