"""`after_landing: archive`: a file that has landed is in the landing folder or in the archive, and
never in none of them."""

import errno
import gzip
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from loader.landing import archive as archiving
from tests.support.landed import raw, statuses
from tests.support.workbench import Workbench

LINE = '{"key":"k1"}\n'
OTHER = '{"key":"k2"}\n'


@pytest.fixture
def archiver(own_project: Workbench) -> Workbench:
    """A workbench whose source `app` archives what has landed."""
    own_project.set_meta("app", after_landing="archive")
    return own_project


def places(bench: Workbench) -> tuple[list[str], list[str]]:
    """The files of `app` in the landing folder, and those in today's archive."""
    today = datetime.now(UTC).date().isoformat()
    folders = (bench.root / "landing" / "app", bench.root / "archive" / "app" / today)
    landing, archived = (
        sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        for folder in folders
    )
    return landing, archived


def test_what_landed_is_archived_by_date_and_the_rest_stays(archiver: Workbench) -> None:
    archiver.drop("app/a.ndjson", LINE)
    archiver.drop("app/below/b.ndjson", OTHER)
    archiver.drop("app/cut.ndjson.gz", gzip.compress(LINE.encode())[:-3])
    archiver.drop("web/w.ndjson", LINE)

    archiver.land()

    assert places(archiver) == (["cut.ndjson.gz"], ["a.ndjson", "below/b.ndjson"])
    assert (archiver.root / "landing" / "web" / "w.ndjson").exists()
    assert len(raw(archiver)) == 2


@pytest.mark.slow
def test_an_archived_file_that_is_put_back_lands_nothing_and_goes_back(
    archiver: Workbench,
) -> None:
    archiver.drop("app/a.ndjson", LINE)
    archiver.land()
    archiver.drop("app/a.ndjson", LINE)

    assert statuses(archiver.land()) == {"app/a.ndjson": "known"}

    assert places(archiver) == ([], ["a.ndjson"])
    assert len(raw(archiver)) == 1


def test_another_file_of_the_same_name_replaces_none(archiver: Workbench) -> None:
    for content in (LINE, OTHER):
        archiver.drop("app/a.ndjson", content)
        archiver.land()

    landing, archived = places(archiver)

    assert (landing, archived) == ([], ["2-a.ndjson", "a.ndjson"])
    (second,) = archiver.root.glob("archive/app/*/2-a.ndjson")
    assert second.read_text() == OTHER


def test_a_dry_run_moves_nothing(archiver: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    archiver.drop("app/a.ndjson", LINE)
    # what lands is enough: no build
    monkeypatch.setattr("hub.runs.run._Run.build", lambda *_: ["no build"])

    archiver.run(dry=True)

    assert places(archiver) == (["a.ndjson"], [])


@pytest.mark.slow
def test_a_file_that_grows_after_it_landed_stays_and_lands_anew(
    archiver: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archiver.drop("app/a.ndjson", LINE)
    usual = archiving.digest_of

    def grow(*arguments: Any) -> str:
        with path.open("a") as file:
            file.write(OTHER)
        monkeypatch.setattr(archiving, "digest_of", usual)
        return usual(*arguments)

    monkeypatch.setattr(archiving, "digest_of", grow)
    landing = archiver.land()

    assert "app/a.ndjson: not archived: it changed after it landed" in landing.warnings()[0]
    assert places(archiver) == (["a.ndjson"], [])
    assert statuses(archiver.land()) == {"app/a.ndjson": "landed"}
    assert places(archiver) == ([], ["a.ndjson"])


def test_what_is_written_while_a_file_is_moved_comes_back(
    archiver: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archiver.drop("app/a.ndjson", LINE)
    usual = Path.rename

    def replaced(self: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", usual)
        self.unlink()
        path.write_text(OTHER)
        return usual(self, target)

    monkeypatch.setattr(Path, "rename", replaced)

    assert "it changed while it was moved" in archiver.land().warnings()[0]
    assert places(archiver) == (["a.ndjson"], [])
    archiver.land()
    assert raw(archiver) == [LINE.strip(), OTHER.strip()]


def across_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the archive be on another disk than the landing folder."""
    usual = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self.parent != target.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return usual(self, target)

    monkeypatch.setattr(Path, "rename", rename)


def test_the_archive_may_be_on_another_disk(
    archiver: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    across_disks(monkeypatch)
    path = archiver.drop("app/a.ndjson.gz", gzip.compress(LINE.encode()))
    content, modified = path.read_bytes(), path.stat().st_mtime_ns

    archiver.land()

    assert places(archiver) == ([], ["a.ndjson.gz"])
    (archived,) = archiver.root.glob("archive/app/*/*")
    assert (archived.read_bytes(), archived.stat().st_mtime_ns) == (content, modified)


@pytest.mark.slow
@pytest.mark.parametrize("is_across_disks", [False, True])
@pytest.mark.parametrize("step", ["digest_of", "sync", "aside_of", "Path.unlink", "Path.mkdir"])
@pytest.mark.parametrize("call", [1, 2])
def test_whatever_ends_the_move_the_file_is_somewhere(
    archiver: Workbench,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    call: int,
    is_across_disks: bool,
) -> None:
    archiver.drop("app/a.ndjson", LINE)
    calls = 0
    owner, _, name = step.rpartition(".")
    at: Any = getattr(archiving, owner) if owner else archiving
    usual = getattr(at, name)

    def ends(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise KeyboardInterrupt
        return usual(*arguments, **options)

    source = archiver.project.sources["app"]
    folder = archiver.root / "landing" / "app"
    with monkeypatch.context() as patch:
        if is_across_disks:
            across_disks(patch)
        patch.setattr(at, name, ends)
        with suppress(KeyboardInterrupt):
            archiving.archive_file(
                source,
                folder,
                folder / "a.ndjson",
                archiver.root / "archive",
                sha256(LINE.encode()).hexdigest(),
            )

    whole = [path for path in archiver.root.rglob("*a.ndjson") if path.read_text() == LINE]
    assert whole
    assert not [path for path in archiver.root.rglob("a.ndjson") if path.read_text() != LINE]
