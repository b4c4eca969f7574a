"""Gathers what the broker runs from: Maven keeps the artifacts, as for any project of Java."""

import hashlib
import os
import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from tests.kafka import PROJECT

POM = Path(__file__).with_name("pom.xml")
_CACHE = PROJECT / ".pytest_cache" / "d" / "kafka"  # ignored by git, removed by `make clean`
_TIMEOUT = 600  # seconds for a first download on a slow line
_LEAST_JAVA = 17


@lru_cache
def why_not() -> str | None:
    """Why no broker can be started here, or None if one can.

    The first call on a machine downloads about 45 MB through Maven.
    """
    for program in ("java", "mvn"):
        if not shutil.which(program):
            return f"{program} is missing: a broker needs Java {_LEAST_JAVA} and Maven"
    said = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
    version = re.search(r'version "(\d+)', said)
    if not version or int(version[1]) < _LEAST_JAVA:
        return f"Kafka needs Java {_LEAST_JAVA}, but java -version says: {said.strip()}"
    try:
        class_path()
    except ArtifactsMissing as error:
        return str(error)
    return None


class ArtifactsMissing(Exception):
    """Maven could not gather the artifacts."""


def class_path() -> str:
    """The class path of the broker. Maven is asked once for each state of pom.xml."""
    known = _CACHE / f"{state_of_pom()}.classpath"
    if known.exists():
        path = known.read_text()
        if all(Path(jar).exists() for jar in path.split(os.pathsep)):
            return path
    _CACHE.mkdir(parents=True, exist_ok=True)
    # beside its place first: another process may be doing the same
    fresh = known.with_suffix(f".{os.getpid()}")
    goal = ("dependency:build-classpath", f"-Dmdep.outputFile={fresh}", "-DincludeScope=runtime")
    try:
        done = subprocess.run(
            ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file", str(POM), *goal],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
        )
    except subprocess.TimeoutExpired as error:
        raise ArtifactsMissing(f"Maven gathered nothing within {_TIMEOUT} s") from error
    if done.returncode:
        found = re.search(r"\[ERROR\] (.+)", done.stdout)
        problem = found[1] if found else done.stderr.strip()
        raise ArtifactsMissing(f"Maven cannot gather the artifacts of Kafka: {problem}")
    fresh.replace(known)
    return known.read_text()


def state_of_pom() -> str:
    return hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
