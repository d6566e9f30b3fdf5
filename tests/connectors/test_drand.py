from collections.abc import Iterator

import pytest

from commerce.raffles.ports import BeaconSilent
from connectors.drand import COOLDOWN, Drand
from demo.fakes.drand import FakeDrand, OwnBeacon
from tests.fakes import FakeClock

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def beacon(clock: FakeClock) -> OwnBeacon:
    return OwnBeacon(4_711, clock)


@pytest.fixture
def address(beacon: OwnBeacon) -> Iterator[str]:
    with FakeDrand(beacon).serving() as address:
        yield address


def test_a_round_is_fetched_with_the_signature_of_the_network(beacon: OwnBeacon, address: str) -> None:
    number = beacon.latest

    assert Drand([address], chain=beacon.chain).signature(number) == beacon.signed(number)


def test_a_mirror_that_is_away_or_lies_is_passed_over(
    beacon: OwnBeacon, address: str, clock: FakeClock
) -> None:
    liar = OwnBeacon(4_711, clock, shift=1)
    with FakeDrand(liar).serving() as lying:
        drand = Drand([NOWHERE, lying, address], chain=beacon.chain)

        assert drand.signature(beacon.latest) == beacon.signed(beacon.latest)
    assert liar.asked == 1


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "ahead"), [({"is_out": True}, 0), ({"shift": 3}, 0), ({}, 1)])
def test_without_a_true_answer_the_beacon_is_silent(
    beacon: OwnBeacon, address: str, fault: dict[str, object], ahead: int
) -> None:
    vars(beacon).update(fault)

    with pytest.raises(BeaconSilent):
        Drand([address], chain=beacon.chain).signature(beacon.latest + ahead)


@pytest.mark.slow
def test_a_beacon_that_stays_silent_is_left_alone_for_a_while(
    beacon: OwnBeacon, address: str, clock: FakeClock
) -> None:
    drand = Drand([address], chain=beacon.chain, now=clock)
    beacon.is_out = True
    for _ in range(5):
        with pytest.raises(BeaconSilent):
            drand.signature(beacon.latest)
    asked, beacon.is_out = beacon.asked, False

    clock.advance(COOLDOWN)

    assert asked == 4
    assert drand.signature(beacon.latest) == beacon.signed(beacon.latest)
