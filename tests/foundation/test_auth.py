import base64
import json
from collections.abc import Callable
from datetime import timedelta
from secrets import token_hex
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, event

from foundation.auth import Principal, Role, StaffRole, Tokens
from foundation.errors import Unauthorized
from foundation.settings import AuthSettings, load_settings
from foundation.sql import Ledger
from tests.fakes import FakeClock

OLD, NEW = token_hex(32), token_hex(32)
ANA = Principal("cus_ana", Role.CUSTOMER)


@pytest.fixture
def tokens(ledger: Ledger, clock: FakeClock) -> Tokens:
    return open_tokens(f"old:{OLD}", ledger, clock)


@pytest.fixture
def claims(clock: FakeClock) -> dict[str, Any]:
    now = int(clock().timestamp())
    return {
        "sub": "cus_ana",
        "role": "customer",
        "jti": "tok_1",
        "iat": now,
        "exp": now + 60,
        "aud": "livhana-services",
        "iss": "livhana-auth",
    }


def open_tokens(keys: str, ledger: Ledger, clock: FakeClock) -> Tokens:
    return Tokens(auth(keys), ledger, now=clock)


def auth(keys: str) -> AuthSettings:
    return load_settings(JWT_KEYS=keys, ENCRYPTION_KEYS=keys, LOOKUP_KEY=OLD).auth


def sign(claims: dict[str, Any], key: str = OLD, kid: object = "old", algorithm: str = "HS256") -> str:
    return jwt.encode(claims, bytes.fromhex(key), algorithm=algorithm, headers={"kid": kid})


class TestVerify:
    def test_an_issued_token_speaks_for_its_principal(self, tokens: Tokens) -> None:
        principal = tokens.verify(tokens.issue(ANA))

        assert (principal.id, principal.role) == ("cus_ana", Role.CUSTOMER)
        assert principal.token_id.startswith("tok_")

    def test_every_token_has_an_id_of_its_own(self, tokens: Tokens) -> None:
        first, second = tokens.verify(tokens.issue(ANA)), tokens.verify(tokens.issue(ANA))

        assert first.token_id != second.token_id

    def test_a_token_lives_for_24_hours(self, tokens: Tokens, clock: FakeClock) -> None:
        token = tokens.issue(ANA)

        clock.advance(timedelta(hours=24, seconds=-1))
        assert tokens.verify(token).id == "cus_ana"
        clock.advance(timedelta(seconds=1))
        with pytest.raises(Unauthorized, match="session has ended"):
            tokens.verify(token)

    def test_a_shorter_life_can_be_given(self, tokens: Tokens, clock: FakeClock) -> None:
        token = tokens.issue(ANA, ttl=timedelta(minutes=1))
        clock.advance(timedelta(minutes=1))

        with pytest.raises(Unauthorized):
            tokens.verify(token)

    def test_after_a_key_change_old_tokens_go_on(
        self, tokens: Tokens, ledger: Ledger, clock: FakeClock
    ) -> None:
        token = tokens.issue(ANA)
        rotated = open_tokens(f"new:{NEW},old:{OLD}", ledger, clock)

        assert rotated.verify(token).id == "cus_ana"
        assert jwt.get_unverified_header(rotated.issue(ANA))["kid"] == "new"

    def test_a_token_made_elsewhere_with_our_key_and_claims_is_accepted(
        self, tokens: Tokens, claims: dict[str, Any]
    ) -> None:
        assert tokens.verify(sign(claims)) == Principal("cus_ana", Role.CUSTOMER, "tok_1")

    def test_staff_role_of_a_token_issued_by_an_earlier_version_is_kept(
        self, tokens: Tokens, claims: dict[str, Any]
    ) -> None:
        sam = tokens.verify(sign({**claims, "sub": "stf_sam", "role": "staff", "duty": "support"}))

        assert sam == Principal("stf_sam", Role.STAFF, "tok_1", StaffRole.SUPPORT)

    def test_staff_role_of_a_new_token_is_read_by_an_earlier_version(self, tokens: Tokens) -> None:
        token = tokens.issue(Principal("stf_sam", Role.STAFF, staff_role=StaffRole.SUPPORT))

        assert jwt.decode(token, options={"verify_signature": False})["duty"] == "support"


FORGED: dict[str, Callable[[dict[str, Any]], str]] = {
    "another key": lambda claims: sign(claims, key=NEW),
    "an unknown key id": lambda claims: sign(claims, kid="other"),
    "no key id": lambda claims: jwt.encode(claims, bytes.fromhex(OLD), algorithm="HS256"),
    "another algorithm": lambda claims: sign(claims, key=OLD * 2, algorithm="HS512"),
    "no algorithm": lambda claims: jwt.encode(claims, "", algorithm="none", headers={"kid": "old"}),
    "no signature": lambda claims: sign(claims).rsplit(".", 1)[0] + ".",
    "another audience": lambda claims: sign({**claims, "aud": "elsewhere"}),
    "several audiences": lambda claims: sign({**claims, "aud": ["livhana-services", "elsewhere"]}),
    "another issuer": lambda claims: sign({**claims, "iss": "elsewhere"}),
    "an unknown role": lambda claims: sign({**claims, "role": "owner"}),
    "an unknown staff role": lambda claims: sign({**claims, "duty": "owner"}),
    "a role of another type": lambda claims: sign({**claims, "role": ["admin"]}),
    "an empty subject": lambda claims: sign({**claims, "sub": ""}),
    "an expiry that is no time": lambda claims: sign({**claims, "exp": "soon"}),
    "an endless expiry": lambda claims: sign({**claims, "exp": 10**20}),
    "issued tomorrow": lambda claims: sign(
        {**claims, "iat": claims["iat"] + 86_400, "exp": claims["exp"] + 172_800}
    ),
    **{
        f"no {name}": lambda claims, name=name: sign({k: v for k, v in claims.items() if k != name})  # type: ignore[misc]
        for name in ("sub", "role", "jti", "iat", "exp", "aud", "iss")
    },
}


