"""The demonstration of a stream runs, and the docs show what it prints."""

import os
import re
import subprocess
import sys

import pytest

from tests.support.workbench import PROJECT

_PAGE = PROJECT / "docs" / "demo.md"
_START = "<!-- demo-stream: output -->\n"
_END = "<!-- demo-stream: end -->\n"
# what differs from one time to the next: moments, runs, rates, and what the last batch held
_VARIES = (
    (r"\d{8}T\d{9}-[0-9a-f]{8}", "<run>"),
    (r"(?!2025-01-15)\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d", "<moment>"),
    (r"\d+\.\d s\b", "<seconds> s"),
    (r"in \d+ batches", "in <some> batches"),
    (r"[\d,.]+ records/s in the last minute, latency [\d,]+ ms", "<rate>, latency <time>"),
    (r"(?m)^web +clicks .*$", "web clicks <counts>"),
    (
        r"(?m)^keys of clicks: [\d,]+ new, [\d,]+ changed, [\d,]+ unchanged, [\d,]+ deleted,"
        r" of \S+ to \S+$",
        "keys of clicks: <counts>",
    ),
    (r"(?m)^warning: web.*\n", ""),
    # nor whether a batch of few records was mostly bad ones
    (r"(?m)^\S+ warning .* alert (began|ended): quality: .*\n", ""),
    (r" +", " "),
)


def comparable(text: str) -> str:
    for pattern, constant in _VARIES:
        text = re.sub(pattern, constant, text)
    return text.strip()


@pytest.fixture(scope="module")
def played() -> str:
    """What the demonstration prints, its many events sent at once."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo.stream", "--rate", "100000"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return f"```text\n{done.stdout.strip()}\n```\n"


@pytest.mark.slow
def test_the_docs_show_what_the_demonstration_prints(played):
    """UPDATE_DOCS=1 writes them anew."""
    before, _, rest = _PAGE.read_text(encoding="utf-8").partition(_START)
    shown, _, after = rest.partition(_END)
    if os.environ.get("UPDATE_DOCS"):
        _PAGE.write_text(f"{before}{_START}{played}{_END}{after}", encoding="utf-8")
        shown = played
    assert comparable(shown) == comparable(played), (
        "docs/demo.md is stale: "
        "run `UPDATE_DOCS=1 .venv/bin/pytest tests/demo/test_demo_stream.py` and commit it"
    )
