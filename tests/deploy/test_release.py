"""A tag makes a release: the wheel of its version, with its section of the changelog as notes."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from typing import Any

import pytest

from loader import __version__
from tests.support.workbench import PROJECT


@pytest.fixture(scope="module")
def release() -> Any:
    """The module .ci/release.py."""
    spec = importlib.util.spec_from_file_location("release", PROJECT / ".ci" / "release.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_CHANGELOG = """# Changelog

## Unreleased

## 1.2.30

Not this one.

## 1.2.3 (2026-11-28)

**New**: a thing.

### More

## 1.2.2

Old.
"""


def test_the_notes_are_the_section_of_the_version_alone(release):
    assert release.notes_of("1.2.3", _CHANGELOG) == "**New**: a thing.\n\n### More\n"


@pytest.mark.parametrize("version", ["1.2.4", "Unreleased", "1.2"])
def test_a_version_without_a_section_is_no_release(release, version):
    with pytest.raises(SystemExit, match=f"no section '## {version}'"):
        release.notes_of(version, _CHANGELOG)


@pytest.mark.parametrize("tag", ["", "1.2.3", "v1.2.4"])
def test_a_tag_of_another_version_is_no_release(release, tag):
    with pytest.raises(SystemExit, match=r"loader/__init__\.py says 1\.2\.3"):
        release.check_tag(tag, "1.2.3")


# setuptools changes how its process logs
_BUILD = "import sys, pathlib, release; release.build(pathlib.Path(sys.argv[1]))"


@pytest.mark.slow
def test_the_wheel_has_both_packages_and_their_version(tmp_path):
    subprocess.run(
        [sys.executable, "-c", _BUILD, str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{PROJECT / '.ci'}:{PROJECT}"},
        check=True,
    )
    [wheel] = tmp_path.iterdir()
    assert wheel.name.startswith(f"data_integration_hub-{__version__}-")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"hub/main.py", "loader/__init__.py"} <= {*names}
