"""Where backups may be written, and that nothing there is lost or half written."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from hub.backup import destination
from hub.backup.destination import check_destination, path_of, written
from loader.config.project import Project
from loader.errors import WrongUse


@dataclass
class _Places:
    """Of a project, where its files are."""

    database: Path

    @property
    def receipts(self) -> Path:
        return self.database.parent / "receipts"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    database = tmp_path / "warehouse.duckdb"
    database.write_bytes(b"old")
    for name in ("receipts", "published"):
        (tmp_path / name).mkdir()
    return cast(Project, _Places(database))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/backup/hub.tar", "/backup/hub.tar"),
        ("file:///backup/hub.tar", "/backup/hub.tar"),
        ("FILE:///backup/hub.tar", "/backup/hub.tar"),
        ("file://localhost/backup/a%20b.tar", "/backup/a b.tar"),
        ("file:/backup/hub.tar", "/backup/hub.tar"),
        ("a:b.tar", "/here/a:b.tar"),
        ("hub.tar", "/here/hub.tar"),
    ],
)
def test_a_path_or_a_file_uri_names_a_file(given, path, monkeypatch):
    monkeypatch.setattr(os, "getcwd", lambda: "/here")
    assert path_of(given) == Path(path)


@pytest.mark.parametrize("scheme", ["s3", "gs", "https", "sftp", "az"])
def test_other_schemes_are_refused_by_name(scheme):
    with pytest.raises(WrongUse, match=rf"{scheme}:// is none.*file:///FILE"):
        path_of(f"{scheme}://bucket/hub.tar")


@pytest.mark.parametrize("given", ["file://other/hub.tar", "file:///hub.tar?x=1", "file:///a#b"])
def test_a_file_uri_of_another_machine_is_refused(given):
    with pytest.raises(WrongUse, match="no file on this machine"):
        path_of(given)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "it is a folder"),
        ("none/b.tar", "its folder does not exist"),
        ("warehouse.duckdb", "the warehouse has files of that name"),
        ("warehouse.duckdb.wal", "the warehouse has files of that name"),
        (".warehouse.duckdb.lock", "the warehouse has files of that name"),
        ("published/current.duckdb", "keeps that folder itself"),
        ("receipts/latest.json", "keeps that folder itself"),
    ],
)
def test_no_backup_goes_where_the_hub_keeps_its_own_even_by_force(project, name, said):
    with pytest.raises(WrongUse, match=said):
        check_destination(project.database.parent / name, project, force=True)


def test_a_link_to_the_warehouse_is_the_warehouse(project, tmp_path):
    (tmp_path / "backup.tar").symlink_to(project.database)

    with pytest.raises(WrongUse, match="the warehouse has files of that name"):
        check_destination(tmp_path / "backup.tar", project, force=True)


def test_a_file_that_is_there_is_overwritten_by_force_only(project, tmp_path):
    path = tmp_path / "backup.tar"
    path.write_bytes(b"before")

    with pytest.raises(WrongUse, match=r"a file already.*--force"):
        check_destination(path, project, force=False)
    check_destination(path, project, force=True)
    with written(path, force=True) as file:
        file.write(b"after")
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"after"


def test_only_its_owner_can_read_it(tmp_path):
    with written(tmp_path / "backup.tar", force=False) as file:
        file.write(b"x")
    assert (tmp_path / "backup.tar").stat().st_mode & 0o777 == 0o600


def test_what_another_process_has_made_meanwhile_is_left_alone(tmp_path, monkeypatch):
    path = tmp_path / "backup.tar"

    def write() -> None:
        with written(path, force=False) as file:
            file.write(b"mine")
            path.write_bytes(b"theirs")

    with pytest.raises(WrongUse, match="a file already"):
        write()

    def no_links(self: Path, target: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    path.unlink()
    with pytest.raises(WrongUse, match="a file already"):
        write()
    assert path.read_bytes() == b"theirs"
    assert names_in(tmp_path) == ["backup.tar"]


def test_where_there_are_no_links_it_is_renamed(tmp_path, monkeypatch):
    def no_links(self: Path, target: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    with written(tmp_path / "backup.tar", force=False) as file:
        file.write(b"x")
    assert names_in(tmp_path) == ["backup.tar"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_error_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "backup.tar"
    path.write_bytes(b"before")

    def write() -> None:
        with written(path, force=True) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert path.read_bytes() == b"before"
    assert names_in(tmp_path) == ["backup.tar"]


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    path = tmp_path / "backup.tar"
    happened = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: happened.append(path.exists()))

    with written(path, force=False) as file:
        file.write(b"x")
    assert happened == [False, True]  # the file, then the name in its folder


def test_what_a_killed_backup_left_is_removed_and_nothing_else(tmp_path, monkeypatch):
    alive = 4_000_001
    monkeypatch.setattr(destination, "is_alive", lambda process: process == alive)
    others = [f".backup.tar.{alive}", ".other.tar.4000002", ".backup.tar.swp"]
    for name in [*others, ".backup.tar.4000002"]:
        (tmp_path / name).write_bytes(b"half")

    with written(tmp_path / "backup.tar", force=False) as file:
        file.write(b"x")
    assert names_in(tmp_path) == sorted([*others, "backup.tar"])
