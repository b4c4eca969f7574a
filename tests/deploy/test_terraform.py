"""The module of the first boot is valid, and has a machine do what was asked for."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.workbench import PROJECT

_TERRAFORM = shutil.which("terraform") or shutil.which("tofu")

pytestmark = pytest.mark.skipif(not _TERRAFORM, reason="terraform is missing, and so is tofu")


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A copy of the module of the first boot, which needs no provider."""
    folder = tmp_path / "first_boot"
    shutil.copytree(PROJECT / "deploy" / "terraform" / "first_boot", folder)
    done = terraform(folder, "init", "-input=false", "-backend=false")
    assert done.returncode == 0, done.stderr
    return folder


def terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = folder / "terraform.rc"
    settings.touch()
    return subprocess.run(
        [str(_TERRAFORM), *arguments, *(["-no-color"] if arguments[0] != "output" else [])],
        cwd=folder,
        # it asks nobody for a newer version
        env={**os.environ, "TF_CLI_CONFIG_FILE": str(settings), "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def apply(module: Path, **variables: Any) -> subprocess.CompletedProcess[str]:
    """Apply the module: nothing is made but its output."""
    (module / "given.auto.tfvars.json").write_text(json.dumps(variables))
    return terraform(module, "apply", "-auto-approve", "-input=false")


def test_a_first_boot_sets_up_what_was_asked_for(module):
    assert terraform(module, "validate").returncode == 0
    done = apply(
        module,
        repository="https://git.example.com/data/hub.git",
        revision="v1.0.0",
        image="registry.example.com/hub@sha256:12",
        settings={"WEBHOOK_URL": 'https://example.com/?a="b": #c'},
        data_device="/dev/vdb",
    )
    assert done.returncode == 0, done.stderr
    text = terraform(module, "output", "-raw", "user_data").stdout
    assert text.startswith("#cloud-config\n")
    user_data = yaml.safe_load(text)
    files = {each["path"]: each["content"] for each in user_data["write_files"]}
    assert 'WEBHOOK_URL=https://example.com/?a="b": #c\n' in files["/etc/hub/env"]
    assert "HUB_SECRETS=/mnt/hub/secrets\n" in files["/etc/hub/env"]
    assert json.loads(files["/etc/docker/daemon.json"]) == {"data-root": "/mnt/hub/docker"}
    # a volume that was in use keeps what it holds
    assert user_data["fs_setup"][0]["overwrite"] is False
    assert ["git", "-C", "/srv/hub", "checkout", "--quiet", "v1.0.0"] in user_data["runcmd"]
    assert user_data["runcmd"][-1] == ["/srv/hub/deploy/up", "registry.example.com/hub@sha256:12"]


def test_without_a_volume_and_an_image_the_machine_builds_and_keeps_all_on_its_disk(module):
    assert apply(module, repository="https://git.example.com/hub.git").returncode == 0
    user_data = yaml.safe_load(terraform(module, "output", "-raw", "user_data").stdout)
    assert user_data["runcmd"][-1] == ["/srv/hub/deploy/up"]
    assert "fs_setup" not in user_data
    assert [each["path"] for each in user_data["write_files"]] == ["/etc/hub/env"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("repository", "https://example.com/x; reboot", "git clone"),
        ("revision", "--upload-pack=x", "tag or a branch"),
        ("image", "hub:1 && reboot", "name of an image"),
        ("settings", {"SECRET_KEY": "x"}, "made on the machine"),
        ("settings", {"A": "x\ny"}, "one line"),
    ],
)
def test_what_could_mean_something_else_is_refused(module, name, value, said):
    done = apply(module, **{"repository": "https://git.example.com/hub.git", name: value})
    assert done.returncode != 0
    assert said in " ".join(done.stderr.split())


@pytest.mark.check
def test_the_modules_are_formatted():
    done = subprocess.run(
        [str(_TERRAFORM), "fmt", "-check", "-recursive", "-list=true", "deploy/terraform"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")
