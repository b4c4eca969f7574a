"""`make deploy`: what deploy/up asks of a container engine, which a stand-in plays here."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.programs import Programs
from tests.support.workbench import PROJECT

Done = subprocess.CompletedProcess[str]
# `up` fails for the images of $BAD; a container runs where there is one of $RUNNING
_ENGINE = """
case "$*" in
    "compose version" | info) ;;
    "compose ps --quiet serve") [ -z "$RUNNING" ] || echo c0ffee ;;
    "inspect --format {{.Image}} c0ffee") echo sha256:1234 ;;
    inspect*) echo "$RUNNING" ;;
    tag*) ;;
    "image inspect"*) [ "$KNOWN" ] ;;
    pull*) [ "$KNOWN$PULLS" ] ;;
    "compose build serve") [ -z "$BROKEN" ] ;;
    "compose up"*) case " $BAD " in *" $HUB_IMAGE "*) exit 1 ;; esac ;;
    "compose port serve 8000") echo 127.0.0.1:8000 ;;
    "compose logs"*) echo "the log of the server" ;;
    *) echo "not expected: $*" >&2; exit 9 ;;
esac
"""


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    folder = tmp_path / "bin"
    folder.mkdir()
    made = Programs(folder)
    made.add("docker", _ENGINE, " ($HUB_IMAGE)")
    return made


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with what deploy/up needs of the project, and no Git."""
    root = tmp_path / "hub"
    (root / "deploy").mkdir(parents=True)
    shutil.copy2(PROJECT / "deploy" / "up", root / "deploy" / "up")
    return root


def up(programs: Programs, project: Path, *arguments: str, **variables: str) -> Done:
    programs.variables = variables
    return programs.run("sh", "deploy/up", *arguments, cwd=project)


def started(programs: Programs) -> list[str]:
    """The images that were started, in order."""
    return [call.split("(")[1].rstrip(")") for call in programs.calls if "compose up" in call]


def test_it_builds_starts_waits_and_prints_the_page(programs, project):
    done = up(programs, project)
    assert done.returncode == 0, done.stderr
    assert "page: http://127.0.0.1:8000" in done.stdout
    assert "running: data-integration-hub:local" in done.stdout
    assert started(programs) == ["data-integration-hub:local"]
    [call] = [call for call in programs.calls if "compose up" in call]
    assert "--wait --wait-timeout 300" in call


def test_a_first_deployment_makes_a_secret_and_keeps_it(programs, project):
    up(programs, project)
    secret = project / "secrets" / "SECRET_KEY"
    first = secret.read_text()
    assert len(first) == 64
    assert (project / "secrets").stat().st_mode & 0o777 == 0o700
    assert secret.stat().st_mode & 0o777 == 0o444
    up(programs, project)
    assert secret.read_text() == first


def test_the_secrets_are_where_env_says(programs, project, tmp_path):
    (project / ".env").write_text(f"HUB_SECRETS={tmp_path}/elsewhere\n")
    up(programs, project)
    assert (tmp_path / "elsewhere" / "SECRET_KEY").exists()
    assert not (project / "secrets").exists()


def test_the_image_is_remembered_beside_the_other_settings(programs, project):
    (project / ".env").write_text("WEBHOOK_URL=http://127.0.0.1:9/x\nHUB_IMAGE=old\n")
    up(programs, project, "hub:2", KNOWN="yes")
    assert (project / ".env").read_text() == ("WEBHOOK_URL=http://127.0.0.1:9/x\nHUB_IMAGE=hub:2\n")
    assert (project / ".env").stat().st_mode & 0o777 == 0o600


def test_a_build_of_the_same_name_can_be_taken_back(programs, project):
    name = "data-integration-hub:local"
    done = up(programs, project, RUNNING=name, BAD=name)
    assert done.returncode == 1
    assert "data-integration-hub:before runs again" in done.stderr
    assert started(programs) == [name, "data-integration-hub:before"]
    [tagged] = [call for call in programs.calls if call.startswith("docker tag")]
    assert tagged.startswith("docker tag sha256:1234 data-integration-hub:before")
    assert programs.calls.index(tagged) < next(
        number for number, call in enumerate(programs.calls) if "build serve" in call
    )


