"""The stream: takes what the topics bring, a batch at a time, all the way to the targets."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import duckdb

from hub.alerts.watch import STREAM_SECONDS, Watch
from hub.runs.attempts import Attempts
from hub.runs.publishing import changing
from hub.runs.receipt_files import write_json, write_receipt
from hub.runs.run import RunResult, RunSpec, carry_out
from loader import interrupts
from loader.config.project import Project
from loader.config.sources import Source
from loader.errors import HubError, WrongUse
from loader.landing.folder import Landing
from loader.progress import is_shown, show
from loader.stream.batch import (
    LandedBatch,
    OffsetsWentBack,
    land_batch,
    store_offsets,
    stored_offsets,
)
from loader.stream.consumer import TopicConsumer
from loader.stream.events import StreamEvent, write_batches, write_events
from loader.warehouse.connection import open_warehouse
from loader.warehouse.lock import stream_lock, warehouse_lock

log = logging.getLogger(__name__)

_IDLE_SECONDS = 0.5
# With --once, somebody waits for the end.
_PATIENCE_SECONDS = 30.0


@dataclass
class StreamSummary:
    """What a stream did until it was stopped.

    receipt: that of its last run that had something to do, None where none had.
    """

    batches: int = 0
    records: int = 0
    failures: int = 0
    sources: dict[str, int] = field(default_factory=dict)
    receipt: dict[str, Any] | None = None


def follow(
    project: Project, names: tuple[str, ...], *, once: bool, by_dbt: bool = False
) -> StreamSummary:
    """Take the records of the named sources' topics, or of all, until a signal ends it.

    once:   end when every partition was read to its end.
    by_dbt: let dbt build every batch, never its compiled plan.

    A record and its offset are committed together, so however this ends, the next stream goes on
    with the first record that is not in the warehouse. Raises HubError where records were lost
    before they could be read, a topic is missing or, with `once`, something is out of reach.
    """
    sources = _streamed(project, names)
    streaming = _Streaming(project, sources, once, by_dbt)
    with stream_lock(project.database, project.wait):
        try:
            streaming.work()
        except (Exception, KeyboardInterrupt) as error:
            # a library may have made an error of its own of the signal
            if not interrupts.caused(error):
                raise
            log.info("asked to stop")
        finally:
            streaming.end()
    return streaming.summary


def _streamed(project: Project, names: tuple[str, ...]) -> list[Source]:
    known = [source for source in project.sources.values() if source.kafka]
    for name in names:
        if name not in {source.name for source in known}:
            raise WrongUse(
                f"source '{name}'",
                "no topic is declared for it",
                f"Known are {', '.join(source.name for source in known) or 'none'} "
                "(meta: kafka in the source's YAML).",
            )
    if not known:
        raise WrongUse(
            "hub stream", "no source has a topic", "Declare one (meta: kafka in a source's YAML)."
        )
    return [source for source in known if not names or source.name in names]


class _Streaming:
    def __init__(self, project: Project, sources: list[Source], once: bool, by_dbt: bool) -> None:
        self.summary = StreamSummary(sources={source.name: 0 for source in sources})
        self._project = project
        self._sources = sources
        self._once = once
        self._by_dbt = by_dbt
        self._skip = list(project.vars.skip)
        self._attempts = Attempts(
            project.vars.stream,
            tell=self._tell_all,
            hold=self._hold,
            in_vain=(OffsetsWentBack,),
            gives_up=once,
        )
        self._watch = Watch(project, every=STREAM_SECONDS, patience=0)
        self._arrived = threading.Condition(threading.RLock())
        self._consumers: list[TopicConsumer] = []
        self._offsets: dict[str, dict[int, int]] = {}
        self._landed: list[LandedBatch] = []
        self._happened: list[StreamEvent] = []

    def work(self) -> None:
        """Land and build until there is no more to come, which only `once` knows."""
        self._persistently(self._prepare)
        # what an earlier run left
        self._persistently(self._take_up)
        for consumer in self._consumers:
            consumer.start()
        while self._wait_for_batch():
            self._persistently(self._take_up)

    def end(self) -> None:
        """Stop reading and leave a trace of how far it came."""
        for consumer in self._consumers:
            consumer.stop()
        if self.summary.receipt:
            self._write_receipt(self.summary.receipt)
        try:
            with changing(self._project), open_warehouse(self._project) as connection:
                for consumer in self._consumers:
                    name, topic = consumer.source.name, consumer.settings.topic
                    reached = consumer.reached()
                    # marks of transactions move a partition on without bringing a record
                    if reached and stored_offsets(connection, name, topic) == self._offsets[name]:
                        store_offsets(connection, name, topic, reached, consumer.ends())
                self._write_events(connection, None)
                self._watch.look(connection, is_last=True)
        except (HubError, duckdb.Error) as error:
            # nothing but the events of the stream is lost: offsets were stored with their records
            log.warning("the stream's end was not written down: %s", error)
        self._watch.settle()

    def _prepare(self) -> None:
        """Read the stored offsets."""
        with (
            warehouse_lock(self._project.database, self._project.wait),
            open_warehouse(self._project) as connection,
        ):
            self._consumers = []
            for source in self._sources:
                if source.kafka:
                    offsets = stored_offsets(connection, source.name, source.kafka.topic)
                    self._offsets[source.name] = offsets
                    self._consumers.append(
                        TopicConsumer(source, source.kafka, offsets, self._arrived, self._tell)
                    )

    def _wait_for_batch(self) -> bool:
        """Wait until a batch is complete; False when there is nothing more to come."""
        with self._arrived:
            while True:
                if interrupts.requested():  # and lost, if it came while something was finalized
                    raise KeyboardInterrupt
                now = time.monotonic()
                if any(consumer.is_due(now) for consumer in self._consumers):
                    return True
                self._raise_failures(now)
                if self._once and all(consumer.is_drained() for consumer in self._consumers):
                    return False
                ages = [age for i in self._consumers if (age := i.due_in(now)) is not None]
                self._arrived.wait(min([*ages, _IDLE_SECONDS]))

    def _raise_failures(self, now: float) -> None:
        for consumer in self._consumers:
            if consumer.failure:
                raise consumer.failure
            if self._once and consumer.away_since and now - consumer.away_since > _PATIENCE_SECONDS:
                raise HubError(
                    f"source '{consumer.source.name}': kafka",
                    f"the broker has not answered for {_PATIENCE_SECONDS:.0f} s",
                    "Check that it runs, and the source's bootstrap_servers.",
                )

    def _persistently(self, work: Callable[[], None]) -> None:
        """Do the work until it succeeds; meanwhile what was read waits in memory, the rest at the
        broker."""
        try:
            self._attempts.until_done(work)
        finally:
            self.summary.failures = self._attempts.failures

    def _hold(self, is_held: bool) -> None:
        for consumer in self._consumers:
            consumer.hold(is_held)

    def _take_up(self) -> None:
        """Land all that waits and build what it touches. Raises HubError where the build fails."""
        self._landed = []
        spec = RunSpec(
            "stream",
            self._skip,
            clock=None,
            force=False,
            prepare=self._land,
            look_after=self._look_after,
            # what no batch touched was proven when it was built
            proves_all=False,
            watch=self._watch,
            by_dbt=self._by_dbt,
            # a file for each batch would be written all the time; the next run writes it
            exports=False,
        )
        try:
            with changing(self._project) as change:
                result = carry_out(self._project, spec)
                change.is_whole = not result.failed
                self._keep_receipt(result)
        finally:
            self._watch.settle()
        if result.failed:
            raise HubError(
                f"run {result.receipt['run_id']}",
                f"the build failed ({'; '.join(result.receipt['errors'])[:500]})",
                "All that was read has landed: fix it, and the stream goes on by itself.",
            )
        self._show_progress()

    def _land(self, connection: duckdb.DuckDBPyConnection, run_id: str) -> Landing:
        for consumer in self._consumers:
            if not (messages := consumer.peek()):
                continue
            name = consumer.source.name
            self._offsets[name], landed = land_batch(
                connection,
                consumer.source,
                consumer.settings.topic,
                messages,
                self._offsets[name],
                consumer.ends(),
                run_id,
            )
            consumer.landed(len(messages))
            if landed:
                self._landed.append(landed)
                self.summary.batches += 1
                self.summary.records += landed.records
                self.summary.sources[name] += landed.records
                log.info("%s: landed %s records", name, landed.records)
        return Landing((), ())

    def _look_after(
        self, connection: duckdb.DuckDBPyConnection, run_id: str
    ) -> list[dict[str, Any]]:
        write_batches(connection, self._landed, run_id)
        self._write_events(connection, run_id)
        return []

    def _keep_receipt(self, result: RunResult) -> None:
        """A file for each run would be 86,400 a day: only those that failed have their own, and
        the stream's last. Of the others, `hub report --run` knows."""
        if result.did_nothing:
            return
        self.summary.receipt = result.receipt
        if result.failed:
            self._write_receipt(result.receipt)
        else:
            self._project.receipts.mkdir(exist_ok=True)
            write_json(self._project.receipts / "latest.json", result.receipt)

    def _write_receipt(self, receipt: dict[str, Any]) -> None:
        write_receipt(self._project.receipts, receipt, self._project.vars.keep_receipts)

    def _tell(self, source: str, event: str, detail: str) -> None:
        log.warning("%s: %s: %s", source, event, detail)
        self._happened.append(StreamEvent(source, event, detail))

    def _tell_all(self, event: str, detail: str) -> None:
        self._happened += [StreamEvent(source.name, event, detail) for source in self._sources]

    def _write_events(self, connection: duckdb.DuckDBPyConnection, run_id: str | None) -> None:
        happened = list(self._happened)
        write_events(connection, happened, run_id)
        del self._happened[: len(happened)]

    def _show_progress(self) -> None:
        if is_shown():
            lag = sum(consumer.lag() for consumer in self._consumers)
            show(
                f"{self.summary.records:,} records in {self.summary.batches:,} batches, lag {lag:,}"
            )
