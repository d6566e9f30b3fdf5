from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.age.barcode import DocumentExpired, UnreadableBarcode, read_barcode
from commerce.age.models import AgeSubmission, ImpossibleBirthday, UnderAge
from commerce.customers.models import UnknownState
from foundation.errors import Invalid
from tests.shop import Shop

TODAY = date(2026, 3, 1)
LINES = {
    "DAQ": "D12345678",
    "DCS": "PUBLIC",
    "DDE": "N",
    "DAC": "JOHN",
    "DAD": "QUINCY",
    "DBD": "08242015",
    "DBB": "01311970",
    "DBA": "01312035",
    "DAJ": "CA",
    "DCG": "USA",
}


def barcode(**changed: str | None) -> str:
    fields = {**LINES, **changed}
    body = "\n".join(f"{name}{value}" for name, value in fields.items() if value is not None)
    return f"@\n\x1e\rANSI 636026080102DL00410288ZA03290015DL{body}\n"


def test_barcode_fills_in_the_form() -> None:
    assert read_barcode(barcode(), today=TODAY) == AgeSubmission(
        "John Quincy Public", date(1970, 1, 31), "CA", "5678"
    )


def test_age_is_worked_out_by_us_and_the_method_claims_no_more_than_form(shop: Shop) -> None:
    ana = shop.welcome("ana", adult=False)

    proof = shop.ages.verify_barcode(ana, barcode())

    assert proof.method == "barcode_format"
    assert shop.events("age_verifications")[-1]["verification_method"] == "barcode_format"
    assert shop.ages.is_proven(ana)


@pytest.mark.parametrize(("born", "refusal"), [("03022005", UnderAge), ("01311870", ImpossibleBirthday)])
def test_birthday_in_a_barcode_is_held_against_the_shops_calendar(
    shop: Shop, born: str, refusal: type[Exception]
) -> None:
    ana = shop.welcome("ana", adult=False)

    with pytest.raises(refusal):
        shop.ages.verify_barcode(ana, barcode(DBB=born))


def test_expired_document_is_refused() -> None:
    with pytest.raises(DocumentExpired):
        read_barcode(barcode(DBA="02282026"), today=TODAY)
    assert read_barcode(barcode(DBA="03012026"), today=TODAY).state == "CA"


def test_document_of_another_country_is_refused(shop: Shop) -> None:
    ana = shop.welcome("ana", adult=False)

    with pytest.raises(UnknownState):
        shop.ages.verify_barcode(ana, barcode(DAJ="ON", DCG="CAN"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "ANSI 636026080102DL",
        "@\nANSI 636026080102DL",
        barcode(DBB=None),
        barcode(DBB="13451970"),
        barcode(DCS=None),
        barcode(DAQ=None),
        barcode() + "x" * 2_000,
    ],
)
def test_what_is_no_whole_barcode_is_refused(text: str) -> None:
    with pytest.raises(UnreadableBarcode):
        read_barcode(text, today=TODAY)


@given(cut=st.integers(0, 200), noise=st.text(max_size=30), field=st.sampled_from(sorted(LINES)))
def test_damaged_barcode_is_a_form_or_a_refusal_and_never_an_error(cut: int, noise: str, field: str) -> None:
    whole = barcode(**{field: noise})
    try:
        read = read_barcode(whole[: len(whole) - cut], today=TODAY)
    except Invalid:
        return
    assert isinstance(read.date_of_birth, date)
