"""All rows of an entity as a stream."""

import csv
import io
import json
import subprocess
import time

import duckdb
import httpx
import pytest

from hub.queries.exported import Format
from hub.serve.export import Broken, Export
from tests.serve.serving import application, bearing, client_of, on_a_thread

MANY = "select repeat('x', 1000) as text from range(1000000)"


def rows_of(content: bytes, form: str, tmp_path) -> list[dict[str, object]]:
    if form == "parquet":
        path = tmp_path / "rows.parquet"
        path.write_bytes(content)
        with duckdb.connect() as connection:
            answer = connection.execute("from read_parquet(?)", [str(path)])
            names = [column[0] for column in answer.description]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    text = content.decode()
    if form == "csv":
        return list(csv.DictReader(io.StringIO(text)))
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("entity", ["events", "orders", "clicks", "measurements"])
def test_an_export_has_every_row(client, served, form, entity, tmp_path):
    answer = client.get(f"/entities/{entity}/export?format={form}")
    assert answer.headers["content-type"].startswith(form.media_type.partition(";")[0])
    assert answer.headers["content-disposition"] == f'attachment; filename="{entity}.{form}"'
    assert answer.headers["etag"] == client.get("/runs").headers["etag"]
    rows = rows_of(answer.content, form, tmp_path)
    page = client.get(f"/entities/{entity}/records").json()["records"]
    by_id = {int(str(row["record_id"])): row for row in rows}
    assert len(by_id) == len(rows) == len(page)
    for row in page:
        exported = by_id[row["record_id"]]
        assert exported.keys() == row.keys()
        if form is Format.NDJSON:
            assert exported == row
        if form is Format.CSV:
            assert exported["ingested_at"] == row["ingested_at"]
            assert exported["source"] == row["source"]


def test_parquet_keeps_the_types(client, served, tmp_path):
    path = tmp_path / "events.parquet"
    path.write_bytes(client.get("/entities/events/export?format=parquet").content)
    ask = "select column_name, column_type from (describe from {})"
    with duckdb.connect() as connection:
        found = connection.execute(ask.format(f"'{path}'")).fetchall()
    assert found == served.sql(ask.format("marts.events"))


def begun(snapshot, query: str, form: Format = Format.NDJSON, seconds: float = 60) -> Export:
    return Export(snapshot, query, form, seconds, lambda: None)


def read_all(export: Export) -> None:
    while export.read():
        pass


def snapshot_of(served):
    return (served.root / "published" / "current.duckdb").resolve()


def test_an_export_that_fails_midway_is_not_taken_for_whole(served):
    late = "case when i < 3000000 then i else cast('x' as int) end"
    export = begun(snapshot_of(served), f"select {late} as i from range(3000001) as numbers(i)")
    with pytest.raises(Broken):
        read_all(export)
    export.close()


def test_an_export_that_fails_at_once_is_an_error(served, monkeypatch):
    app = application(served)
    monkeypatch.setattr("hub.serve.export._PROGRAM", "raise SystemExit(3)")
    answer = client_of(app).get("/entities/events/export")
    assert (answer.status_code, answer.json()["title"]) == (503, "Export failed")


@pytest.mark.slow
def test_an_export_ends_after_its_time(served):
    export = begun(snapshot_of(served), MANY, seconds=5)
    assert export.read()
    time.sleep(6)  # nobody reads, so it would wait for ever
    with pytest.raises(Broken):
        read_all(export)
    export.close()


def test_an_export_can_read_and_write_nothing_else(served):
    for query in (
        "select * from read_text('/etc/passwd')",
        "select * from read_csv('/etc/passwd')",
    ):
        with pytest.raises(Broken):
            begun(snapshot_of(served), query).read()


@pytest.mark.slow
def test_there_are_few_exports_at_once(served):
    app = application(served)
    client = client_of(app)
    slots = app.state.exports._slots
    taken = 0
    while slots.acquire(blocking=False):
        taken += 1
    answer = client.get("/entities/events/export")
    assert (answer.status_code, answer.json()["title"]) == (503, "Too many exports")
    slots.release()
    for _ in range(taken + 1):  # each gives its place back
        assert client.get("/entities/events/export").status_code == 200


def test_a_client_that_goes_ends_its_export(served, monkeypatch):
    processes: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def noting(*words, **options):
        processes.append(start(*words, **options))
        return processes[-1]

    app = application(served)
    respond = app.state.exports.respond
    app.state.exports.respond = lambda path, query, *rest: respond(path, MANY, *rest)
    with on_a_thread(app) as port:
        monkeypatch.setattr("hub.serve.export.subprocess.Popen", noting)
        address = f"http://127.0.0.1:{port}/entities/events/export"
        with httpx.stream("GET", address, headers=bearing()) as answer:
            assert answer.status_code == 200
            assert next(answer.iter_bytes())
            [process] = processes
            assert process.poll() is None
        assert process.wait(20) != 0
        assert httpx.get(f"http://127.0.0.1:{port}/runs", headers=bearing()).status_code == 200
