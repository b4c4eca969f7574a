"""The place of a lakehouse: a folder, or a prefix in a bucket, with a folder for each table."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from loader.errors import WrongUse

_REMEDY = "Write a folder, file:///folder, or s3://bucket/prefix."
_BUCKET = re.compile(r"s3a?://[^/?#@]+(/[^?#]*)?")
_S3_OPTIONS = {
    # of several that write at once, each commit is an object that must not be there yet
    "conditional_put": "etag",
    # connections, timeouts, answers that say 5xx are tried again so often, for so long
    "max_retries": "4",
    "retry_timeout": "30s",
}


@dataclass(frozen=True)
class Place:
    """Where the tables are.

    root:    a local folder's path, or the address of a prefix in a bucket, without a / at its end.
    options: for delta-rs, besides what it reads in the environment.
    """

    root: str
    options: dict[str, str] = field(default_factory=dict)

    def of(self, table: str) -> str:
        """Where a table is.   table: schema and name, such as raw.loads."""
        return f"{self.root}/{table.replace('.', '/')}"


def place_of(text: str) -> Place:
    """The place that a text names. Raises WrongUse where it names none."""
    where = f"lakehouse {text}"
    scheme = urlsplit(text).scheme.lower()
    if scheme in ("s3", "s3a"):
        if not _BUCKET.fullmatch(text):
            raise WrongUse(where, "it is no place in a bucket", _REMEDY)
        return Place(text.rstrip("/"), _S3_OPTIONS)
    if scheme == "file":
        text = unquote(urlsplit(text).path)
    elif "://" in text or not text:
        raise WrongUse(where, "the hub writes to local folders and to S3 only", _REMEDY)
    if "%" in text:
        raise WrongUse(where, "delta-rs takes a % in a path for an escape", "Name another folder.")
    folder = Path(text).absolute()
    if folder.exists() and not folder.is_dir():
        raise WrongUse(where, "it is no folder", _REMEDY)
    return Place(str(folder))
