"""Gathers what servers of Java run from in tests: Maven keeps the artifacts, as for any project."""

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.shipped import PROJECT

_CACHE = PROJECT / ".pytest_cache" / "d" / "artifacts"  # ignored by git, removed by `make clean`
_TIMEOUT = 600  # seconds for a first download on a slow line
_LEAST_JAVA = 17


class ArtifactsMissing(Exception):
    """Maven could not gather the artifacts."""


@dataclass(frozen=True)
class Artifacts:
    """The artifacts that a file of Maven names.

    product: what they are of, for messages.
    """

    pom: Path
    product: str

    def why_not(self) -> str | None:
        """Why the product cannot be started here, or None if it can.

        The first call on a machine downloads the artifacts through Maven.
        """
        for program in ("java", "mvn"):
            if not shutil.which(program):
                return f"{program} is missing: {self.product} needs Java {_LEAST_JAVA} and Maven"
        said = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
        version = re.search(r'version "(\d+)', said)
        if not version or int(version[1]) < _LEAST_JAVA:
            return (
                f"{self.product} needs Java {_LEAST_JAVA}, but java -version says: {said.strip()}"
            )
        try:
            self.class_path()
        except ArtifactsMissing as error:
            return str(error)
        return None

    def class_path(self) -> str:
        """The class path of them. Maven is asked once for each state of the file."""
        known = self.cached
        if known.exists():
            path = known.read_text()
            if all(Path(jar).exists() for jar in path.split(os.pathsep)):
                return path
        known.parent.mkdir(parents=True, exist_ok=True)
        # beside its place first: another process may be doing the same
        fresh = known.with_suffix(f".{os.getpid()}")
        goal = (
            "dependency:build-classpath",
            f"-Dmdep.outputFile={fresh}",
            "-DincludeScope=runtime",
        )
        maven = ("mvn", "--batch-mode", "--quiet", "--strict-checksums")
        try:
            done = subprocess.run(
                [*maven, "--file", str(self.pom), *goal],
                capture_output=True,
                text=True,
                timeout=_TIMEOUT,
            )
        except subprocess.TimeoutExpired as error:
            raise ArtifactsMissing(f"Maven gathered nothing within {_TIMEOUT} s") from error
        if done.returncode:
            found = re.search(r"\[ERROR\] (.+)", done.stdout)
            problem = found[1] if found else done.stderr.strip()
            raise ArtifactsMissing(
                f"Maven cannot gather the artifacts of {self.product}: {problem}"
            )
        fresh.replace(known)
        return known.read_text()

    @property
    def cached(self) -> Path:
        """Where the class path is kept for the present state of the file."""
        state = hashlib.sha256(self.pom.read_bytes()).hexdigest()[:12]
        return _CACHE / f"{state}.classpath"
