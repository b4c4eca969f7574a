"""What compose.yaml promises; `make check` holds it against the schema of compose, too."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.workbench import PROJECT

pytestmark = pytest.mark.check

_OWN = ("serve", "schedule", "stream")


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((PROJECT / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def image() -> str:
    return (PROJECT / "Containerfile").read_text()


@pytest.mark.parametrize("name", _OWN)
def test_a_container_of_the_hub_may_do_as_little_as_it_needs(compose, name):
    service = compose["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert [line for line in service["volumes"] if "docker.sock" in line] == []


def test_nothing_listens_beyond_this_machine(compose):
    ports = [port for each in compose["services"].values() for port in each.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_only_the_server_has_the_secret_key_and_it_is_a_file(compose):
    holders = [name for name, each in compose["services"].items() if "secrets" in each]
    assert holders == ["serve"]
    assert "file" in compose["secrets"]["SECRET_KEY"]
    assert [
        name
        for name, each in compose["services"].items()
        if "SECRET_KEY" in each.get("environment", {})
    ] == []


def test_a_plain_start_serves_and_runs_and_leaves_the_rest_to_profiles(compose):
    started = [name for name, each in compose["services"].items() if "profiles" not in each]
    assert started == ["serve", "schedule"]
    assert compose["services"]["kafka"]["profiles"] == ["kafka"]
    assert compose["services"]["stream"]["profiles"] == ["stream"]


@pytest.mark.parametrize("name", _OWN)
def test_all_that_a_run_writes_is_in_volumes(compose, image, name):
    volumes = compose["services"][name]["volumes"]
    places = {line.removesuffix(":ro").rpartition(":")[2] for line in volumes}
    assert places == {
        "/data",
        "/data/published",
        "/data/receipts",
        "/data/landing",
        "/opt/hub/target",
    }
    # so that a new volume belongs to the user
    assert "install --directory --owner hub --group hub" in image
    assert re.search(r"USER 10001:10001\n", image)


def test_the_landing_folder_is_read_only(compose):
    [landing] = [
        line for line in compose["services"]["serve"]["volumes"] if "/data/landing" in line
    ]
    assert landing.endswith(":ro")


def test_compose_and_the_image_agree_on_places(compose, image):
    for name in _OWN:
        environment = compose["services"][name]["environment"]
        for variable in ("HUB_PROJECT", "HUB_DATABASE", "HUB_LANDING"):
            assert f"{variable}={environment[variable]}" in image


def test_the_image_has_a_health_check_and_is_built_on_what_can_be_pinned(image):
    assert "HEALTHCHECK" in image
    assert image.count("FROM ${HUB_BASE}") == 2


def test_compose_builds_on_what_the_image_names_unless_it_is_pinned(compose, image):
    base = compose["services"]["serve"]["build"]["args"]["HUB_BASE"]
    assert f"ARG {base.removeprefix('${').removesuffix('}').replace(':-', '=')}\n" in image


def test_the_image_has_the_versions_that_are_tested():
    """deploy/container/requirements.lock follows from the other locks."""

    def versions(lock: Path) -> dict[str, str]:
        text = lock.read_text()
        return dict(re.findall(r"^([\w.-]+)(?:\[.+\])?==([^ ;\\]+)", text, re.MULTILINE))

    tested: dict[str, str] = {}
    image = PROJECT / "deploy/container/requirements.lock"
    for lock in {*PROJECT.glob("*.lock"), *PROJECT.glob("[hl]*/*/requirements.lock")} - {image}:
        tested |= versions(lock)
    held = versions(image)
    assert {name: version for name, version in held.items() if tested.get(name) != version} == {}
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    # the image does not build on Spark: pyspark has more than all the rest
    extras = [
        name
        for extra, names in project["optional-dependencies"].items()
        if extra != "spark"
        for name in names
    ]
    names = [re.match(r"[\w.-]+", name)[0] for name in [*project["dependencies"], *extras]]
    asked = {name.replace(".", "-") for name in names}
    assert sorted(asked - {*held}) == [], "run `make lock`"
    assert "pytest" not in held
