"""The newest snapshot as metrics: what came in, what became of it, and how things stand."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from hub.queries.overview import Overview
from hub.serve.glance import Glances
from loader.warehouse.run_log import RunStatus, utc_now

_FINDING_STATUSES = ("ok", "warn", "fail")
_OF_SOURCE = ("entity", "source")


class SnapshotMetrics(Collector):
    """Tells of the newest snapshot at each scrape; asks it only once."""

    def __init__(self, glances: Glances) -> None:
        self._glances = glances

    def collect(self) -> Iterator[Metric]:
        glance = self._glances.current()
        seen = glance.overview if glance else None
        yield GaugeMetricFamily(
            "hub_snapshot_readable",
            "1 where there is a published snapshot that can be read, else 0.",
            value=float(seen is not None),
        )
        if glance is None:
            return
        yield GaugeMetricFamily(
            "hub_snapshot_number", "Number of the published snapshot.", value=glance.number
        )
        now = utc_now()
        if glance.as_of is not None:
            yield GaugeMetricFamily(
                "hub_snapshot_age_seconds",
                "Since the end of the newest run in the published snapshot.",
                value=_age(glance.as_of, now),
            )
        if seen is not None:
            yield from _records(seen)
            yield from _sources(seen, now)
            yield from _entities(seen)
            yield from _runs(seen)


def _records(seen: Overview) -> Iterator[Metric]:
    landed = CounterMetricFamily(
        "hub_records_landed", "Records that landed, by the ledger.", labels=_OF_SOURCE
    )
    outcomes = CounterMetricFamily(
        "hub_outcomes",
        "Decisions on records, by outcome; a record that is decided again counts again.",
        labels=(*_OF_SOURCE, "outcome"),
    )
    waiting = GaugeMetricFamily(
        "hub_records_waiting",
        "Records that landed and that no build has taken up yet.",
        labels=_OF_SOURCE,
    )
    unaccounted = GaugeMetricFamily(
        "hub_records_unaccounted",
        "Records that landed, are not decided and wait for no build: 0, or something is wrong.",
        labels=_OF_SOURCE,
    )
    for source in seen.sources:
        labels = (source.entity, source.name)
        landed.add_metric(labels, source.landed)
        waiting.add_metric(labels, source.waiting)
        unaccounted.add_metric(labels, source.unaccounted)
        for outcome, decisions in source.outcomes.items():
            outcomes.add_metric((*labels, outcome), decisions)
    yield from (landed, outcomes, waiting, unaccounted)


def _sources(seen: Overview, now: datetime) -> Iterator[Metric]:
    quality = GaugeMetricFamily(
        "hub_quality_ratio",
        "Accepted / (accepted + rejected) of the latest run that decided records of the source.",
        labels=_OF_SOURCE,
    )
    freshness = GaugeMetricFamily(
        "hub_source_freshness_seconds",
        "Since the last landing of a file or batch of the source.",
        labels=_OF_SOURCE,
    )
    lag = GaugeMetricFamily(
        "hub_source_lag_seconds",
        "Since the newest event time that was accepted from the source.",
        labels=_OF_SOURCE,
    )
    letters = GaugeMetricFamily(
        "hub_dead_letters_open",
        "Open dead letters, by the first of their reasons.",
        labels=(*_OF_SOURCE, "reason"),
    )
    for source in seen.sources:
        labels = (source.entity, source.name)
        if source.quality is not None:
            quality.add_metric(labels, source.quality)
        if source.last_landed_at is not None:
            freshness.add_metric(labels, _age(source.last_landed_at, now))
        if source.newest_event_at is not None:
            lag.add_metric(labels, _age(source.newest_event_at, now))
    for labels_of_letter, amount in _letters(seen).items():
        letters.add_metric(labels_of_letter, amount)
    partitions = GaugeMetricFamily(
        "hub_stream_lag_records",
        "Records of a topic's partition that were not read yet when last heard of.",
        labels=("source", "partition"),
    )
    for partition in seen.stream_lags:
        partitions.add_metric((partition.source, str(partition.partition)), partition.records)
    yield from (quality, freshness, lag, letters, partitions)


def _letters(seen: Overview) -> Counter[tuple[str, str, str]]:
    """The open letters by entity, source and first reason."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for count in seen.letters:
        counted[(count.entity, count.source, count.error)] += count.letters
    return counted


def _entities(seen: Overview) -> Iterator[Metric]:
    targets = GaugeMetricFamily("hub_target_rows", "Rows of the target.", labels=("entity",))
    keys = GaugeMetricFamily(
        "hub_reconciliation_keys",
        "Keys that the sources of an entity were compared by, by status.",
        labels=("entity", "status"),
    )
    for entity, part in (seen.receipt["entities"] if seen.receipt else {}).items():
        targets.add_metric((entity,), part["target_rows"])
        if not part["reconciliation_skipped"]:
            for status, amount in part["reconciliation"].items():
                keys.add_metric((entity, status), amount)
    yield from (targets, keys)


def _runs(seen: Overview) -> Iterator[Metric]:
    durations = SummaryMetricFamily(
        "hub_run_duration_seconds",
        "How long runs took, by command and status; those that had nothing to do count, too.",
        labels=("command", "status"),
    )
    for total in seen.run_totals:
        durations.add_metric((total.command, total.status), total.runs, total.seconds)
    yield durations
    status = GaugeMetricFamily(
        "hub_last_run_status", "1 for the status of the latest run, else 0.", labels=("status",)
    )
    if seen.latest is not None:
        for each in RunStatus:
            status.add_metric((each,), float(each == seen.latest.status))
        yield GaugeMetricFamily(
            "hub_last_run_start_timestamp_seconds",
            "When the latest run began, in seconds since 1970.",
            value=_timestamp(seen.latest.started_at),
        )
        if seen.latest.duration_ms is not None:
            yield GaugeMetricFamily(
                "hub_last_run_duration_seconds",
                "How long the latest run took.",
                value=seen.latest.duration_ms / 1000,
            )
    if seen.last_success is not None:
        yield GaugeMetricFamily(
            "hub_last_success_timestamp_seconds",
            "When the latest build that succeeded ended, in seconds since 1970.",
            value=_timestamp(seen.last_success),
        )
    checks = GaugeMetricFamily(
        "hub_check_status",
        "1 for what a check of ops.health_checks found, else 0.",
        labels=("check", "status"),
    )
    for finding in seen.findings:
        for found in _FINDING_STATUSES:
            checks.add_metric((finding.check, found), float(finding.status == found))
    yield from (status, checks)


def _age(moment: datetime, now: datetime) -> float:
    """Seconds from a moment in UTC, with or without its zone, to now; a clock that is ahead gives
    none."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return max(0.0, (now - moment).total_seconds())


def _timestamp(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()
