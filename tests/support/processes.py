"""What servers that tests start need: ports that nobody has, and an end with the test."""

import random
import socket
import subprocess
from contextlib import suppress

# Below what systems give to clients by chance: a client that tries again and again to reach a
# server that is down could otherwise get its port, and connect to itself.
_PORTS = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody listens on."""
    found: list[int] = []
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as trial, suppress(OSError):
            trial.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("there is no free port")


def watch(pid: int) -> subprocess.Popen[bytes]:
    """Kill the process when this one ends without having said that it ended."""
    return subprocess.Popen(
        ["sh", "-c", 'read -r _ || kill -9 "$1"', "watchdog", str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )


def end_of(text: str) -> str:
    """The last lines of a log."""
    return "\n".join(text.strip().splitlines()[-20:])
