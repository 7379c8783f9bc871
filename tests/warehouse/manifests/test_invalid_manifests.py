"""A manifest that is not valid is named with its cause; the other manifests stay installed."""

from pathlib import Path

import pytest

from warehouse import datasets

SHOP = """title = "Shop"
licence = "Our own data."
[source]
kind = "inbox"
[[events]]
file = "views.csv"
kind = "view"
[kinds.view]
"""
ARCHIVE = f'kind = "archive"\nsha256 = "{"0" * 64}"\nurl = '
SCALE = "[scale]\nlowest = 1\nhighest = 5\nrelevant_from = 4\n"


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        (
            'kind = "view"',
            'kind = "view"\ntime_format = "%Y-%m-%d %H:%m"',
            "of a time twice: remove one",
        ),
        ('kind = "view"', 'kind = "view"\ntime_format = "dd.mm.yyyy"', "or a pattern such as"),
        (
            'kind = "view"',
            'kind = "view"\ntime_format = "%d.%m.%Y %H:%M %Z"',
            'write it as it is, as in "%d.%m.%Y %H:%M CET", and in `time_zone` the zone',
        ),
        ('kind = "view"', 'kind = "view"\ntime_zone = "Europe"', "no time zone 'Europe'"),
        ('kind = "view"', 'kind = "view"\nencoding = "klingon"', "no encoding 'klingon'"),
        ('kind = "view"', f'kind = "view"\nkeep_if = "n > 1{"0" * 400}"', "too large"),
        ('kind = "view"', 'kind = "vie"', "no `[kinds.vie]`; there are view"),
        ('"views.csv"', '"**x/views.csv"', "`**` stands for folders"),
        ("[kinds.view]", "[kinds.view]\nweight = inf", "finite number"),
        ("[kinds.view]", "[kinds.view]\nweigth = 2", "did you mean `weight`?"),
        ("[kinds.view]", "[kinds.view]\nweight = null", "TOML has no null"),
        ("[kinds.view]", '[kinds.view]\n[schedule]\ningest = "nightly"', "no cron expression"),
        ('kind = "inbox"', 'kind = "archive"\nurl = "https://x.org/a.zip"', "needs `sha256`"),
        ('kind = "inbox"', f'{ARCHIVE}"http://x.org/a.zip"', "must begin with https://"),
        ('kind = "inbox"', f'{ARCHIVE}"http://127.0.0.1.x.org/a.zip"', "begin with https://"),
        ('kind = "view"', f'kind = "view"\n{SCALE}step = 1e-308', "too small: a scale has"),
        ('kind = "view"', f'kind = "view"\n{SCALE}step = inf', "finite number"),
        ('"views.csv"', '"../views.csv"', "must stay inside"),
        ("title", 'name = "other"\ntitle', "Rename the file to other.toml"),
    ],
)
def test_an_invalid_field_is_named_with_its_cause(
    folder: Path, old: str, new: str, cause: str
) -> None:
    (folder / "good.toml").write_text(SHOP)
    (folder / "bad.toml").write_text(SHOP.replace(old, new, 1))

    assert [dataset.name for dataset in datasets.installed()] == ["good"]
    (error,) = datasets.broken()
    assert "bad.toml" in str(error)
    assert cause in str(error)
    assert "pydantic" not in str(error)


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("latin", "title = 'B\xfccher'".encode("latin-1"), "line 1 has byte 0xfc"),
        ("pg_books", SHOP.encode(), "Postgres reserves the name"),
        ("public", SHOP.encode(), "Postgres reserves the name"),
        ("My-Shop", SHOP.encode(), "rename the file"),
    ],
)
def test_an_unusable_file_is_named_with_its_cause(
    folder: Path, name: str, content: bytes, cause: str
) -> None:
    (folder / "good.toml").write_text(SHOP)
    (folder / f"{name}.toml").write_bytes(content)

    assert [dataset.name for dataset in datasets.installed()] == ["good"]
    (error,) = datasets.broken()
    assert cause in str(error)


def test_a_byte_order_mark_and_false_for_no_times_and_no_schedule_are_read(folder: Path) -> None:
    text = SHOP.replace('kind = "view"', 'kind = "view"\ntime = false')
    (folder / "shop.toml").write_bytes(
        b"\xef\xbb\xbf" + f"{text}[schedule]\ncollect = false\n".encode()
    )

    (dataset,) = datasets.installed()

    assert not dataset.has_times
    assert dataset.schedule.collect is None


def test_a_column_may_have_the_name_that_stands_for_one_in_backticks(folder: Path) -> None:
    keep_if = "keep_if = 'column_in_backticks_7 == 1'"
    (folder / "shop.toml").write_text(SHOP.replace('kind = "view"', f'kind = "view"\n{keep_if}'))

    assert [dataset.name for dataset in datasets.installed()] == ["shop"]
