import pytest

from demo.beacon import OwnBeacon
from demo.fakes.drand import FakeNetwork
from foundation.sql import Ledger
from tests.fakes import FakeClock
from tests.shop import Shop


@pytest.fixture
def beacon(clock: FakeClock) -> OwnBeacon:
    return OwnBeacon(FakeNetwork(4_711, clock))


@pytest.fixture
def shop(ledger: Ledger, clock: FakeClock, beacon: OwnBeacon) -> Shop:
    """A shop whose raffles are drawn by a beacon of its own."""
    return Shop(ledger, clock, beacon=beacon)
