import pytest

from api.address import UNKNOWN, address_of, counted


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::7", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_one_household_counts_as_one_address(host: str, expected: str) -> None:
    assert counted(host) == expected


def test_request_from_nowhere_has_an_address_too() -> None:
    assert address_of({"client": None}) == address_of({}) == UNKNOWN
