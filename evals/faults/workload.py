"""Many customers at once, each with an errand, while parts of the service are killed under them."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from api.containers import House
from evals.faults.clients import Errand, GaveUp, Line
from evals.faults.invariants import Ending, Finding, differences, ending, faults
from evals.faults.shop import welcome
from foundation.auth import Principal, Role


@dataclass(frozen=True)
class Served:
    who: str
    errand: Errand


class Crowd:
    """`lanes` are errands done at the same time, each for one new customer after another."""

    def __init__(self, house: House, address: str, *, lanes: Sequence[Errand]) -> None:
        self._house = house
        self._address = address
        self._numbers = count(1)
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._serve, args=(errand,)) for errand in lanes]
        self.served: list[Served] = []
        self.findings: list[Finding] = []
        self.cuts = 0

    def open(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Let nobody in any more, and wait until the last one has been served."""
        self._closing.set()
        for thread in self._threads:
            thread.join()

    def inspect(self, rehearsed: Mapping[Errand, Ending]) -> list[Finding]:
        found = list(self.findings)
        for each in self.served:
            ledger = self._house.ledger
            theirs = [
                *differences(ending(ledger, each.who), rehearsed[each.errand]),
                *faults(ledger, each.who),
            ]
            found += [Finding(f.kind, f"{each.errand.__name__} of {each.who}: {f.text}") for f in theirs]
        return found

    def _serve(self, errand: Errand) -> None:
        while not self._closing.is_set():
            self.do(errand)

    def do(self, errand: Errand) -> str:
        """Serve one new customer; their id."""
        number = next(self._numbers)
        who = f"cus_{errand.__name__}_{number}"
        welcome(self._house, who)
        token = self._house.tokens.issue(Principal(who, Role.CUSTOMER))
        line = Line(self._address, token, number=number)
        try:
            errand(line, who)
        except GaveUp as complaint:
            self.findings.append(Finding("lost_messages", f"{who}: {complaint}"))
        finally:
            line.close()
        self.cuts += line.cuts
        self.served.append(Served(who, errand))
        return who
