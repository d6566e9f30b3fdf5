"""Authorize.Net as a card gateway: card profiles, transactions and monthly plans over one connection."""

from connectors.authorize_net.plans import Plans
from connectors.authorize_net.profiles import Profiles
from connectors.authorize_net.transactions import Transactions
from connectors.authorize_net.wire import Wire
from foundation.clock import Clock


class AuthorizeNet:
    def __init__(self, wire: Wire, *, now: Clock) -> None:
        self.cards = Profiles(wire)
        self.transactions = Transactions(wire, now=now)
        self.plans = Plans(wire)
