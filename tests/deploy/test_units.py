"""The units of systemd can be loaded, and are shut off from what they do not need."""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.workbench import PROJECT

_UNITS = PROJECT / "deploy" / "systemd"
_SERVICES = ("hub-serve.service", "hub-stream.service", "hub-run.service")
# 0 is shut off from everything, 10 from nothing
_MOST_EXPOSURE = 2.0


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with a `hub` that is there."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is missing")
    folder = tmp_path / "units"
    shutil.copytree(_UNITS, folder)
    for path in folder.glob("*.service"):
        path.write_text(path.read_text().replace("/srv/hub/.venv/bin/hub", shutil.which("true")))
    return folder


def analyze(units: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:", "SYSTEMD_COLORS": "0"},
        capture_output=True,
        text=True,
    )


def test_systemd_loads_the_units_without_a_complaint(units):
    names = [str(path) for path in sorted(units.glob("hub-*.*")) if path.is_file()]
    assert len(names) == 4
    done = analyze(units, "verify", *names)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("service", _SERVICES)
def test_a_service_is_exposed_to_little(units, service):
    root = units.parent / "root"
    shutil.copytree(units, root / "etc/systemd/system")
    done = analyze(units, "security", "--offline=true", f"--root={root}", service)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stderr
    assert float(found[1]) <= _MOST_EXPOSURE


@pytest.mark.check
def test_units_name_commands_and_files_that_there_are():
    common = (_UNITS / "hub-.service.d" / "hub.conf").read_text()
    assert "User=hub\n" in common
    for name in _SERVICES:
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read_string((_UNITS / name).read_text())
        words = unit["Service"]["ExecStart"].split()
        assert words[:1] == ["/srv/hub/.venv/bin/hub"]
        helped = subprocess.run(
            [str(PROJECT / ".venv/bin/hub"), words[1], "--help"], capture_output=True, text=True
        )
        options = [word for word in words[2:] if word.startswith("--")]
        assert [option for option in options if option not in helped.stdout] == []


@pytest.mark.check
def test_the_timer_starts_the_run():
    assert (_UNITS / "hub-run.timer").with_suffix(".service").exists()
