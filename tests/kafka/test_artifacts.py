"""Where no broker can be started, the reason is given."""

import re

import pytest
import yaml

from tests.kafka import ARTIFACTS, PROJECT
from tests.support import artifacts


@pytest.fixture(autouse=True)
def asked_anew(tmp_path, monkeypatch):
    """The class path is not known yet; all programs are in tmp_path."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(artifacts, "_CACHE", tmp_path / "cache")


@pytest.fixture
def program(tmp_path):
    """Make a program that says something and ends."""

    def make(name: str, says: str, code: int = 0) -> None:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\necho '{says}'\necho '{says}' >&2\nexit {code}\n")
        path.chmod(0o755)

    return make


def test_java_is_missing():
    assert ARTIFACTS.why_not() == "java is missing: Kafka needs Java 17 and Maven"


def test_maven_is_missing(program):
    program("java", 'openjdk version "21.0.2"')
    assert ARTIFACTS.why_not() == "mvn is missing: Kafka needs Java 17 and Maven"


def test_java_is_too_old(program):
    program("java", 'openjdk version "11.0.2"')
    program("mvn", "")
    assert ARTIFACTS.why_not() == (
        'Kafka needs Java 17, but java -version says: openjdk version "11.0.2"'
    )


def test_the_artifacts_cannot_be_resolved(program):
    program("java", 'openjdk version "17.0.15"')
    program("mvn", "[ERROR] Could not resolve dependencies", 1)
    assert ARTIFACTS.why_not() == (
        "Maven cannot gather the artifacts of Kafka: Could not resolve dependencies"
    )


def test_what_was_gathered_is_not_gathered_again(program, tmp_path):
    jar = tmp_path / "kafka.jar"
    known = ARTIFACTS.cached
    known.parent.mkdir()
    known.write_text(str(jar))
    jar.touch()
    assert ARTIFACTS.class_path() == str(jar)
    jar.unlink()
    program("mvn", "asked", 1)
    with pytest.raises(artifacts.ArtifactsMissing, match="asked"):
        ARTIFACTS.class_path()


def test_docker_runs_the_version_that_is_tested():
    image = yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"]["kafka"]["image"]
    tested = re.search(
        r"kafka_2\.13</artifactId>\s*<version>(.+)</version>", ARTIFACTS.pom.read_text()
    )
    assert tested
    assert image == f"apache/kafka:{tested[1]}"
