import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.masking import mask

TAKEN_OUT = [
    ("my card is 4111 1111 1111 1111 thanks", "my card is [card number] thanks"),
    ("use 4111-1111-1111-1111", "use [card number]"),
    ("use 4111111111111111.", "use [card number]."),
    ("5555.5555.5555.4444 exp 12/27", "[card number] exp 12/27"),
    ("amex 3782 822463 10005", "amex [card number]"),
    ("4111 1111 1111 1111 5555 5555 5555 4444", "[card number] [card number]"),
    ("4111 1111 1111 1112 has a typo", "[card number] has a typo"),
    ("my card number is 1234567890123", "my card number is [card number]"),
    ("mi tarjeta es 4111111111111111", "mi tarjeta es [card number]"),
    ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "[card number]"),
    ("cvv 123", "cvv [security code]"),
    ("the security code is 1234", "the security code is [security code]"),
    ("and 123 is the cvv", "and [security code] is the cvv"),
    ("it's 123-45-6789", "it's [ssn]"),
    ("my ssn is 123456789", "my ssn is [ssn]"),
    ("social security number: 123 45 6789", "social security number: [ssn]"),
    ("my license is 12345678", "my license is [id number]"),
    ("driver's license number D123-4567-8901", "driver's license number [id number]"),
    ("my driving licence no. S 1234567", "my driving licence no. [id number]"),
    ("DL# 08123456", "DL# [id number]"),
    ("id number 99-887-766", "id number [id number]"),
    ("ID number is: A1234567, thanks", "ID number is: [id number], thanks"),
    ("my id is 12345678", "my id is [id number]"),
    ("D1234567 is my driver's license", "[id number] is my driver's license"),
    ("my passport 512345678", "my passport [id number]"),
    ("the last four of my ID are 9876", "the last four of my ID are [id number]"),
    ("the last four of my license is 9876", "the last four of my license is [id number]"),
    ("my license ends in 9876", "my license ends in [id number]"),
    ("mi licencia es 12345678", "mi licencia es [id number]"),
    ("mi número de identificación es AB123456", "mi número de identificación es [id number]"),
    ("born on 5/1/1990", "born on [date of birth]"),
    ("I was born 05-01-90", "I was born [date of birth]"),
    ("my birthday is May 1, 1990", "my birthday is [date of birth]"),
    ("My birthday's the 1st of May 1990!", "My birthday's [date of birth]!"),
    ("my bday is 5/1", "my bday is [date of birth]"),
    ("birthday: May 1st", "birthday: [date of birth]"),
    ("DOB 1990-05-01", "DOB [date of birth]"),
    ("d.o.b.: 01.05.1990", "d.o.b.: [date of birth]"),
    ("date of birth 05011990", "date of birth [date of birth]"),
    ("birth date = 1 May 90", "birth date = [date of birth]"),
    ("born in May 1990", "born in [date of birth]"),
    ("nací el 1 de mayo de 1990", "nací el [date of birth]"),
    ("mi cumpleaños es el 1 de mayo", "mi cumpleaños es el [date of birth]"),
    ("fecha de nacimiento 01/05/1990", "fecha de nacimiento [date of birth]"),
    ("3/4/2006 is my birthday", "[date of birth] is my birthday"),
    ("March 4, 2006 (DOB)", "[date of birth] (DOB)"),
    ("05/01/1990", "[date of birth]"),
    ("I'm 36, May 1 1990", "I'm 36, [date of birth]"),
]

LEFT_ALONE = [
    "what do you recommend for sleep under $40?",
    "2 packs of the 10 mg gummies, 3-4 of the others",
    "I'd like the $10.50 birthday discount",
    "10/20/30 % off",
    "is there something for my birthday?",
    "birthday party for 20 on 5/1/2026",
    "delivered on 5 May",
    "it came on 5/1 and again on 2026-03-01",
    "my order of March 4, 2026 is late",
    "since 1990",
    "I was born in 1990",
    "born ready 24/7",
    "call me at 512-555-0100 or 512-555-0101",
    "+1 (512) 555-0100",
    "order ord_k3v8q2m4x9z7w1c5t6y0",
    "my order id is 12345678",
    "order id number 12345678",
    "raffle id number 123456",
    "tracking 9400 1000 0000 0000 0000 00",
    "order 1234567812345678",
    "the card ending 1111",
    "the card on file, 50 dollars",
    "I lost my license in 2024",
    "my license expires 12/2027",
    "do you have a license? I need 3 of the 1000 mg",
    "ticket numbers 100 to 125",
    "meet at 10.30",
    "batch 12-3456",
]


class TestMask:
    @pytest.mark.parametrize(("typed", "kept"), TAKEN_OUT)
    def test_what_belongs_in_a_form_is_taken_out(self, typed: str, kept: str) -> None:
        assert mask(typed).text == kept

    @pytest.mark.parametrize("typed", LEFT_ALONE)
    def test_shop_talk_is_left_alone(self, typed: str) -> None:
        masked = mask(typed)

        assert masked.text == typed
        assert not masked.found

    def test_kinds_found_are_named(self) -> None:
        masked = mask("card 4111 1111 1111 1111, cvv 123, born 5/1/1990")

        assert masked.found == {"card_number", "security_code", "date_of_birth"}

    @given(text=st.text())
    def test_masked_text_holds_nothing_more_to_find(self, text: str) -> None:
        once = mask(text)

        assert mask(once.text).text == once.text

    @given(text=st.text(alphabet=st.characters(exclude_categories=["Nd", "Nl", "No"])))
    def test_text_without_digits_is_untouched(self, text: str) -> None:
        assert mask(text).text == text


def card_number(prefix: str, length: int, body: str) -> str:
    digits = (prefix + body)[: length - 1]
    check = next(d for d in "0123456789" if luhn_sum(digits + d) % 10 == 0)
    return digits + check


def luhn_sum(digits: str) -> int:
    return sum(int(d) if i % 2 == 0 else sum(divmod(int(d) * 2, 10)) for i, d in enumerate(reversed(digits)))


BRANDS = st.sampled_from(
    [("4", 16), ("51", 16), ("2221", 16), ("34", 15), ("37", 15), ("6011", 16), ("36", 14), ("4", 13)]
)


class TestCardNumbers:
    @given(
        brand=BRANDS,
        body=st.text("0123456789", min_size=19, max_size=19),
        gap=st.sampled_from(["", " ", "-", ".", "  "]),
        size=st.integers(3, 6),
        before=st.sampled_from(["", "pay with ", "it's: ", "order 2 of them, "]),
    )
    def test_any_card_number_in_any_grouping_is_taken_out(
        self, brand: tuple[str, int], body: str, gap: str, size: int, before: str
    ) -> None:
        number = card_number(*brand, body)
        typed = gap.join(re.findall(rf"\d{{1,{size}}}", number))

        masked = mask(f"{before}{typed} please")

        assert masked.text == f"{before}[card number] please"

    @given(digits=st.text("0123456789", min_size=1, max_size=12))
    def test_numbers_shorter_than_a_card_are_left(self, digits: str) -> None:
        assert "card_number" not in mask(f"number {digits}").found
