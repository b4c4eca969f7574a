"""Builds the wheel, into dist/: `make wheel`. For a release of a tag, with the changelog's section
on it as NOTES.md: `make release TAG=v1.2.3`."""

import contextlib
import os
import re
import shutil
import sys
from pathlib import Path

from loader import __version__

PROJECT = Path(__file__).resolve().parents[1]


def notes_of(version: str, changelog: str) -> str:
    """The section of the changelog on a version, without its heading. Raises SystemExit where there
    is none, or it is empty."""
    found = re.search(
        rf"^## {re.escape(version)}(?: [^\n]*)?\n(.*?)(?=^## |\Z)",
        changelog,
        re.MULTILINE | re.DOTALL,
    )
    if not found or not found[1].strip():
        raise SystemExit(
            f"release: CHANGELOG.md has no section '## {version}' that says something: "
            "give what is under 'Unreleased' that heading."
        )
    return found[1].strip() + "\n"


def check_tag(tag: str, version: str) -> None:
    """Raise SystemExit unless the tag is that of the version that the code has."""
    if tag != f"v{version}":
        raise SystemExit(
            f"release: the tag is '{tag}', and loader/__init__.py says {version}: "
            f"give the commit the tag v{version}, or change the version first."
        )


def build(folder: Path) -> None:
    """Build the wheel into a folder, with the build backend of requirements.lock."""
    from setuptools import build_meta  # type: ignore[import-untyped]

    os.chdir(PROJECT)
    # what is gone from the sources must not come from there
    shutil.rmtree("build", ignore_errors=True)
    with (folder / "build.log").open("w") as log, contextlib.redirect_stdout(log):
        build_meta.build_wheel(str(folder))
    (folder / "build.log").unlink()


def main(tag: str | None) -> None:
    """Make dist/ anew, with the wheel. For a tag, which must fit, with NOTES.md, too."""
    notes = None
    if tag is not None:
        check_tag(tag, __version__)
        notes = notes_of(__version__, (PROJECT / "CHANGELOG.md").read_text())
    dist = PROJECT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    dist.mkdir()
    build(dist)
    if notes is not None:
        (dist / "NOTES.md").write_text(notes)
    for path in sorted(dist.iterdir()):
        print(path.relative_to(PROJECT))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
