"""Fixtures: a bucket, and a project whose source `app` reads it."""

from collections.abc import Iterator

import pytest

from tests.objects.s3 import S3Server
from tests.support.first_build import add_tables
from tests.support.workbench import Workbench


@pytest.fixture(scope="session")
def server() -> Iterator[S3Server]:
    server = S3Server()
    yield server
    server.close()


@pytest.fixture
def s3(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server with an empty bucket `drop`, and the environment that leads to it."""
    server.reset()
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def bucket_bench(s3: S3Server, own_project: Workbench) -> Workbench:
    """A workbench whose source `app` has its files in the bucket."""
    add_tables(own_project.root)
    own_project.set_meta("app", path="s3://drop/in/")
    return own_project
