"""`hub serve` as a process: where it listens, TLS, its log, its end."""

import json
import signal
import ssl
import time
from pathlib import Path

import httpx
import pytest
import trustme

from hub.published.snapshots import Snapshots
from hub.serve.access import Role
from tests.serve.serving import SECRET, bearing, hub_serve
from tests.serve.test_publisher import is_alive, wait_for


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "hub.example"])
def test_tokens_never_go_over_a_network_in_the_clear(command, served, monkeypatch, host):
    monkeypatch.setenv("SECRET_KEY", SECRET)
    answer = command("serve", "--host", host)
    assert answer.code == 2
    assert "tokens would go over the network in the clear" in answer.err
    monkeypatch.setenv("API_HOST", host)
    assert command("serve").code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--tls-cert", "here.pem"], "one of --tls-cert and --tls-key is missing"),
        (["--tls-key", "here.pem"], "one of --tls-cert and --tls-key is missing"),
        (["--tls-cert", "none.pem", "--tls-key", "none.pem"], "they cannot be used"),
        (["--tls-cert", "README.md", "--tls-key", "README.md"], "they cannot be used"),
        (["--port", "99999"], "99999"),
    ],
)
def test_what_cannot_be_meant_is_refused(command, served, monkeypatch, words, said):
    monkeypatch.setenv("SECRET_KEY", SECRET)
    answer = command("serve", *words)
    assert (answer.code, said in answer.err) == (2, True), answer.err


@pytest.mark.parametrize("name", ["API_PORT", "API_READ_SECONDS"])
def test_a_setting_that_is_no_number_is_refused(command, served, monkeypatch, name):
    monkeypatch.setenv("SECRET_KEY", SECRET)
    monkeypatch.setenv(name, "many")
    answer = command("serve")
    assert (answer.code, name in answer.err) == (2, True), answer.err


@pytest.mark.slow
def test_it_speaks_tls(served, tmp_path):
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.private_key_pem.write_to_path(str(key))
    certificate.cert_chain_pems[0].write_to_path(str(cert))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    words = ("--host", "0.0.0.0", "--tls-cert", cert, "--tls-key", key)
    with hub_serve(served, *words) as server:
        port = server.base.rpartition(":")[2]
        base = f"https://127.0.0.1:{port}"
        answer = httpx.get(f"{base}/data/evt-003", headers=bearing(), verify=context)
        assert answer.json()["key"] == "evt-003"
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{base}/health")  # nobody vouches for it
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"http://127.0.0.1:{port}/health")


@pytest.mark.slow
def test_a_proxy_tells_the_address_of_the_client(served):
    with hub_serve(served, "--behind-proxy", "--log-format", "json") as server:
        for given in ("203.0.113.9", "198.51.100.4"):
            httpx.get(f"{server.base}/health", headers={"X-Forwarded-For": given})
        assert server.stop() == 0
    lines = [json.loads(line) for line in server.log]
    clients = [line["client"] for line in lines if line.get("route") == "/health"]
    assert clients == ["203.0.113.9", "198.51.100.4"]


@pytest.mark.slow
def test_without_a_proxy_nobody_forges_an_address(served):
    with hub_serve(served, "--log-format", "json") as server:
        httpx.get(f"{server.base}/health", headers={"X-Forwarded-For": "203.0.113.9"})
        assert server.stop() == 0
    lines = [json.loads(line) for line in server.log]
    assert [line["client"] for line in lines if line.get("route") == "/health"] == ["127.0.0.1"]


@pytest.mark.slow
def test_the_level_of_the_log_comes_from_the_environment(served):
    with hub_serve(served, LOG_LEVEL="INFO") as server:
        httpx.get(f"{server.base}/health")
        server.stop()
    assert any("GET /health 200" in line for line in server.log)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_asked_to_and_leaves_nothing(served, number):
    with hub_serve(served) as server:
        publisher = wait_for(lambda: children(server.process.pid))
        assert server.stop(number) == 0
        wait_for(lambda: not any(map(is_alive, publisher)))


@pytest.mark.slow
def test_a_port_in_use_is_told(served, command, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", SECRET)
    with hub_serve(served) as server:
        answer = command("serve", "--port", server.base.rpartition(":")[2])
    assert answer.code == 1
    assert "the server cannot listen there" in answer.err


@pytest.mark.slow
def test_after_a_kill_in_mid_request_it_serves_again(served):
    """The export is cut off visibly, nothing stays behind, and the next server is right at once."""
    with hub_serve(served) as server:
        helpers = wait_for(lambda: children(server.process.pid))
        with httpx.stream(
            "GET", f"{server.base}/entities/events/export", headers=bearing()
        ) as answer:
            assert answer.status_code == 200
            server.stop(signal.SIGKILL)
        wait_for(lambda: not any(map(is_alive, helpers)))
    began = time.monotonic()
    with hub_serve(served) as server:
        assert time.monotonic() - began < 20
        assert httpx.get(f"{server.base}/data/evt-003", headers=bearing()).status_code == 200


@pytest.mark.slow
def test_a_run_goes_on_when_the_server_ends(own_served):
    own_served.drop("app/more.json", [{"key": "k1", "name": "n", "value": 1, "ts": "2025-01-16"}])
    with hub_serve(own_served) as server:
        answer = httpx.post(f"{server.base}/data/process", headers=bearing(Role.OPERATOR))
        assert answer.status_code == 202
        assert server.stop() == 0
    run = answer.json()["run"]
    receipt = own_served.root / "receipts" / f"{run}.json"
    wait_for(receipt.exists, 120)
    wait_for(lambda: own_snapshot_has(own_served, run))


def own_snapshot_has(bench, run: str) -> bool:
    snapshot = Snapshots(bench.project).current()
    return snapshot is not None and snapshot.run_id == run


def children(pid: int) -> list[int]:
    """The processes that a process has started, from whichever of its threads."""
    lists = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
    return [int(word) for path in lists for word in path.read_text().split()]
