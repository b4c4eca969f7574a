"""Where no broker can be started, the reason is given."""

import re
from collections.abc import Iterator

import pytest
import yaml

from tests.kafka import PROJECT, artifacts


@pytest.fixture(autouse=True)
def asked_anew(tmp_path, monkeypatch) -> Iterator[None]:
    """Neither the reason nor the class path is known yet; all programs are in tmp_path."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(artifacts, "_CACHE", tmp_path / "cache")
    artifacts.why_not.cache_clear()
    yield
    artifacts.why_not.cache_clear()


@pytest.fixture
def program(tmp_path):
    """Make a program that says something and ends."""

    def make(name: str, says: str, code: int = 0) -> None:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\necho '{says}'\necho '{says}' >&2\nexit {code}\n")
        path.chmod(0o755)

    return make


def test_java_is_missing():
    assert artifacts.why_not() == "java is missing: a broker needs Java 17 and Maven"


def test_maven_is_missing(program):
    program("java", 'openjdk version "21.0.2"')
    assert artifacts.why_not() == "mvn is missing: a broker needs Java 17 and Maven"


def test_java_is_too_old(program):
    program("java", 'openjdk version "11.0.2"')
    program("mvn", "")
    assert artifacts.why_not() == (
        'Kafka needs Java 17, but java -version says: openjdk version "11.0.2"'
    )


def test_the_artifacts_cannot_be_resolved(program):
    program("java", 'openjdk version "17.0.15"')
    program("mvn", "[ERROR] Could not resolve dependencies", 1)
    assert artifacts.why_not() == (
        "Maven cannot gather the artifacts of Kafka: Could not resolve dependencies"
    )


def test_what_was_gathered_is_not_gathered_again(program, tmp_path):
    jar = tmp_path / "kafka.jar"
    known = artifacts._CACHE / f"{artifacts.state_of_pom()}.classpath"
    known.parent.mkdir()
    known.write_text(str(jar))
    jar.touch()
    assert artifacts.class_path() == str(jar)
    jar.unlink()
    program("mvn", "asked", 1)
    with pytest.raises(artifacts.ArtifactsMissing, match="asked"):
        artifacts.class_path()


def test_docker_runs_the_version_that_is_tested():
    image = yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"]["kafka"]["image"]
    tested = re.search(
        r"kafka_2\.13</artifactId>\s*<version>(.+)</version>", artifacts.POM.read_text()
    )
    assert tested
    assert image == f"apache/kafka:{tested[1]}"
