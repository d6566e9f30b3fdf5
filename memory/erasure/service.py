"""Erase a customer from every store, and prove it.

Every step may be repeated: a process killed half-way leaves the erasure requested, and the next sweep
continues. Order matters. First the account is closed, then the ledger's rows are erased in one
transaction that also bars memory from learning and destroys the data key, then every other store is
erased; at the end each is searched for what is left.
"""

import hmac
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from foundation.clock import Clock
from foundation.crypto import DataKeys, KeyRing, LookupDigest
from foundation.errors import NotFound, ShopError
from foundation.holdings import Left, PersonalRows, Traces
from foundation.ids import new_id
from foundation.log import logger
from foundation.resilience import one_by_one
from foundation.sql import Ledger
from memory.conversations.store import ConversationStore
from memory.erasure import store
from memory.erasure.models import Erasure, Status, Trail
from memory.erasure.ports import CustomerAccount, Disk, Store
from memory.profiles.store import ProfileStore

LEDGER = "ledger"
PHRASES = 12
"""How many of the customer's sentences are searched for."""
SHORTEST_PHRASE, LONGEST_PHRASE = 20, 80
log = logger(__name__)


class ErasureUnknown(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such erasure.")


class NoCustomerToErase(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such customer.")


@dataclass(frozen=True)
class ErasureDependencies:
    """The other stores, the customer's account and this machine's files."""

    stores: Sequence[Store]
    account: CustomerAccount
    disk: Disk


@dataclass(frozen=True)
class Secrets:
    """Keys that seal a trail, destroy a data key and sign a receipt."""

    ring: KeyRing
    data_keys: DataKeys
    digests: LookupDigest


class Erasures:
    def __init__(
        self,
        ledger: Ledger,
        *,
        rows: PersonalRows,
        dependencies: ErasureDependencies,
        secrets: Secrets,
        now: Clock,
    ) -> None:
        self._ledger = ledger
        self._conversations = ConversationStore(ledger)
        self._profiles = ProfileStore(ledger)
        self._rows = rows
        self._stores = dependencies.stores
        self._account = dependencies.account
        self._disk = dependencies.disk
        self._secrets = secrets
        self._now = now

    def erase(self, customer_id: str, *, by: str) -> Erasure:
        """Erase at once; while money is under way the erasure stays requested, and `sweep` continues it."""
        erasure = self.ask(customer_id, by=by)
        if erasure.status is Status.ASKED:
            self._attempt(erasure.id)
        return self.find(erasure.id)

    def ask(self, customer_id: str, *, by: str) -> Erasure:
        """Record the request, once for a customer.

        Raises:
            NoCustomerToErase: there is no such customer.
        """
        with self._ledger.transaction() as connection:
            known = store.of_customer(connection, customer_id)
            if known is not None:
                return known
            trail = self._trail(customer_id)
            if not trail.traces.marks:
                raise NoCustomerToErase
            erasure = Erasure(new_id("era"), customer_id, by, self._now())
            sealed = self._secrets.ring.seal(_as_text(trail).encode(), context=_place(erasure.id))
            return store.add(connection, erasure, trail_sealed=sealed)

    def carry_out(self, erasure_id: str) -> Erasure:
        """Erase, and search every store for what is left; done when that is nothing.

        Raises:
            ShopError: money is under way.
        """
        erasure, trail = self.find(erasure_id), self._opened(erasure_id)
        self._account.close(erasure.customer_id)
        found = self._erased(erasure, trail)
        if not found.left:
            found = replace(found, status=Status.ERASED, erased_at=self._now())
        self._write(found)
        log.info("customer_erased", erasure_id=erasure_id, left=len(found.left))
        return found

    def purge(self) -> int:
        """Every night: rewrite the files of the stores and search them; how many erasures are complete.

        The erasure is repeated first, for what a concurrent process wrote in the meantime.
        """
        with self._ledger.transaction() as connection:
            waiting = store.with_status(connection, Status.ERASED)
        if not waiting:
            return 0
        trails = {erasure_id: self._opened(erasure_id) for erasure_id in waiting}
        found = [self._erased(self.find(erasure_id), trail) for erasure_id, trail in trails.items()]
        self._disk.compact()
        ended = [self._searched(each, trails[each.id]) for each in found]
        return sum(each.status is Status.PURGED for each in ended)

    def search(self, trail: Trail) -> list[Left]:
        """What any store still returns of the customer."""
        elsewhere = (each.left(trail.traces, trail.of(each.name)) for each in self._stores)
        return [*self._rows.left(trail.traces), *chain.from_iterable(elsewhere)]

    def sweep(self) -> int:
        """Continue the erasures that wait; how many were done."""
        with self._ledger.transaction() as connection:
            waiting = store.with_status(connection, Status.ASKED)
        return one_by_one(self._attempt, waiting, failed="erasure_failed")

    def find(self, erasure_id: str) -> Erasure:
        with self._ledger.transaction() as connection:
            found = store.find(connection, erasure_id)
        if found is None:
            raise ErasureUnknown
        return found

    def receipt(self, erasure: Erasure) -> dict[str, Any]:
        """With our signature, which `is_ours` verifies."""
        content = erasure.receipt()
        return {**content, "signature": self._sign(content)}

    def is_ours(self, receipt: dict[str, Any]) -> bool:
        """Whether the signature is ours and fits the content."""
        content = {name: value for name, value in receipt.items() if name != "signature"}
        return hmac.compare_digest(self._sign(content), str(receipt.get("signature")))

    def _attempt(self, erasure_id: str) -> bool:
        try:
            return self.carry_out(erasure_id).status is Status.ERASED
        except ShopError as error:
            log.info("erasure_waits", erasure_id=erasure_id, why=error.code)
            return False

    def _erased(self, erasure: Erasure, trail: Trail) -> Erasure:
        """With the counts of this run, and what is left."""
        erased = Counter(erasure.erased)
        with self._ledger.transaction():
            rows = self._rows.erase(erasure.customer_id)
            erased.update({f"{LEDGER}.{table}": count for table, count in rows.items()})
            self._profiles.bar(erasure.customer_id)
            self._secrets.data_keys.shred(erasure.customer_id)
            self._write(replace(erasure, erased=dict(erased)))
        for each in self._stores:
            erased[each.name] += each.erase(erasure.customer_id, trail.of(each.name))
        return replace(erasure, erased=dict(erased), left=self.search(trail))

    def _searched(self, erasure: Erasure, trail: Trail) -> Erasure:
        """Purged, once neither the stores nor the files hold anything of the customer."""
        others = self._conversations.in_use(trail.traces.phrases)
        own = tuple(phrase for phrase in trail.traces.phrases if phrase not in others)
        in_files = self._disk.left(replace(trail.traces, phrases=own))
        ended = replace(erasure, left=[*erasure.left, *in_files])
        if ended.left:
            log.error("erasure_incomplete", erasure_id=ended.id, places=[each.place for each in ended.left])
        else:
            ended = replace(ended, status=Status.PURGED, purged_at=self._now())
        self._write(ended)
        return ended

    def _write(self, erasure: Erasure) -> None:
        with self._ledger.transaction() as connection:
            store.write(connection, erasure)

    def _trail(self, customer_id: str) -> Trail:
        marks, names = self._account.marks(customer_id), self._account.names(customer_id)
        phrases = self._conversations.phrases(
            customer_id, between=(SHORTEST_PHRASE, LONGEST_PHRASE), limit=PHRASES
        )
        handles = {each.name: list(each.handles(customer_id)) for each in self._stores}
        return Trail(Traces(customer_id, marks, (*names, *phrases)), handles)

    def _opened(self, erasure_id: str) -> Trail:
        with self._ledger.transaction() as connection:
            sealed = store.sealed_trail(connection, erasure_id)
        if sealed is None:
            raise ErasureUnknown
        said = json.loads(self._secrets.ring.open(sealed, context=_place(erasure_id)))
        traces = Traces(said["customer_id"], tuple(said["marks"]), tuple(said["phrases"]))
        return Trail(traces, said["handles"])

    def _sign(self, content: dict[str, Any]) -> str:
        return self._secrets.digests.digest("erasure receipt", _canonical(content))


def _as_text(trail: Trail) -> str:
    return json.dumps({**vars(trail.traces), "handles": dict(trail.handles)})


def _canonical(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def _place(erasure_id: str) -> str:
    return f"erasures.trail.{erasure_id}"
