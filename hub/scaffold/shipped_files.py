"""The files of the dbt project that the hub ships: for the wheel, which carries them, and for
`hub init`, which lays them down.

It imports nothing but the standard library: the wheel is built by it before anything is installed.
"""

from collections.abc import Iterator
from pathlib import Path

# beside this file, in the wheel; in a clone they stand at its root alone
IN_WHEEL = "project"

# folder -> patterns of the names in it, and in those below it
_FOLDERS = {
    "models": ("*.sql", "*.yml", "*.md"),
    "macros": ("*.sql", "*.yml", "*.md"),
    "snapshots": ("*.sql", "*.yml"),
    "seeds": ("*.csv", "*.yml"),
    "tests/generic": ("*.sql", "*.yml"),
    "samples": ("*",),
    "docs": ("*.md", "*.png"),
}
# patterns of files, at the root or in one folder
_FILES = (
    *("dbt_project.yml", "profiles.yml", "alerts.yml", ".gitignore", "landing/.gitignore"),
    "tests/*.sql",
)
# where it stands in the project of a user, which has a README of its own
_README = {"README.md": "hub/scaffold/project_readme.md"}


def shipped_files(root: Path) -> dict[str, Path]:
    """What a project consists of, in the repository at `root`: where a file stands in the project,
    and where it is."""
    found = {
        str(path.relative_to(root)): path
        for path in sorted([*_in_folders(root), *_single(root)])
        if path.is_file()
    }
    return found | {name: root / path for name, path in _README.items()}


def carried_files() -> dict[str, Path]:
    """The same, from where this package is installed: from the wheel, or from the clone."""
    here = Path(__file__).parent
    carried = here / IN_WHEEL
    if not carried.is_dir():
        return shipped_files(here.parent.parent)
    files = sorted(path for path in carried.rglob("*") if path.is_file())
    return {str(path.relative_to(carried)): path for path in files}


def _in_folders(root: Path) -> Iterator[Path]:
    for folder, patterns in _FOLDERS.items():
        for pattern in patterns:
            for path in (root / folder).rglob(pattern):
                # what an editor or the system left
                if not any(part.startswith(".") for part in path.relative_to(root).parts):
                    yield path


def _single(root: Path) -> Iterator[Path]:
    for pattern in _FILES:
        yield from root.glob(pattern)
