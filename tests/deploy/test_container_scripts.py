"""The scripts of the image: secrets from files, and a command that is run again and again."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.workbench import PROJECT

_SCRIPTS = PROJECT / "deploy" / "container"


def enter(secrets: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(_SCRIPTS / "entrypoint"), *command],
        env={"PATH": os.environ["PATH"], "SECRETS_FOLDER": str(secrets)},
        capture_output=True,
        text=True,
    )


def test_a_secret_is_a_variable_of_the_command_without_the_end_of_its_line(tmp_path):
    (tmp_path / "SECRET_KEY").write_text("a 'secret' with $signs\n")
    (tmp_path / "PARTNER_TOKEN").write_text("t")
    done = enter(tmp_path, "printenv", "SECRET_KEY", "PARTNER_TOKEN")
    assert done.stdout == "a 'secret' with $signs\nt\n"


def test_without_secrets_the_command_runs_and_its_exit_is_the_containers(tmp_path):
    assert enter(tmp_path / "none", "sh", "-c", "exit 7").returncode == 7


@pytest.mark.parametrize("name", ["secret-key", "1KEY", "KEY=x"])
def test_a_file_that_is_no_variable_is_refused_by_its_name(tmp_path, name):
    (tmp_path / name).write_text("hidden")
    done = enter(tmp_path, "env")
    assert done.returncode == 2
    assert f"the secret '{name}' has no name of a variable" in done.stderr
    assert "hidden" not in done.stdout + done.stderr


@pytest.fixture
def every(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the script in a folder; what a failed test leaves at work is killed."""
    started = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [str(_SCRIPTS / "every"), *arguments],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # a shell cannot catch what was ignored where the tests were started: in the background
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def lines_of(path: Path, count: int) -> list[str]:
    """The lines of a file, as soon as there are so many."""
    for _ in range(600):
        if path.exists() and len(lines := path.read_text().splitlines()) >= count:
            return lines
        time.sleep(0.05)
    raise AssertionError(f"{path} has not {count} lines")


def test_a_command_runs_at_once_and_again_also_when_it_fails(every, tmp_path):
    loop = every("0", "sh", "-c", "echo ran >> log; exit 1")
    lines_of(tmp_path / "log", 3)
    loop.terminate()
    assert loop.wait(30) == 0


def test_a_stop_ends_the_pause(every, tmp_path):
    loop = every("3600", "sh", "-c", "echo ran >> log")
    lines_of(tmp_path / "log", 1)
    loop.send_signal(signal.SIGINT)
    assert loop.wait(30) == 0
    assert (tmp_path / "log").read_text() == "ran\n"


def test_a_stop_is_handed_to_the_command_which_comes_to_its_own_end(every, tmp_path):
    at_the_end = "trap 'sleep 0.3; echo ended >> log; exit' TERM"
    work = f"{at_the_end}; echo began >> log; while :; do sleep 0.05; done"
    loop = every("0", "sh", "-c", work)
    lines_of(tmp_path / "log", 1)
    loop.terminate()
    assert loop.wait(30) == 0
    assert (tmp_path / "log").read_text() == "began\nended\n"


@pytest.mark.parametrize("arguments", [[], ["soon", "true"], ["-1", "true"]])
def test_a_pause_that_is_no_number_is_wrong_use(every, arguments):
    loop = every(*arguments)
    assert loop.wait(30) == 2
    assert loop.stderr
    assert "usage: every SECONDS COMMAND..." in loop.stderr.read()
