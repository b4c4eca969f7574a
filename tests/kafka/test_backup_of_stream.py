"""A hub that streams is backed up and restored, and each message stands in it exactly once."""

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from hub.backup.restore import restore
from hub.backup.write import Backup, back_up
from hub.commands import health, streaming
from loader.config.project import Project
from loader.stream import batch
from loader.stream.batch import OffsetsWentBack
from loader.warehouse.lock import InUse
from tests.kafka.clicks import click
from tests.kafka.cluster import Message
from tests.kafka.conftest import TOPIC
from tests.kafka.streaming import StreamProcess
from tests.support.workbench import Workbench

SECONDS = 6.0


def landed_in(database: Path) -> list[tuple[int, int]]:
    """Partition and offset of each record, as often as it stands there."""
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute("select position from raw.web").fetchall()
    positions = [json.loads(position) for (position,) in found]
    return sorted((at["partition"], at["offset"]) for at in positions)


def places(messages: list[Message]) -> list[tuple[int, int]]:
    return sorted((message.partition, message.offset) for message in messages)


class _Source:
    """Sends clicks to four partitions until it is stopped."""

    def __init__(self, mock) -> None:
        self._mock = mock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self.sent: list[Message] = []

    def __enter__(self) -> "_Source":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _send(self) -> None:
        while not self._stop.wait(0.05):
            start = len(self.sent)
            self.sent += self._mock.produce(
                TOPIC,
                [
                    Message(click(number), partition=number % 4)
                    for number in range(start, start + 20)
                ],
            )


@pytest.mark.nightly
def test_backups_of_a_running_stream_are_each_continued_to_every_message_once(
    streamed: Workbench, mock, tmp_path: Path
):
    backups: list[Backup] = []
    with StreamProcess(streamed.root, mock.bootstrap_servers) as stream:
        with _Source(mock) as source:
            stream.wait_for_log("landed")
            end = time.monotonic() + SECONDS
            while time.monotonic() < end or len(backups) < 3:
                to = str(tmp_path / f"{len(backups)}.hub")
                backups.append(back_up(streamed.project, to, [], force=False))
                time.sleep(0.3)
            # a stream that goes on would pass over what the backup lacks
            with pytest.raises(InUse, match="is streaming into it"):
                restore(replace(streamed.project, wait=0), backups[0].path, None, force=True)
        assert stream.end() == 0
    assert " 0 failed attempts" in stream.log

    held = []
    for number in sorted({0, len(backups) // 2, len(backups) - 1}):
        folder = tmp_path / f"restored-{number}"
        folder.mkdir()
        elsewhere: Project = replace(streamed.project, database=folder / "warehouse.duckdb")
        restore(elsewhere, backups[number].path, None, force=False)
        in_backup = landed_in(elsewhere.database)
        assert len(set(in_backup)) == len(in_backup)
        held.append(len(in_backup))
        doctor = health.doctor(elsewhere)
        assert [finding for finding in doctor if finding.status == "fail"] == []

        streaming.stream(elsewhere, (), once=True)

        assert landed_in(elsewhere.database) == places(source.sent)
        doctor = health.doctor(elsewhere)
        assert [finding for finding in doctor if finding.status == "fail"] == []
    # the backups are of different moments, all before the end
    assert held[0] < held[-1] < len(source.sent)


@pytest.mark.nightly
def test_restored_over_itself_a_hub_takes_up_again_what_came_since(
    streamed: Workbench, mock, tmp_path: Path
):
    sent = mock.produce(TOPIC, [click(number) for number in range(20)])
    streaming.stream(streamed.project, (), once=True)
    backup = back_up(streamed.project, str(tmp_path / "b.hub"), [], force=False)
    sent += mock.produce(TOPIC, [click(number) for number in range(20, 50)])
    streaming.stream(streamed.project, (), once=True)

    restore(streamed.project, backup.path, None, force=True)

    assert len(landed_in(streamed.database)) == 20
    assert streaming.stream(streamed.project, (), once=True).records == 30
    assert landed_in(streamed.database) == places(sent)
    assert streamed.outcomes("web") == ["applied"] * 50


def test_a_stream_whose_warehouse_went_back_ends_before_it_passes_over_messages(bench: Workbench):
    from loader.stream.messages import Message as Taken
    from loader.warehouse.connection import open_warehouse
    from loader.warehouse.run_log import start_run

    source = bench.project.sources["web"]
    taken = [Taken(0, offset, click(offset), None, None, []) for offset in range(6)]
    with open_warehouse(bench.project) as connection:
        run_id = start_run(connection, "stream", [], None)
        batch.land_batch(connection, source, TOPIC, taken[:2], {}, {}, run_id)
        for expected in ({0: 4}, {0: 2, 1: 7}):
            with pytest.raises(OffsetsWentBack, match="the warehouse was replaced"):
                batch.land_batch(connection, source, TOPIC, taken[4:], expected, {}, run_id)
        assert batch.stored_offsets(connection, "web", TOPIC) == {0: 2}
        assert connection.execute("select count(*) from raw.web").fetchall() == [(2,)]


@pytest.mark.nightly
def test_a_stream_whose_warehouse_was_replaced_by_hand_ends_with_the_reason(
    own_project: Workbench, mock
):
    mock.create_topic(TOPIC, 1)
    mock.produce(TOPIC, [click(number) for number in range(3)])
    with StreamProcess(own_project.root, mock.bootstrap_servers) as stream:
        stream.wait_for_decided(3)
        own_project.sql("update ops.stream_offsets set next_offset = 1")
        mock.produce(TOPIC, [click(3)])
        stream.wait_for_log("the warehouse was replaced")
        assert stream.wait_for_end() == 1
    assert "attempt" not in stream.log
