"""A project is laid down whole, from the files that the hub ships, or not at all."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hub.scaffold.init import lay_down
from hub.scaffold.shipped_files import IN_WHEEL, carried_files, shipped_files
from loader.config.project import open_project
from loader.errors import WrongUse
from tests.support.shipped import PROJECT, copy_everything


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_project_is_laid_down_that_can_be_opened(tmp_path: Path) -> None:
    made = lay_down(tmp_path / "mine")

    assert tuple(sorted(files_below(tmp_path / "mine"))) == made.files
    assert open_project(folder=str(made.folder)).problems == ()
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_it_has_every_file_that_dbt_and_the_hub_read(tmp_path: Path) -> None:
    copy_everything(tmp_path / "copied")

    assert set(files_below(tmp_path / "copied")) <= set(shipped_files(PROJECT))
    assert set(shipped_files(PROJECT)) >= {"tests/every_reason_is_explained.sql", ".gitignore"}


def test_its_git_ignores_what_a_run_makes_and_what_is_dropped(tmp_path: Path) -> None:
    folder = lay_down(tmp_path / "mine").folder
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    for name in ("warehouse.duckdb", "receipts/latest.json", "landing/app/mine.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")

    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(listed.stdout.split()) == set(shipped_files(PROJECT))


def test_a_dry_run_lists_the_files_and_writes_none(tmp_path: Path) -> None:
    made = lay_down(tmp_path / "mine", dry=True)

    assert "dbt_project.yml" in made.files
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()

    assert lay_down(tmp_path / "mine").files == tuple(sorted(files_below(tmp_path / "mine")))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: (path.mkdir(), (path / ".git").mkdir()), "it is not empty"),
        (lambda path: path.write_text(""), "is no folder"),
        (lambda path: path.symlink_to("/tmp"), "is no folder"),
    ],
)
def test_what_is_there_is_left_alone(tmp_path: Path, make: Any, said: str) -> None:
    make(tmp_path / "mine")

    with pytest.raises(WrongUse, match=said):
        lay_down(tmp_path / "mine")
    assert len(list(tmp_path.iterdir())) == 1


def test_the_current_folder_is_no_place_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(WrongUse, match="current folder"):
        lay_down(Path())


def test_a_folder_above_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"there is no folder .*none"):
        lay_down(tmp_path / "none" / "mine")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_ends_it_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    written = []

    def full(path: Path, content: bytes) -> int:
        written.append(path)
        if len(written) == 50:
            raise error
        with path.open("wb") as file:
            return file.write(content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(type(error)):
        lay_down(tmp_path / "mine")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_filled_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renaming = Path.rename

    def late(path: Path, target: Path) -> Path:
        target.mkdir()
        (target / "theirs").write_text("")
        return renaming(path, target)

    monkeypatch.setattr(Path, "rename", late)
    with pytest.raises(WrongUse, match="it is not empty"):
        lay_down(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["theirs"]
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_files_that_are_no_part_of_the_project_are_not_shipped(tmp_path: Path) -> None:
    for name in ("models/.DS_Store", "models/x.sql~", "models/.hidden/x.sql", "landing/app/a.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "models" / "x.sql").write_text("")

    assert set(shipped_files(tmp_path)) == {"README.md", "models/x.sql"}


def test_in_a_clone_they_are_the_files_at_its_root() -> None:
    assert carried_files() == shipped_files(PROJECT)
    assert not (PROJECT / "hub" / "scaffold" / IN_WHEEL).exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(WrongUse, match="nothing can be written"):
        lay_down(tmp_path / "mine")