def test_a_named_image_is_pulled_where_it_is_not_here_and_nothing_is_built(programs, project):
    done = up(programs, project, "hub:2", PULLS="yes", RUNNING="hub:1")
    assert done.returncode == 0, done.stderr
    assert "before: hub:1 (back to it: make deploy IMAGE=hub:1)" in done.stdout
    assert [call for call in programs.calls if call.startswith("docker pull hub:2")]
    assert not [call for call in programs.calls if "build serve" in call]


def test_an_image_that_does_not_become_healthy_gives_way_to_the_one_before(programs, project):
    (project / ".env").write_text("HUB_IMAGE=hub:1\n")
    done = up(programs, project, "hub:2", KNOWN="yes", RUNNING="hub:1", BAD="hub:2")
    assert done.returncode == 1
    assert (
        "hub:2 did not become healthy in 300 s: its log is above. hub:1 runs again." in done.stderr
    )
    assert "the log of the server" in done.stderr
    assert started(programs) == ["hub:2", "hub:1"]
    assert (project / ".env").read_text() == "HUB_IMAGE=hub:1\n"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"BAD": "hub:2"}, "hub:2 did not become healthy"),
        ({"BAD": "hub:2 hub:1", "RUNNING": "hub:1"}, "neither hub:2 nor hub:1"),
        ({"KNOWN": ""}, "the image hub:2 is neither here nor to be had"),
    ],
)
def test_what_cannot_be_started_is_said(programs, project, variables, said):
    done = up(programs, project, "hub:2", **{"KNOWN": "yes", **variables})
    assert done.returncode == 1
    assert said in done.stderr


def test_an_image_that_cannot_be_built_leaves_what_runs(programs, project):
    done = up(programs, project, BROKEN="yes", RUNNING="hub:1")
    assert done.returncode == 1
    assert "cannot be built" in done.stderr
    assert started(programs) == []


def test_without_an_engine_it_says_what_to_install(programs, project):
    for name in ("docker", "podman"):
        programs.add(name, "exit 1")
    done = up(programs, project)
    assert done.returncode == 1
    assert "there is no container engine with compose: install Docker" in done.stderr
    assert not (project / "secrets").exists()


def test_an_engine_that_does_not_answer_is_told_apart(programs, project):
    programs.add("docker", '[ "$*" = "compose version" ]')
    done = up(programs, project)
    assert done.returncode == 1
    assert "its engine does not answer: start it" in done.stderr


def test_make_deploy_is_this_script():
    done = Programs(PROJECT).run("make", "--dry-run", "deploy", "IMAGE=hub:1", cwd=PROJECT)
    assert done.stdout == "sh deploy/up hub:1\n"


# deploy/remote


def test_remote_sends_what_it_needs_and_runs_it_there(programs, tmp_path):
    programs.add("ssh", 'shift 2; cd "$HOME" && exec sh -c "$2"')
    programs.variables = {"SSH_OPTIONS": "-i key", "KNOWN": "yes"}
    done = programs.run(str(PROJECT / "deploy" / "remote"), "hub@there", "registry/hub@sha256:12")
    assert done.returncode == 0, done.stderr
    assert programs.calls[0].startswith("ssh -i key hub@there ")
    there = programs.folder / "hub"
    assert {"compose.yaml", "deploy", "landing"} <= {path.name for path in there.iterdir()}
    assert "running: registry/hub@sha256:12" in done.stdout


@pytest.mark.parametrize(
    "arguments", [["hub@there"], ["-oProxyCommand=x", "hub:1"], ["hub@there", "hub:1'; reboot"]]
)
def test_remote_refuses_what_is_no_machine_or_image(programs, arguments):
    programs.add("ssh", "")
    done = programs.run(str(PROJECT / "deploy" / "remote"), *arguments)
    assert done.returncode == 2
    assert programs.calls == []
