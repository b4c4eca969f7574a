"""The process that publishes: started again when it dies, ended with the server."""

import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

from hub.serve.publisher import _TIED, Publisher


def wait_for(what, seconds: float = 20.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come")


def test_one_that_dies_is_started_again_after_a_pause_that_grows(tmp_path):
    note = tmp_path / "starts"
    program = (
        f"import time; open({str(note)!r}, 'a').write(f'{{time.time()}}\\n'); raise SystemExit(3)"
    )
    publisher = Publisher([sys.executable, "-c", program], first_pause=0.2)
    publisher.start()
    starts = wait_for(
        lambda: note.exists() and len(found := note.read_text().split()) >= 4 and found
    )
    publisher.stop()
    times = [float(start) for start in starts]
    first, second, third = (later - earlier for earlier, later in pairwise(times[:4]))
    assert 0.2 < first < second < third
    assert publisher.state == "off"
    count = len(note.read_text().split())
    time.sleep(1)
    assert len(note.read_text().split()) == count


def test_it_ends_with_the_server():
    publisher = Publisher([sys.executable, "-c", "import sys; sys.stdin.read()"])
    publisher.start()
    process = wait_for(lambda: publisher.process)
    assert publisher.state == "running"
    publisher.stop()
    assert process.poll() is not None


def test_it_ends_when_the_server_is_killed():
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            f"tied = {_TIED.replace('from hub.main import program', 'import time')!r}\n"
            "tied = tied.replace('program()', 'time.sleep(600)')\n"
            "child = subprocess.Popen([sys.executable, '-c', tied], stdin=subprocess.PIPE)\n"
            "print(child.pid, flush=True); time.sleep(600)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    child = int(server.stdout.readline())
    assert is_alive(child)
    server.send_signal(signal.SIGKILL)
    server.wait()
    wait_for(lambda: not is_alive(child))


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
