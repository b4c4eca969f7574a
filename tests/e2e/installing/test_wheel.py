"""The wheel works outside of a clone: installed, it lays down a project that runs like this one."""

import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from hub.scaffold.shipped_files import IN_WHEEL, shipped_files
from loader import __version__
from tests.support.shipped import PROJECT

BUILD = "from setuptools import build_meta; build_meta.build_wheel('dist')"
PREFIX = f"hub/scaffold/{IN_WHEEL}/"


def built(source: Path) -> Path:
    """A wheel of the project, from a copy of its sources."""
    for name in ("hub", "loader"):
        shutil.copytree(PROJECT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, path in {
        **shipped_files(PROJECT),
        "setup.py": PROJECT / "setup.py",
        "pyproject.toml": PROJECT / "pyproject.toml",
    }.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, source / name)
    (source / "models" / ".DS_Store").write_text("")
    (source / "landing" / "app").mkdir()
    (source / "landing" / "app" / "mine.json").write_text("[]")
    subprocess.run([sys.executable, "-c", BUILD], cwd=source, check=True, capture_output=True)
    (wheel,) = (source / "dist").glob("*.whl")
    return wheel


def installed(wheel: Path, folder: Path) -> Path:
    """The folder of the programs of an environment with this wheel; what it depends on, it takes
    from the environment of the tests."""
    venv.create(folder, with_pip=True)
    bin_folder = folder / "bin"
    subprocess.run(
        [bin_folder / "python", "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel],
        check=True,
    )
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    dependencies = folder / "lib" / version / "site-packages" / "dependencies.pth"
    dependencies.write_text(sysconfig.get_paths()["purelib"] + "\n")
    return bin_folder


def comparable(receipt: str) -> list[str]:
    receipt = re.sub(r"run \S+ succeeded in \S+ s", "run", receipt)
    return [line.rstrip() for line in receipt.splitlines() if line.strip()]


@pytest.mark.slow
def test_an_installed_wheel_lays_down_a_project_that_runs_like_a_clone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONPATH", "HUB_PROJECT", "HUB_DATABASE", "HUB_LANDING", "DBT_PROFILES_DIR"):
        monkeypatch.delenv(name, raising=False)
    wheel = built(tmp_path / "source")
    assert wheel.name == f"data_integration_hub-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as opened:
        carried = {name.removeprefix(PREFIX) for name in opened.namelist() if PREFIX in name}
    assert carried == set(shipped_files(PROJECT))
    hub = installed(wheel, tmp_path / "env") / "hub"
    shutil.rmtree(tmp_path / "source")

    def call(*arguments: str, folder: Path = tmp_path) -> str:
        done = subprocess.run([hub, *arguments], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert call("--version") == f"hub, version {__version__}\n"
    call("init", "mine")
    mine = tmp_path / "mine"
    for name, path in shipped_files(PROJECT).items():
        assert (mine / name).read_bytes() == path.read_bytes()

    receipt = call("run", "--landing", "samples", folder=mine)

    shown = re.findall(r"^```text\n(run .*?)^```", (PROJECT / "README.md").read_text(), re.M | re.S)
    assert comparable(receipt) == comparable(shown[0])
    assert call("run", "--landing", "samples", folder=mine).startswith("nothing new")
    assert "evt-003" in call("why", "evt-003", folder=mine)
    call("doctor", folder=mine)
    assert call("backup", "--to", "../backup.hub", folder=mine)
    program = "import hub; print(hub.__file__)"
    where = subprocess.check_output([hub.with_name("python"), "-c", program], cwd=mine, text=True)
    assert Path(where).is_relative_to(tmp_path / "env")
