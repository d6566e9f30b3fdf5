"""What raffles ask of a public source of randomness."""

from typing import Protocol

from commerce.raffles.draw.beacon import Chain


class BeaconSilent(Exception):
    """The round could not be had: the beacon is out of reach, or what came is not signed by it."""


class RandomBeacon(Protocol):
    @property
    def chain(self) -> Chain: ...

    def signature(self, number: int) -> str:
        """The signature of a round that has come, in hex; raises BeaconSilent when it cannot be had."""
