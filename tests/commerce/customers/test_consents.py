from datetime import timedelta

import pytest

from commerce.customers.consents import NoPhone
from commerce.customers.contact import Channel, ConsentPurpose, Language, Preferences
from commerce.customers.models import Details
from tests.shop import Shop

NEWS = ConsentPurpose.EMAIL_NEWS


def say(shop: Shop, subject_id: str, *, granted: bool, wording: str = "2026-03") -> None:
    shop.consents.record(subject_id, NEWS, granted=granted, wording=wording, source="web")
    shop.clock.advance(timedelta(days=1))


def test_latest_word_is_in_force_and_the_earlier_ones_stay(shop: Shop) -> None:
    say(shop, "cus_ana", granted=True)
    say(shop, "cus_ana", granted=False, wording="2026-04")

    said = shop.consents.history("cus_ana")

    assert not shop.consents.allows("cus_ana", NEWS)
    assert [(each.granted, each.wording) for each in said] == [(True, "2026-03"), (False, "2026-04")]
    assert said[1].at - said[0].at == timedelta(days=1)


def test_no_word_is_a_no(shop: Shop) -> None:
    assert not shop.consents.allows("cus_ana", NEWS)


def test_consent_of_a_guest_is_the_customers_with_its_own_date(shop: Shop) -> None:
    say(shop, "gst_gus", granted=False)
    say(shop, "gst_gus", granted=True)
    given_at = shop.consents.in_force("gst_gus")[NEWS].at
    say(shop, "cus_ana", granted=False)

    moved = shop.consents.adopt("gst_gus", "cus_ana")

    assert moved == 1
    assert shop.consents.allows("cus_ana", NEWS)
    assert shop.consents.in_force("cus_ana")[NEWS].at == given_at


def test_way_to_be_reached_is_kept_once_there_is_a_number_for_it(shop: Shop) -> None:
    ana = shop.welcome("ana", card=None, adult=False)
    by_text = Preferences(Channel.TEXT, Language.SPANISH)

    with pytest.raises(NoPhone):
        shop.consents.prefer(ana, by_text)
    shop.customers.change(ana, Details("Ana", "512 555 0100"))
    shop.consents.prefer(ana, by_text)

    assert shop.consents.preferences(ana) == by_text
