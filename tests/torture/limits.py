"""`hub land` and `hub run` without room: a full disk, files that may not grow, a memory limit."""

import os
import resource
import shutil
import subprocess
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tests.torture.deliveries import Delivery, Task
from tests.torture.playground import LAND, RUN, Ended, Playground
from tests.torture.verdicts import Examination, Verdict, complaints_about, noted, together

KB, MB = 1 << 10, 1 << 20


_UNITS = {
    "file": "files that may not grow (RLIMIT_FSIZE)",
    "memory": "a memory limit (RLIMIT_AS)",
    "duckdb": "a memory limit for DuckDB (HUB_MEMORY_LIMIT)",
}
_DISK = 64 * MB
# the first ones do not suffice for the twelve KB with which a database begins
_ROOM = tuple(
    size * KB
    for size in (4, 8, 32, 128, 256, 512, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384)
)
_MEMORY = tuple(size * MB for size in (4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384))
_DUCKDB = tuple(size * MB for size in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64))


@dataclass(frozen=True)
class Limited:
    """A command in a process that may not have more than `size` bytes of something.

    what: "file" for the size of its files, "memory" for its address space beyond what it has at
    the start, "duckdb" for DuckDB's own memory.
    """

    task: Task
    what: str
    size: int

    @property
    def trial(self) -> str:
        return f"{self.task.program} with {_UNITS[self.what]}"

    def carry_out(self, ground: Playground) -> Verdict:
        self.task.set_up(ground)
        limit = {"file": limit_files, "memory": limit_memory, "duckdb": limit_duckdb}[self.what]
        ended = ground.hub(self.task.command, prepare=partial(limit, self.size))
        return _examined(ground, self.task, ended, self.trial, self.size)


@dataclass(frozen=True)
class FullDisk:
    """A command on a file system of its own that has so many bytes left; then room is made."""

    task: Task
    sizes: tuple[int, ...]

    @property
    def trial(self) -> str:
        return f"{self.task.program} on a disk that is full"

    def carry_out(self, ground: Playground) -> Verdict:
        disk = ground.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(disk)],
            capture_output=True,
            text=True,
        )
        if mounted.returncode != 0:
            return Verdict(self.trial, skipped="no file system can be mounted here")
        try:
            small = Playground(ground.folder / "small", disk / "hub")
            return together(self.trial, [self._tried(small, size) for size in self.sizes])
        finally:
            ground.enter()
            subprocess.run(["umount", str(disk)], check=True)
            disk.rmdir()
            shutil.rmtree(ground.folder / "small")

    def _tried(self, small: Playground, size: int) -> Verdict:
        self.task.set_up(small)
        ballast = small.root.parent / "ballast"
        state = os.statvfs(small.root)
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, state.f_bavail * state.f_frsize - size)
        ended = small.hub(self.task.command)
        ballast.unlink()
        return _examined(small, self.task, ended, self.trial, size)


def _examined(ground: Playground, task: Task, ended: Ended, trial: str, size: int) -> Verdict:
    """How a command ended that perhaps had too little, and what the same makes of it with more."""
    complaints = complaints_about(ended) if ended.code != 0 else []
    glimpse = task.glimpse(ground)
    is_left_out = glimpse.has_held
    examination = Examination(task, task.command, [glimpse], complaints, is_left_out)
    moment = "failed" if ended.code else "held files" if is_left_out else "had enough"
    verdict = replace(examination.of(ground, trial), moments=(moment,))
    return noted(verdict, f"{size} bytes: {ended.err[-500:]} {ended.out[-500:]}")


def limit_files(size: int) -> None:
    """Let no file of this process grow beyond `size` bytes, as if the disk were full then."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def limit_memory(size: int) -> None:
    """Let this process have so many bytes more than it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + size
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def limit_duckdb(size: int) -> None:
    """Let DuckDB use so many bytes, from the loader as from dbt."""
    os.environ["HUB_MEMORY_LIMIT"] = f"{size}B"


def limits(delivery: Delivery, every: int) -> list[Limited | FullDisk]:
    """Every so many-th of the sizes, from next to nothing to enough."""
    trials: list[Limited | FullDisk] = []
    for task in (
        Task(delivery, LAND, first_day=True),
        Task(delivery, RUN, first_day=True),
    ):
        trials += [Limited(task, "file", size) for size in _ROOM[::every]]
        trials += [FullDisk(task, _ROOM[part::4]) for part in range(0, 4, every)]
        trials += [Limited(task, "memory", size) for size in _MEMORY[::every]]
        trials += [Limited(task, "duckdb", size) for size in _DUCKDB[::every]]
    return trials
