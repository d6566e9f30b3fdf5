from datetime import timedelta

import pytest

from commerce.customers.access import delay_after, device_named


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (11, 1920), (12, 3600), (900, 3600)]
)
def test_wait_doubles_up_to_an_hour(failures: int, seconds: int) -> None:
    assert delay_after(failures, free=5) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.5", "An unknown device"),
        ("", "An unknown device"),
    ],
)
def test_device_is_named_for_its_owner_to_recognise(user_agent: str, device: str) -> None:
    assert device_named(user_agent) == device
