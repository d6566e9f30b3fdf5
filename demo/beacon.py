"""A random beacon of one's own for raffles: the rounds of a fake drand network, without HTTP."""

from dataclasses import dataclass

from commerce.raffles.draw.beacon import Chain
from commerce.raffles.ports import BeaconSilent
from demo.fakes.drand import GENESIS, FakeNetwork, NetworkOut


@dataclass(frozen=True)
class OwnBeacon:
    network: FakeNetwork

    @property
    def chain(self) -> Chain:
        network = self.network
        return Chain(network.hash, network.public_key, GENESIS, network.period)

    def signature(self, number: int) -> str:
        try:
            return self.network.signature(number)
        except NetworkOut as silence:
            raise BeaconSilent from silence
