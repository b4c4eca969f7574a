"""`hub backup`, `hub restore` and `hub init` as somebody calls them."""

from pathlib import Path

import pyrage
import pytest

from tests.support.command_line import Command
from tests.support.workbench import Workbench


@pytest.mark.slow
def test_a_backup_and_a_restore_say_what_they_are_of(
    after_run: Workbench, command: Command, tmp_path: Path
) -> None:
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(str(identity))
    file = str(tmp_path / "b.age")
    arguments = ("--to", file, "--recipient", str(identity.to_public()))

    made = command("backup", *arguments, "--json").data
    assert (made["path"], made["is_encrypted"], made["behind"]) == (file, True, None)
    again = command("backup", *arguments)
    assert (again.code, again.out) == (2, "")
    assert "a file already" in again.err
    assert f"wrote {file}" in command("backup", *arguments, "--force").out

    answer = command("restore", file, "--identity", str(tmp_path / "key"))
    assert answer.code == 2
    assert "there is a warehouse already" in answer.err
    answer = command("restore", file, "--identity", str(tmp_path / "key"), "--dry-run")
    assert "can be restored; nothing has changed" in answer.out
    assert "ok    ledger = raw" in answer.out
    answer = command("restore", file, "--identity", str(tmp_path / "key"), "--force", "--json")
    assert answer.data["manifest"]["run_id"] == made["manifest"]["run_id"]
    assert answer.data["replaced"] is True
    other = str(tmp_path / "other.duckdb")
    answer = command("restore", file, "--identity", str(tmp_path / "key"), "--database", other)
    assert answer.code == 0
    assert f"restored {other}\nstate of run {made['manifest']['run_id']}, ended" in answer.out
    assert "1 receipt\n" in answer.out


def test_a_project_is_laid_down_where_there_is_none(
    command: Command, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)

    listed = command("init", "mine", "--dry-run", "--json").data["files"]
    assert not (tmp_path / "mine").exists()
    answer = command("init", "mine")

    assert answer.out.startswith(f"laid down {tmp_path}/mine: {len(listed)} files\n")
    assert command("init", "mine").code == 2
    assert command("run").code == 2  # here is still no project
