"""The file of a backup: whole and unchanged, or refused."""

import io
import tarfile
from pathlib import Path

import pytest

from ops.backup import archive
from ops.backup.archive import About, BackupError

MADE = About("2026-01-02T03:04:05+00:00", 18, {"shop/silver/items": 3})

DIGESTS_OF_NOTHING = (
    b'{"format": 1, "made_at": "", "postgres": 18, "versions": {}, "digests": null}'
)


def write(file: Path, content: bytes = b"content") -> Path:
    with archive.written(file) as writer:
        writer.add_bytes("lake/a", content)
        archive.finish(writer, MADE)
    return file


def test_what_was_written_is_extracted_for_its_owner_alone(tmp_path: Path) -> None:
    file = write(tmp_path / "backup.tar")

    about = archive.extract(file, tmp_path / "to")

    assert (tmp_path / "to/lake/a").read_bytes() == b"content"
    assert (about.made_at, about.postgres, about.versions) == (
        MADE.made_at, MADE.postgres, MADE.versions,
    )  # fmt: skip
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "to/lake/a").stat().st_mode & 0o777 == 0o600


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    file = write(tmp_path / "backup.tar")
    file.write_bytes(file.read_bytes().replace(b"content", b"Content"))

    with pytest.raises(BackupError, match=r"1 of 1 members are not as .* the first is lake/a"):
        archive.extract(file, tmp_path / "to")


def test_an_interrupted_backup_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), archive.written(tmp_path / "backup.tar"):
        raise KeyboardInterrupt

    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_a_part_of_a_backup_is_refused(tmp_path: Path, share: float) -> None:
    file = write(tmp_path / "backup.tar", b"x" * 20_000)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])

    with pytest.raises(BackupError, match="Use another one"):
        archive.extract(file, tmp_path / "to")


def test_another_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear reader" * 100)

    with pytest.raises(BackupError, match="damaged or no backup"):
        archive.extract(file, tmp_path / "to")


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside"])
def test_a_member_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with archive.written(tmp_path / "backup.tar") as writer:
        writer.add_bytes(name, b"")

    with pytest.raises(BackupError, match="does not write"):
        archive.extract(tmp_path / "backup.tar", tmp_path / "to")
    assert not (tmp_path / "outside").exists()


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(tmp_path / "backup.tar", "w") as tar:
        tar.addfile(link)

    with pytest.raises(BackupError, match="does not write"):
        archive.extract(tmp_path / "backup.tar", tmp_path / "to")


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    file = write(tmp_path / "backup.tar")

    with pytest.raises(BackupError, match="exists"):
        write(file)
    with pytest.raises(BackupError, match="there is no folder"):
        write(tmp_path / "missing" / "backup.tar")


def test_a_backup_of_another_format_is_refused(tmp_path: Path) -> None:
    with archive.written(tmp_path / "backup.tar") as writer:
        archive.finish(writer, About("", 18, {}, format=2))

    with pytest.raises(BackupError, match="has format 2, this Lantern reads 1"):
        archive.extract(tmp_path / "backup.tar", tmp_path / "to")


@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("../a",), (".",)])
def test_members_that_meet_or_lead_out_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    file = tmp_path / "backup.tar"
    with tarfile.open(file, "w") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    (tmp_path / "to").mkdir()

    with pytest.raises(BackupError, match="that Lantern does not write"):
        archive.extract(file, tmp_path / "to")


def test_a_sparse_member_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    file, member = tmp_path / "backup.tar", tarfile.TarInfo("hole")
    member.pax_headers = {
        "GNU.sparse.map": "0,1", "GNU.sparse.size": str(10**8), "GNU.sparse.name": "hole",
    }  # fmt: skip
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(member, io.BytesIO())

    with pytest.raises(BackupError, match="a member 'hole' that Lantern does not write"):
        archive.extract(file, tmp_path / "to")


@pytest.mark.parametrize(
    "about",
    [b"junk", b"[]", b'{"format": 1}', DIGESTS_OF_NOTHING, b"[" * 100_000],
)
def test_an_unreadable_description_is_refused(about: bytes) -> None:
    with pytest.raises(BackupError, match=r"backup\.json of the backup cannot be read"):
        About.parse(about)
