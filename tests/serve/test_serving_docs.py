"""docs/serving.md and what README says of it are executed: every command, every call."""

import os
import re
import socket
import subprocess

import pytest

from hub.serve.settings import ServeSettings
from tests.project.test_docs import blocks, sections
from tests.serve.test_openapi import PATHS
from tests.support.workbench import PROJECT

# what a reader's shell does besides: aliases work in scripts, too, and whatever fails is told
_SHELL = "shopt -s expand_aliases\nset -euo pipefail\n"
_WAIT = "until curl --silent --output /dev/null $BASE/health; do sleep 0.2; done\n"
_END = "kill %1\nwait %1\n"


def follow(bench, text: str) -> str:
    """Carry out the bash of a text in one shell; returns what it prints."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    script = text.replace("http://127.0.0.1:8000", base).replace("--port 8000", f"--port {port}")
    script = script.replace("make serve-setup", "make --old-file=.venv/.serve-ready serve-setup")
    (head, start, rest) = script.partition("hub serve")
    line, _, rest = rest.partition("\n")
    script = f"{_SHELL}{head}{start}{line} 2>serve.log\n{_WAIT}{rest}\n{_END}"
    script = script.replace("& 2>serve.log", "2>serve.log &")
    if not (bench.root / ".venv").exists():
        (bench.root / ".venv").symlink_to(PROJECT / ".venv")
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HUB_", "DBT_", "MAKE", "MFLAGS", "SECRET_KEY"))
    }
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=bench.root,
        env=environment | {"BASE": base, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        port: int = any_port.getsockname()[1]
        return port


def bash_of(text: str) -> str:
    return "".join(block.text for block in blocks(text) if block.language == "bash")


def calls() -> list[str]:
    """The calls of the table of docs/serving.md."""
    return re.findall(
        r"^\| [^|]+ \| `((?:ask|curl) [^`]+)` \|$", sections("docs/serving.md")["Ask"], re.M
    )


def test_the_docs_show_every_endpoint(own_served):
    text = (PROJECT / "docs/serving.md").read_text()
    for path in PATHS:
        assert re.search(r"\$API" + re.sub(r"\{\w+\}", r"[^\\s`\"?]+", path), text), path


@pytest.mark.slow
def test_the_docs_can_be_followed_from_top_to_bottom(own_served):
    text = (PROJECT / "docs/serving.md").read_text()
    before, change, after = text.partition("## Change something")
    shown = [f"echo '>> {number}'\n{call}\necho\n" for number, call in enumerate(calls())]
    printed = follow(own_served, bash_of(before) + "".join(shown) + bash_of(change + after))
    answers = re.findall(r">> \d+\n(.*?)\n(?=>>|\{\"message)", printed, re.DOTALL)
    assert len(answers) == len(calls())
    [empty] = [number for number, answer in enumerate(answers) if not answer.strip()]
    assert "--output" in calls()[empty]
    assert (own_served.root / "events.parquet").read_bytes().startswith(b"PAR1")
    assert '"message":"Dead letters discarded"' in printed
    assert '"message":"Redrive triggered"' in printed


@pytest.mark.slow
def test_the_readme_serves_in_a_few_lines(own_served):
    makefile = own_served.root / "Makefile"
    makefile.write_text((PROJECT / "Makefile").read_text())
    section = sections("README.md")["Serve it"]
    assert len(section.strip().splitlines()) <= 14
    assert '"key":"evt-003"' in follow(own_served, bash_of(section))


@pytest.mark.check
def test_the_docs_have_every_setting():
    text = sections("docs/serving.md")["Settings"]
    names = ServeSettings.__struct_encode_fields__
    assert not [name for name in names if f"`{name}`" not in text]
