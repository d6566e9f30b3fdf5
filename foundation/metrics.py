"""Prometheus metrics; each process exposes its own."""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST
REGISTRY = CollectorRegistry()
QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SLOW = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)


def _counter(name: str, help_text: str, *labels: str) -> Counter:
    return Counter(f"livhana_{name}", help_text, labels, registry=REGISTRY)


def _gauge(name: str, help_text: str, *labels: str) -> Gauge:
    return Gauge(f"livhana_{name}", help_text, labels, registry=REGISTRY)


def _histogram(name: str, help_text: str, *labels: str, buckets: tuple[float, ...] = QUICK) -> Histogram:
    return Histogram(f"livhana_{name}", help_text, labels, buckets=buckets, registry=REGISTRY)


http_requests = _counter("http_requests", "Requests answered.", "method", "route", "status")
http_seconds = _histogram("http_request_seconds", "Time to answer a request.", "method", "route")

turns = _counter("turns", "Turns that ended: answer, confirmation, handoff, failure.", "door", "outcome")
turn_seconds = _histogram("turn_seconds", "Time from message to answer.", "door", buckets=SLOW)

model_calls = _counter(
    "model_calls", "Calls of a model: ok, refused, unavailable, timeout.", "model", "outcome"
)
model_tokens = _counter("model_tokens", "Tokens: input, output, cache_read, cache_write.", "model", "kind")
model_seconds = _histogram("model_call_seconds", "Time of a model's answer.", "model", buckets=SLOW)

tool_calls = _counter("tool_calls", "Tool calls: ok, refused, invalid, pending, failed.", "tool", "outcome")
effects = _counter("effects", "Effects: committed, or found already done.", "tool", "outcome")

outbox_waiting = _gauge("outbox_waiting_events", "Events a subscriber has not handled yet.", "subscriber")
outbox_dead_letters = _gauge("outbox_dead_letters", "Events a subscriber rejected.", "subscriber")
outbox_lag_seconds = _gauge("outbox_lag_seconds", "Age of the oldest of them.", "subscriber")

notices = _gauge("notices", "Notices by state: waiting, sent, dead_letter, withheld.", "status")
notices_waiting_seconds = _gauge("notices_waiting_seconds", "Age of the oldest that is not sent yet.")

jobs = _gauge("jobs", "Jobs in the ledger: queued, started, finished, failed.", "kind", "status")

breaker_state = _gauge("breaker_open", "Circuit breakers: 0 closed, 0.5 trying, 1 open.", "breaker")


def render() -> bytes:
    """The exposition text, of the type `CONTENT_TYPE`."""
    return generate_latest(REGISTRY)
