"""Counts for Prometheus: of outcomes and results, never of addresses or hosts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from crawler.visiting import Visited


class Meters:
    """The metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._visits = Counter(
            "crawler_visits", "Visits, by outcome.", ["outcome", "fault"], registry=self.registry
        )
        self._steps = Counter(
            "crawler_steps",
            "Pages and media that were asked for, by result.",
            ["kind", "result"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "crawler_visit_seconds",
            "How long visits took.",
            buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 1800),
            registry=self.registry,
        )
        self._observations = Counter(
            "crawler_observations", "Observations, by what the service said.", ["answer"],
            registry=self.registry,
        )  # fmt: skip
        self.waiting = Gauge(
            "crawler_outbox", "Observations that wait for the service.", registry=self.registry
        )

    def visited(self, visited: Visited, seconds: float) -> None:
        """Count a visit."""
        fault = visited.judged.fault.value if visited.judged.fault else ""
        self._visits.labels(visited.judged.outcome.value, fault).inc()
        self._seconds.observe(seconds)
        for (kind, result), number in visited.results.items():
            self._steps.labels(kind.value, result).inc(number)

    def failed(self) -> None:
        """Count a visit that ended by a mistake of ours."""
        self._visits.labels("failed", "").inc()

    def submitted(self, *, acknowledged: int, refused: int) -> None:
        """Count observations."""
        self._observations.labels("acknowledged").inc(acknowledged)
        self._observations.labels("refused").inc(refused)

    def serve(self, port: int) -> None:
        """Answer Prometheus on this machine alone."""
        start_http_server(port, addr="127.0.0.1", registry=self.registry)
