from collections.abc import Iterator

import pytest

from commerce.raffles.ports import BeaconSilent
from connectors.drand import COOLDOWN, Drand
from demo.beacon import OwnBeacon
from demo.fakes.drand import FakeDrand, FakeNetwork
from tests.fakes import FakeClock

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def beacon(clock: FakeClock) -> OwnBeacon:
    return OwnBeacon(FakeNetwork(4_711, clock))


@pytest.fixture
def address(beacon: OwnBeacon) -> Iterator[str]:
    with FakeDrand(beacon.network).serving() as address:
        yield address


def test_a_round_is_fetched_with_the_signature_of_the_network(beacon: OwnBeacon, address: str) -> None:
    number = beacon.network.latest

    assert Drand([address], chain=beacon.chain).signature(number) == beacon.network.signed(number)


def test_a_mirror_that_is_away_or_lies_is_passed_over(
    beacon: OwnBeacon, address: str, clock: FakeClock
) -> None:
    liar = FakeNetwork(4_711, clock, shift=1)
    with FakeDrand(liar).serving() as lying:
        drand = Drand([NOWHERE, lying, address], chain=beacon.chain)

        assert drand.signature(beacon.network.latest) == beacon.network.signed(beacon.network.latest)
    assert liar.asked == 1


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "ahead"), [({"is_out": True}, 0), ({"shift": 3}, 0), ({}, 1)])
def test_without_a_true_answer_the_beacon_is_silent(
    beacon: OwnBeacon, address: str, fault: dict[str, object], ahead: int
) -> None:
    vars(beacon.network).update(fault)

    with pytest.raises(BeaconSilent):
        Drand([address], chain=beacon.chain).signature(beacon.network.latest + ahead)


@pytest.mark.slow
def test_a_beacon_that_stays_silent_is_left_alone_for_a_while(
    beacon: OwnBeacon, address: str, clock: FakeClock
) -> None:
    drand = Drand([address], chain=beacon.chain, now=clock)
    beacon.network.is_out = True
    for _ in range(5):
        with pytest.raises(BeaconSilent):
            drand.signature(beacon.network.latest)
    asked, beacon.network.is_out = beacon.network.asked, False

    clock.advance(COOLDOWN)

    assert asked == 4
    assert drand.signature(beacon.network.latest) == beacon.network.signed(beacon.network.latest)
