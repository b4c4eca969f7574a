"""The alerts that last as metrics, for whoever has rules in Prometheus, too."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.alerts.watch import current_alerts
from loader.config.project import Project


class AlertMetrics(Collector):
    """Tells of the alerts as they were last judged."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def collect(self) -> Iterator[Metric]:
        firing = GaugeMetricFamily(
            "hub_alert_firing",
            "1 for each alert that lasts, by its rule in alerts.yml.",
            labels=("rule", "severity", "source", "entity"),
        )
        for alert in current_alerts(self._project):
            firing.add_metric(
                (alert.rule, alert.severity, alert.source or "", alert.entity or ""), 1.0
            )
        yield firing
