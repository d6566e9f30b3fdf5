from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.containers.container import Container, build_container
from api.containers.overrides import Overrides
from foundation.settings import Settings
from memory.predictions.events import OrderMoved
from tests.api.conftest import ANA, Headers, artifacts
from tests.fakes import FakeClock

READY = ["ledger", "cache", "model", "embedder", "outbox", "notices", "warehouse"]


def parts(client: TestClient) -> tuple[int, dict[str, str]]:
    answer = client.get("/healthz")
    body = answer.json()
    told = body["data"]["parts"] if body["success"] else body["details"]["parts"]
    return answer.status_code, {name: part["status"] for name, part in told.items()}


@contextmanager
def without(part: str, settings: Settings, nowhere: str) -> Iterator[TestClient]:
    """A client of a container whose ledger or cache is away."""
    lost = getattr(settings, part).model_copy(update={"url": nowhere})
    with TestClient(
        create_app(
            build_container(settings.model_copy(update={part: lost}), Overrides(artifacts=artifacts()))
        )
    ) as client:
        yield client


def test_process_is_alive(client: TestClient) -> None:
    assert client.get("/health").json()["data"] == {"status": "alive"}


def test_every_part_is_named_and_ready(client: TestClient) -> None:
    assert parts(client) == (200, dict.fromkeys(READY, "ready"))


def test_cache_away_is_only_degraded(container: Container, tmp_path: Path) -> None:
    with without("cache", container.infrastructure.settings, f"unix://{tmp_path / 'no.sock'}") as client:
        status, told = parts(client)

    assert status == 200
    assert (told["cache"], told["ledger"]) == ("degraded", "ready")


def test_ledger_away_is_down(container: Container, tmp_path: Path) -> None:
    nowhere = f"postgresql+psycopg://postgres@/postgres?host={tmp_path}"

    with without("ledger", container.infrastructure.settings, nowhere) as client:
        answer = client.get("/healthz")
        alive = client.get("/health")

    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert answer.json()["details"]["parts"]["ledger"]["status"] == "down"
    assert alive.status_code == 200


def test_late_event_degrades_outbox_and_warehouse(
    client: TestClient, container: Container, clock: FakeClock
) -> None:
    container.infrastructure.outbox.publish(OrderMoved(id="ord_1", status="paid"), customer_id=ANA)
    clock.advance(timedelta(minutes=6))

    status, told = parts(client)

    assert status == 200
    assert (told["outbox"], told["warehouse"]) == ("degraded", "degraded")


def test_measurements_name_routes_not_customers(client: TestClient, ana: Headers) -> None:
    client.get(f"/api/memberships/{ANA}", headers=ana)

    text = client.get("/metrics").text

    assert 'route="/api/memberships/{customer_id}"' in text
    assert ANA not in text
    assert "livhana_outbox_waiting_events" in text


@pytest.mark.parametrize("path", ["/health", "/healthz", "/metrics"])
def test_probes_need_no_token(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_measurements_count_jobs_by_kind_and_status(client: TestClient, container: Container) -> None:
    container.infrastructure.jobs.submit("resume", {"thread_id": "thr_one"})

    text = client.get("/metrics").text

    assert 'livhana_jobs{kind="resume",status="queued"} 1.0' in text