class TestRefusals:
    @pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
    def test_a_forged_or_foreign_token_is_refused(
        self, tokens: Tokens, claims: dict[str, Any], forge: Callable[[dict[str, Any]], str]
    ) -> None:
        with pytest.raises(Unauthorized) as refusal:
            tokens.verify(forge(claims))

        assert str(refusal.value) == "This token is not valid; please sign in again."
        assert refusal.value.details == {}

    def test_a_role_changed_by_hand_is_refused(self, tokens: Tokens) -> None:
        header, body, signature = tokens.issue(ANA).split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        changed = (
            base64.urlsafe_b64encode(json.dumps({**claims, "role": "admin"}).encode()).decode().rstrip("=")
        )

        with pytest.raises(Unauthorized):
            tokens.verify(f"{header}.{changed}.{signature}")

    @pytest.mark.slow
    @given(text=st.text() | st.from_regex(r"[\w-]{0,20}\.[\w-]{0,20}\.[\w-]{0,20}"))
    def test_nonsense_is_refused_not_an_error(self, text: str) -> None:
        tokens = Tokens(auth(f"old:{OLD}"), Ledger(create_engine("postgresql+psycopg://")))

        with pytest.raises(Unauthorized):
            tokens.verify(text)


class TestRevoke:
    def test_a_revoked_token_is_refused_at_once_and_others_are_not(
        self, tokens: Tokens, clock: FakeClock
    ) -> None:
        revoked, kept = tokens.issue(ANA), tokens.issue(ANA)

        tokens.revoke(tokens.verify(revoked).token_id, clock() + timedelta(days=1))

        with pytest.raises(Unauthorized, match="not valid"):
            tokens.verify(revoked)
        assert tokens.verify(kept).id == "cus_ana"

    def test_other_processes_notice_within_thirty_seconds(
        self, tokens: Tokens, ledger: Ledger, clock: FakeClock
    ) -> None:
        token = tokens.issue(ANA)
        other = open_tokens(f"old:{OLD}", ledger, clock)
        token_id = other.verify(token).token_id

        tokens.revoke(token_id, clock() + timedelta(days=1))
        clock.advance(timedelta(seconds=30))

        with pytest.raises(Unauthorized):
            other.verify(token)

    def test_revoking_twice_is_once(self, tokens: Tokens, clock: FakeClock) -> None:
        expires_at = clock() + timedelta(days=1)

        tokens.revoke("tok_1", expires_at)
        tokens.revoke("tok_1", expires_at)

    def test_revocations_of_lapsed_tokens_are_cleared(
        self, tokens: Tokens, ledger: Ledger, clock: FakeClock
    ) -> None:
        tokens.revoke("tok_old", clock() + timedelta(hours=1))
        clock.advance(timedelta(hours=2))

        tokens.revoke("tok_new", clock() + timedelta(hours=1))

        with ledger.transaction() as connection:
            assert connection.exec_driver_sql("SELECT token_id FROM revoked_tokens").scalars().all() == [
                "tok_new"
            ]

    def test_the_ledger_is_not_asked_for_every_token(self, tokens: Tokens, ledger: Ledger) -> None:
        token = tokens.issue(ANA)
        asked: list[str] = []
        event.listen(ledger.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))

        for _ in range(10):
            tokens.verify(token)

        assert len(asked) == 1


class TestScopes:
    def test_a_guest_reads_the_shop_and_nothing_else(self) -> None:
        assert Principal("gst_1", Role.GUEST).scopes == {"shop:read"}

    def test_a_customer_has_their_own(self) -> None:
        assert ANA.scopes == {"shop:read", "own:read", "own:write"}

    @pytest.mark.parametrize(
        ("staff_role", "added"),
        [
            (StaffRole.SUPPORT, set()),
            (StaffRole.MANAGER, {"shop:manage", "money:refund", "memory:record"}),
            (StaffRole.COMPLIANCE, {"compliance"}),
            (None, {"shop:manage", "money:refund", "memory:record"}),
        ],
    )
    def test_staff_may_what_their_staff_role_allows_and_are_no_customers(
        self, tokens: Tokens, staff_role: StaffRole | None, added: set[str]
    ) -> None:
        sam = tokens.verify(tokens.issue(Principal("stf_1", Role.STAFF, staff_role=staff_role)))

        assert sam.staff_role is staff_role
        assert sam.scopes == {"shop:read", "staff:read", *added}

    @pytest.mark.parametrize("staff_role", [None, *StaffRole])
    def test_role_claim_keeps_role_and_staff_role(self, staff_role: StaffRole | None) -> None:
        sam = Principal("stf_1", Role.STAFF, staff_role=staff_role)

        assert Principal.from_role_claim("stf_1", sam.role_claim) == sam

    def test_staff_role_of_a_customer_adds_nothing(self) -> None:
        assert Principal("cus_1", Role.CUSTOMER, staff_role=StaffRole.MANAGER).scopes == ANA.scopes

    def test_only_an_admin_has_the_admin_scope(self) -> None:
        assert [role for role in Role if "admin" in Principal("x", role).scopes] == [Role.ADMIN]
