import re
import string
from datetime import timedelta
from secrets import token_hex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from foundation.crypto import DataKeys, KeyRing, KeyShredded, LookupDigest, SealBroken, data_keys, parse_keys
from foundation.settings import MisconfiguredError
from foundation.sql import Ledger
from tests.fakes import FakeClock

OLD, NEW = "0a" * 32, "0b" * 32
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing.from_settings(f"old:{OLD}")


@pytest.fixture
def keys(ledger: Ledger, ring: KeyRing, clock: FakeClock) -> DataKeys:
    return DataKeys(ledger, ring, now=clock)


class TestKeyRing:
    @given(plain=st.binary(), context=st.text())
    def test_what_was_sealed_opens(self, plain: bytes, context: str) -> None:
        ring = KeyRing.from_settings(f"old:{OLD}")

        assert ring.open(ring.seal(plain, context=context), context=context) == plain

    def test_sealed_text_moved_to_another_row_does_not_open(self, ring: KeyRing) -> None:
        sealed = ring.seal(b"1990-05-01", context="customers.name.ana")

        with pytest.raises(SealBroken):
            ring.open(sealed, context="customers.name.ben")

    @given(position=st.integers(0), flip=st.integers(1, 255))
    def test_any_altered_byte_is_noticed(self, position: int, flip: int) -> None:
        ring = KeyRing.from_settings(f"old:{OLD}")
        sealed = bytearray(ring.seal(b"secret", context="here").encode())
        sealed[position % len(sealed)] ^= flip

        with pytest.raises(SealBroken):
            ring.open(sealed.decode("latin-1"), context="here")

    @pytest.mark.parametrize("altered", ["other bits at the end", "a stranger in between", "more at the end"])
    def test_what_base64_would_overlook_is_noticed(self, ring: KeyRing, altered: str) -> None:
        sealed = ring.seal(b"secret", context="here")
        last, body = sealed[-3], sealed[:-3]
        other = ALPHABET[ALPHABET.index(last) ^ 1]
        text = {
            "other bits at the end": f"{body}{other}==",
            "a stranger in between": f"{body}!{last}==",
            "more at the end": f"{sealed}=",
        }[altered]
        assert sealed.endswith("==")

        with pytest.raises(SealBroken):
            ring.open(text, context="here")

    def test_the_same_text_is_sealed_differently_each_time(self, ring: KeyRing) -> None:
        assert ring.seal(b"same", context="here") != ring.seal(b"same", context="here")

    def test_the_first_key_seals_and_the_others_still_open(self, ring: KeyRing) -> None:
        rotated = KeyRing.from_settings(f"new:{NEW},old:{OLD}")

        assert rotated.seal(b"x", context="c").startswith("new.")
        assert rotated.open(ring.seal(b"x", context="c"), context="c") == b"x"

    def test_a_retired_key_no_longer_opens(self, ring: KeyRing) -> None:
        with pytest.raises(SealBroken):
            KeyRing.from_settings(f"new:{NEW}").open(ring.seal(b"x", context="c"), context="c")

    def test_two_rings_with_one_id_and_different_keys_do_not_open_each_others(self, ring: KeyRing) -> None:
        with pytest.raises(SealBroken):
            KeyRing.from_settings(f"old:{NEW}").open(ring.seal(b"x", context="c"), context="c")

    @pytest.mark.parametrize(
        "text", ["", "old", f":{OLD}", f"a:{OLD},a:{NEW}", "a:zz", "a:abcd", f"a b:{OLD}"]
    )
    def test_unusable_keys_are_named_by_their_setting(self, text: str) -> None:
        with pytest.raises(MisconfiguredError, match="JWT_KEYS is not usable"):
            parse_keys(text, setting="JWT_KEYS")

    def test_encryption_keys_have_exactly_256_bits(self) -> None:
        with pytest.raises(MisconfiguredError, match="exactly 64 hex digits"):
            KeyRing.from_settings(f"a:{token_hex(48)}")


