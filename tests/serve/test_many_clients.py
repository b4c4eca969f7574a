"""Many clients at once, while runs build: no errors, no mixed states, bounded memory."""

import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serve.serving import bearing, hub_serve

_CLIENTS = 50
_MIB = 1 << 20


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.nightly)])
def test_fifty_clients_read_while_runs_build(own_served, seconds):
    runs = [own_served.sql("select run_id from ops.runs")[0][0]]
    failures: list[Any] = []
    answers: list[str] = []
    ended = threading.Event()

    def ask(base: str, number: int) -> None:
        paths = ("/data/k-0", "/entities/events/records?limit=100", "/dead-letters", "/runs")
        with httpx.Client(base_url=base, headers=bearing(), timeout=60) as client:
            while not ended.is_set():
                try:
                    answer = client.get(paths[number % len(paths)])
                    if answer.status_code not in (200, 404):
                        failures.append((answer.status_code, answer.text))
                    answers.append(answer.headers.get("etag", ""))
                except httpx.HTTPError as error:
                    failures.append(error)
                number += 1

    with hub_serve(own_served) as server:
        threads = [
            threading.Thread(target=ask, args=(server.base, number)) for number in range(_CLIENTS)
        ]
        for thread in threads:
            thread.start()
        deadline, count = time.monotonic() + seconds, 0
        while not count or time.monotonic() < deadline:
            event = {"key": f"k-{count}", "name": "n", "value": 1, "ts": "2025-01-16"}
            own_served.drop(f"app/{count}.json", [event])
            receipt = own_served.run()
            assert receipt["status"] == "succeeded"
            runs.append(receipt["run_id"])
            count += 1
        time.sleep(1)
        ended.set()
        for thread in threads:
            thread.join(60)
        peak = Path(f"/proc/{server.process.pid}/status").read_text()
        # all see the last run, and nothing but whole runs
        newest = httpx.get(f"{server.base}/runs", headers=bearing()).json()["runs"][0]["run_id"]
    assert failures == []
    assert newest == runs[-1]
    assert {etag.strip('"') for etag in answers if etag} <= set(runs)
    [line] = [line for line in peak.splitlines() if line.startswith("VmHWM")]
    assert int(line.split()[1]) * 1024 < 600 * _MIB
