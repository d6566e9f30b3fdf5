import pytest

from foundation.sql import Ledger
from tests.fakes import FakeClock
from tests.shop import Shop


@pytest.fixture
def shop(ledger: Ledger, clock: FakeClock) -> Shop:
    return Shop(ledger, clock)