class TestDataKeys:
    def test_what_was_sealed_for_a_customer_opens(self, keys: DataKeys) -> None:
        sealed = keys.seal("cus_ana", "Ana Núñez", context="customers.name")

        assert keys.open("cus_ana", sealed, context="customers.name") == "Ana Núñez"
        assert "Ana" not in sealed

    def test_it_does_not_open_for_another_customer(self, keys: DataKeys) -> None:
        keys.seal("cus_ben", "x", context="c")
        sealed = keys.seal("cus_ana", "Ana", context="c")

        with pytest.raises(SealBroken):
            keys.open("cus_ben", sealed, context="c")

    def test_a_customer_for_whom_nothing_was_sealed_gets_no_key_by_opening(
        self, keys: DataKeys, ledger: Ledger
    ) -> None:
        sealed = keys.seal("cus_ana", "Ana", context="c")

        with pytest.raises(SealBroken):
            keys.open("cus_new", sealed, context="c")

        with ledger.transaction() as connection:
            assert connection.execute(select(data_keys.c.customer_id)).scalars().all() == ["cus_ana"]

    def test_another_process_opens_it_too(self, keys: DataKeys, ledger: Ledger, ring: KeyRing) -> None:
        sealed = keys.seal("cus_ana", "Ana", context="c")

        assert DataKeys(ledger, ring).open("cus_ana", sealed, context="c") == "Ana"

    def test_the_ledger_holds_no_bare_key(self, keys: DataKeys, ledger: Ledger) -> None:
        keys.seal("cus_ana", "Ana", context="c")

        with ledger.transaction() as connection:
            row = connection.execute(select(data_keys)).one()
        assert re.fullmatch(r"old\.[\w=-]{80}", row.wrapped)

    def test_a_key_drawn_in_a_transaction_that_is_rolled_back_still_opens_what_it_sealed(
        self, keys: DataKeys, ledger: Ledger, ring: KeyRing
    ) -> None:
        with ledger.transaction() as connection:
            sealed = keys.seal("cus_ana", "Ana", context="c")
            connection.rollback()

        assert DataKeys(ledger, ring).open("cus_ana", sealed, context="c") == "Ana"

    def test_only_the_most_recent_keys_are_held_open(self, ledger: Ledger, ring: KeyRing) -> None:
        keys = DataKeys(ledger, ring, held=2)
        sealed = {name: keys.seal(name, name, context="c") for name in ("cus_a", "cus_b", "cus_c")}

        assert len(keys._open_keys._keys) == 2
        assert keys.open("cus_a", sealed["cus_a"], context="c") == "cus_a"


class TestShred:
    def test_nothing_opens_afterwards(self, keys: DataKeys) -> None:
        sealed = keys.seal("cus_ana", "Ana", context="c")

        keys.shred("cus_ana")

        with pytest.raises(KeyShredded, match="erased"):
            keys.open("cus_ana", sealed, context="c")

    def test_no_new_key_is_drawn_for_the_erased(self, keys: DataKeys) -> None:
        keys.shred("cus_ana")

        with pytest.raises(KeyShredded):
            keys.seal("cus_ana", "Ana", context="c")

    def test_another_process_notices_within_thirty_seconds(
        self, keys: DataKeys, ledger: Ledger, ring: KeyRing, clock: FakeClock
    ) -> None:
        other = DataKeys(ledger, ring, now=clock)
        sealed = other.seal("cus_ana", "Ana", context="c")
        keys.shred("cus_ana")

        clock.advance(timedelta(seconds=30))

        with pytest.raises(KeyShredded):
            other.open("cus_ana", sealed, context="c")

    def test_a_shredding_that_is_rolled_back_leaves_the_key(self, keys: DataKeys, ledger: Ledger) -> None:
        sealed = keys.seal("cus_ana", "Ana", context="c")
        with ledger.transaction() as connection:
            keys.shred("cus_ana")
            connection.rollback()

        assert keys.open("cus_ana", sealed, context="c") == "Ana"


class TestRotate:
    def test_data_keys_move_to_the_new_key_and_open_without_the_old(
        self, keys: DataKeys, ledger: Ledger
    ) -> None:
        sealed = {name: keys.seal(name, name, context="c") for name in ("cus_a", "cus_b", "cus_c")}
        keys.shred("cus_b")

        moved = DataKeys(ledger, KeyRing.from_settings(f"new:{NEW},old:{OLD}")).rotate(batch=1)

        assert moved == 2
        without_old = DataKeys(ledger, KeyRing.from_settings(f"new:{NEW}"))
        assert without_old.open("cus_a", sealed["cus_a"], context="c") == "cus_a"
        assert without_old.open("cus_c", sealed["cus_c"], context="c") == "cus_c"

    def test_a_second_rotation_has_nothing_to_do(self, keys: DataKeys) -> None:
        keys.seal("cus_ana", "Ana", context="c")

        assert keys.rotate() == 0


class TestLookupDigest:
    def test_the_same_value_is_found_again(self) -> None:
        digest = LookupDigest.from_settings(OLD)

        assert digest.digest("email", "ana@example.com") == digest.digest("email", "ana@example.com")

    def test_purpose_value_and_key_each_change_it(self) -> None:
        digest = LookupDigest.from_settings(OLD)

        digests = {
            digest.digest("email", "ab"),
            digest.digest("phone", "ab"),
            digest.digest("emaila", "b"),
            LookupDigest.from_settings(NEW).digest("email", "ab"),
        }

        assert len(digests) == 4

    @pytest.mark.parametrize("text", ["", "zz", "abcd"])
    def test_a_weak_key_stops_the_start(self, text: str) -> None:
        with pytest.raises(MisconfiguredError, match="LOOKUP_KEY"):
            LookupDigest.from_settings(text)
