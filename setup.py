"""Builds the wheel with the files of the dbt project in it, from the one copy at the root.

All other settings stand in pyproject.toml.
"""

import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

_ROOT = Path(__file__).parent.resolve()
sys.path.insert(0, str(_ROOT))

from hub.scaffold.shipped_files import IN_WHEEL, shipped_files  # noqa: E402


class BuildWithProject(build_py):
    """Puts the shipped files beside the module that finds them there."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:  # then they are found at the root
            # what is gone from the sources must not come from an earlier build
            shutil.rmtree(self._folder(), ignore_errors=True)
            for path, target in self._copies():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        copied = [] if self.editable_mode else [str(target) for _, target in self._copies()]
        return [*super().get_outputs(include_bytecode), *copied]

    def get_source_files(self) -> list[str]:
        """What an archive of the sources needs: the wheel is built from it, too."""
        shipped = shipped_files(_ROOT).values()
        return [*super().get_source_files(), *(str(path.relative_to(_ROOT)) for path in shipped)]

    def _copies(self) -> list[tuple[Path, Path]]:
        return [(path, self._folder() / name) for name, path in shipped_files(_ROOT).items()]

    def _folder(self) -> Path:
        return Path(self.build_lib) / "hub" / "scaffold" / IN_WHEEL


setup(cmdclass={"build_py": BuildWithProject})
