from commerce.customers.contact import NEWS, ConsentPurpose, NewAddress
from commerce.customers.models import Details
from tests.tools.conftest import Counter

HOME = NewAddress("Ana Test", "1200 Main Street", "San Antonio", "TX", "78205")


def test_account_is_shown_masked(counter: Counter) -> None:
    counter.shop.customers.change("cus_ana", Details("Ana Test", "512 555 0100", "TX"))
    counter.shop.addresses.add("cus_ana", HOME)

    result = counter.ask("my_details")

    assert "E-mail: a…@example.com (not verified yet)" in result.say
    assert "Phone: …0100 (not verified yet)" in result.say
    assert "San Antonio, TX" in result.say
    assert not any(secret in result.content() for secret in ("ana@", "512555", "Main Street"))


def test_news_come_when_asked_for_and_end_on_request(counter: Counter) -> None:
    counter.ask("start_news", channel="email")
    wanted = counter.shop.consents.allows("cus_ana", ConsentPurpose.EMAIL_NEWS)
    shown = counter.ask("my_details").say
    counter.ask("stop_news")

    assert wanted
    assert "news: by e-mail" in shown
    assert not counter.shop.consents.allows("cus_ana", ConsentPurpose.EMAIL_NEWS)


def test_no_consent_is_recorded_for_a_way_that_was_not_named(counter: Counter) -> None:
    result = counter.ask("start_news")

    assert result.is_error
    assert not any(counter.shop.consents.allows("cus_ana", purpose) for purpose in NEWS.values())


def test_texts_need_a_number(counter: Counter) -> None:
    result = counter.ask("start_news", channel="text")

    assert "no phone number" in result.say
    assert not counter.shop.consents.allows("cus_ana", ConsentPurpose.TEXT_NEWS)


def test_guest_has_no_account_to_ask_for(counter: Counter) -> None:
    for name in ("my_details", "start_news", "stop_news"):
        assert counter.ask(name, who="gst_gus").form == "sign_in"


def test_model_cannot_name_the_customer(counter: Counter) -> None:
    assert counter.ask("my_details", customer_id="cus_ben").is_error
