"""A lakehouse in a bucket, on an S3 server of the tests' own.

Each landing is a process of its own: the server is in this one, and delta-rs would not let it
answer.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.objects.s3 import KEYS, S3Server
from tests.support.workbench import Workbench

HUB = Path(sys.executable).with_name("hub")


@pytest.fixture
def server() -> Iterator[S3Server]:
    server = S3Server()
    server.reset()
    yield server
    server.close()


def start(bench: Workbench, server: S3Server, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [HUB, *arguments, "--json"],
        cwd=bench.root,
        env={**os.environ, **server.environment()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_two_landings_at_once_land_each_file_once_and_a_third_none(
    samples: Workbench, server: S3Server
) -> None:
    landings = [start(samples, server, "land", "--to", "s3://drop/lake/") for _ in range(2)]
    answers = [landing.communicate(timeout=180) for landing in landings]

    assert [err for _, err in answers] == ["", ""]
    files = [file for out, _ in answers for file in json.loads(out)["files"]]
    assert Counter(file["file"] for file in files if file["status"] == "landed") == Counter(
        {file["file"]: 1 for file in files}
    )
    out, _ = start(samples, server, "land", "--to", "s3://drop/lake").communicate(timeout=120)
    third = json.loads(out)["files"]
    assert {file["status"] for file in third} == {"known"}
    assert len({file["load_id"] for file in third}) == len(third) == 6
    out, err = start(samples, server, "compact", "--to", "s3://drop/lake").communicate(timeout=120)
    assert (err, len(json.loads(out)["tables"])) == ("", 10)


@pytest.mark.slow
@pytest.mark.parametrize("bucket", ["nowhere", "drop"])
def test_what_cannot_be_reached_is_told_in_a_line_without_secrets(
    samples: Workbench, server: S3Server, bucket: str
) -> None:
    server.faults.answers = [403] * 100 if bucket == "drop" else []
    landing = start(samples, server, "land", "--to", f"s3://{bucket}/lake")
    out, err = landing.communicate(timeout=120)

    assert (landing.returncode, out) == (1, "")
    assert err.startswith(f"hub: lakehouse s3://{bucket}/lake: cannot be ")
    assert err.count("\n") == 1
    assert "\\x1b" not in err
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in err
