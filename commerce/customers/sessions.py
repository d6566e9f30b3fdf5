"""Where somebody is signed in: each session is one token, seen now and then, ended when its owner says so."""

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from commerce.customers import access_store
from commerce.customers.access import Method, Session, SessionNotFound, SignedIn
from foundation.auth import Principal, Tokens
from foundation.clock import Clock
from foundation.ids import new_id
from foundation.sql import Ledger

NOTED_EVERY = timedelta(minutes=5)
MOST_NOTED = 10_000
KEPT = timedelta(days=30)


class Sessions:
    def __init__(self, ledger: Ledger, tokens: Tokens, *, now: Clock) -> None:
        self._ledger = ledger
        self._tokens = tokens
        self._now = now
        self._noted = _Noted()

    def open(self, principal: Principal, *, method: Method, device: str) -> SignedIn:
        now = self._now()
        bearer = Principal(principal.id, principal.role, new_id("ses"), principal.staff_role)
        token = self._tokens.grant(bearer)
        session = Session(
            id=bearer.token_id,
            principal_id=bearer.id,
            method=method,
            device=device,
            created_at=now,
            seen_at=now,
            expires_at=token.expires_at,
        )
        with self._ledger.transaction() as connection:
            access_store.add_session(connection, session, role_claim=bearer.role_claim)
        return SignedIn(token.text, bearer, session)

    def list(self, principal_id: str) -> list[Session]:
        """The open ones, the most recently seen first."""
        with self._ledger.autocommit() as connection:
            return access_store.open_sessions(connection, principal_id, now=self._now())

    def find(self, session_id: str) -> Session | None:
        with self._ledger.autocommit() as connection:
            return access_store.session(connection, session_id)

    def end(self, session_id: str, *, principal_id: str) -> None:
        """Its token is refused from now on, by every process within 15 seconds."""
        known = next((each for each in self.list(principal_id) if each.id == session_id), None)
        if known is None:
            raise SessionNotFound
        self._end(known)

    def end_all(self, principal_id: str, *, but: str | None = None) -> int:
        """Every one, or every other one; how many."""
        ending = [each for each in self.list(principal_id) if each.id != but]
        for each in ending:
            self._end(each)
        return len(ending)

    def noticed(self, token_id: str) -> bool:
        """Whether this use of a token is worth a word to `saw`: every few minutes it is."""
        return token_id.startswith("ses_") and self._noted.is_due(token_id, self._now())

    def saw(self, token_id: str) -> None:
        with self._ledger.autocommit() as connection:
            access_store.see_session(connection, token_id, now=self._now())

    def _end(self, session: Session) -> None:
        with self._ledger.transaction() as connection:
            access_store.end_session(connection, session.id, now=self._now())
            self._tokens.revoke(session.id, session.expires_at)

    def prune(self) -> int:
        """Forget sessions, codes and failures of a month ago; how many."""
        with self._ledger.transaction() as connection:
            return access_store.prune(connection, before=self._now() - KEPT)


class _Noted:
    """When each token was last written down by this process."""

    def __init__(self) -> None:
        self._at: OrderedDict[str, datetime] = OrderedDict()
        self._lock = Lock()

    def is_due(self, token_id: str, now: datetime) -> bool:
        with self._lock:
            last = self._at.get(token_id)
            if last is not None and now - last < NOTED_EVERY:
                return False
            self._at[token_id] = now
            self._at.move_to_end(token_id)
            while len(self._at) > MOST_NOTED:
                self._at.popitem(last=False)
            return True
