"""`path` of a source: a place in a bucket, and never a secret."""

import pytest

from loader.config.reading import read_as
from loader.config.sources import SourceSettings
from loader.errors import WrongUse


@pytest.mark.parametrize(
    "path",
    [
        "s3://bucket",
        "s3://my.bucket-1/a/b c/".replace(" ", "%20"),
        "gs://bucket/prefix",
        "az://container/prefix/",
        "abfss://container@account.dfs.core.windows.net/prefix/",
    ],
)
def test_a_place_in_a_bucket_is_taken(path: str) -> None:
    assert read_as(SourceSettings, {"path": path}, "app.yml").path == path


@pytest.mark.parametrize(
    "path",
    [
        "s3://key:secret-text@bucket/in/",
        "s3://bucket/in/?secret-text",
        "https://bucket/secret-text",
        "/secret-text",
        "file:///secret-text",
        "s3://",
        5,
    ],
)
def test_anything_else_is_refused_and_not_shown(path: object) -> None:
    with pytest.raises(WrongUse, match=r"path: .*s3://bucket/prefix/") as caught:
        read_as(SourceSettings, {"path": path}, "app.yml")

    assert "secret-text" not in str(caught.value)
