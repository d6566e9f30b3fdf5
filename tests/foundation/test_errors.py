from typing import get_args

import pytest

from foundation import errors
from foundation.errors import Invalid, RateLimited, ShopError

REFUSALS = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, ShopError)]


class TestShopError:
    def test_every_refusal_has_a_code_of_its_own(self) -> None:
        codes = [refusal.code for refusal in REFUSALS if refusal is not ShopError]

        assert len(set(codes)) == len(codes)
        assert set(codes) <= set(get_args(errors.Code))

    def test_the_message_is_what_the_customer_hears(self) -> None:
        refusal = Invalid("Choose between 1 and 10.", {"field": "quantity"})

        assert str(refusal) == "Choose between 1 and 10."
        assert refusal.details == {"field": "quantity"}

    def test_details_are_the_refusals_own(self) -> None:
        given = {"field": "quantity"}
        refusal = Invalid("No.", given)

        given["field"] = "price"

        assert refusal.details == {"field": "quantity"}

    def test_a_rate_limit_says_when_to_come_back(self) -> None:
        with pytest.raises(RateLimited) as refusal:
            raise RateLimited("Slow down, please.", retry_after_seconds=7)

        assert refusal.value.retry_after_seconds == refusal.value.details["retry_after_seconds"] == 7
