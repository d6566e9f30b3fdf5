from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.containers.container import Container
from foundation.settings import Settings
from tests.api.conftest import Headers, usd
from tests.fakes import FakeClock

KEY = {"Idempotency-Key": "join-gold-2026-03-01"}

pytestmark = pytest.mark.slow


@pytest.fixture
def live_settings(live_settings: Settings, tmp_path: Path) -> Settings:
    """With a warehouse of the test's own."""
    warehouse = live_settings.warehouse.model_copy(update={"folder": tmp_path / "warehouse"})
    return live_settings.model_copy(update={"warehouse": warehouse})


def test_staff_see_what_the_shop_amounts_to(
    client: TestClient, container: Container, clock: FakeClock, ana: Headers, staff: Headers
) -> None:
    container.infrastructure.warehouse.ensure()
    client.post("/api/memberships/subscribe", json={"tier": "GOLD"}, headers={**ana, **KEY})
    clock.advance(timedelta(minutes=5))
    container.relay.deliver("warehouse")

    stats = client.get("/api/admin/stats", headers=staff).json()["data"]

    members = stats["memberships"]
    assert (members["mrr"], members["activeMembers"], members["churnRate"]) == (usd("197.00"), 1, None)
    assert members["tierDistribution"] == {"BRONZE": 0, "SILVER": 0, "GOLD": 1}
    assert members["lifetimeValue"]["GOLD"]["naive"] == usd("2364.00")
    assert stats["sales"]["today"] == {"days": 1, "payments": 1, "net": usd("197.00")}


def test_without_a_warehouse_there_are_no_sales_to_tell(
    client: TestClient, container: Container, staff: Headers
) -> None:
    container.infrastructure.settings.warehouse.folder.write_text("a file where the folder should be")

    stats = client.get("/api/admin/stats", headers=staff).json()["data"]

    assert stats["sales"] is None


def test_customers_do_not_see_it(client: TestClient, ana: Headers) -> None:
    assert client.get("/api/admin/stats", headers=ana).status_code == 403
