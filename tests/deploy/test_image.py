"""The image is built from the Containerfile, and works where it can write to its volumes only."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.images import Builder, Image, why_not

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    if reason := why_not():
        pytest.skip(reason)
    builder = Builder(tmp_path_factory.mktemp("images"))
    yield builder.build()
    builder.forget()


@pytest.fixture
def volumes(image: Image, tmp_path: Path) -> dict[str, Path]:
    """New volumes, owned as in the image."""
    places = ("/data", "/data/published", "/data/receipts", "/data/landing", "/opt/hub/target")
    made = {}
    for place in places:
        folder = tmp_path / place.strip("/").replace("/", "-")
        folder.mkdir()
        about = (image.root / place.strip("/")).stat()
        assert about.st_uid == 10001, place
        os.chown(folder, about.st_uid, about.st_gid)
        made[place] = folder
    for place in places[1:4]:
        below = made["/data"] / Path(place).name
        below.mkdir()
    return made


@pytest.mark.long
def test_the_image_runs_and_serves_the_samples_with_a_root_that_it_cannot_write(image, volumes):
    tried = image.run(["/opt/hub/deploy/container/try"], volumes, API_PORT="18431")
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert tried.stdout.endswith("the image works\n")
    assert (volumes["/data"] / "warehouse.duckdb").exists()
    assert (volumes["/data/published"] / "current.duckdb").is_symlink()
    assert [*volumes["/data/receipts"].iterdir()]
