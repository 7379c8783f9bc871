"""Small invented files of the shapes that public data sets have, and what is proposed for them."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from jobs.ingestion.proposals import propose
from warehouse import datasets

Files = Mapping[str, str | bytes]
Case = tuple[Files, dict[str, object]]  # files, and fields of the manifest
SECTIONS = frozenset({"ratings", "events", "items", "categories", "users", "scale", "kinds"})


def rows(header: str, lines: Iterable[str], end: str = "\n") -> str:
    return end.join([*([header] if header else []), *lines]) + end


def events(row: str, n: int = 300) -> list[str]:
    """Return rows of 30 users and 20 items, who meet in an irregular order."""
    return [
        row.format(user=n * 7 % 30 + 1, item=n * 11 % 20 + 1, n=n, stars=n % 5 + 1, half=n % 8 / 2)
        for n in range(n)
    ]


def titles(row: str) -> list[str]:
    return [row.format(item=n, n=n) for n in range(1, 21)]


def send(folder: Path, files: Files) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(raw)


def manifest(folder: Path, files: Files) -> str:
    """Return the text of the manifest that is proposed for the files; it is valid."""
    send(folder, files)
    _, text, _ = propose.proposal([folder], "shop")
    (folder / "shop.toml").write_text(text)
    datasets.load(folder / "shop.toml")
    return text


def proposed(folder: Path, files: Files) -> dict[str, object]:
    """Return the fields of the manifest that is proposed for the files."""
    return tomllib.loads(manifest(folder, files))


def section(fields: Mapping[str, object], name: str) -> dict[str, object]:
    """Return the section of this name, the only one."""
    found = fields[name]
    if isinstance(found, list):
        [found] = found
    assert isinstance(found, dict)
    return found


def require_proposed(folder: Path, case: Case) -> None:
    """Fail unless exactly the expected sections are proposed, with the expected fields."""
    files, expected = case
    fields = proposed(folder, files)

    assert {name: fields.get(name) for name in expected} == expected
    assert SECTIONS & fields.keys() >= expected.keys() & SECTIONS
    assert not (SECTIONS - {"scale", "kinds"} - expected.keys()) & fields.keys()


STARS = rows("user_id,movie_id,rating,unix_timestamp", events("{user},{item},{stars},87{n:07d}"))
