import pytest

from tests.gates.lock import LOCK, NotInstalled, declared, differences, resolved, written


def test_every_needed_package_is_pinned_and_no_other() -> None:
    assert list(differences(LOCK.read_text(), resolved(declared()))) == []


def test_what_is_needed_indirectly_or_by_an_extra_is_found() -> None:
    found = resolved(["psycopg[binary]", "fastapi"])

    assert {"psycopg", "psycopg-binary", "fastapi", "starlette", "pydantic-core"} <= found.keys()
    assert "psycopg-pool" not in found


def test_each_difference_is_one_sentence() -> None:
    lock = written({"fastapi": "0.1", "left-over": "1.0"})

    assert list(differences(lock, {"fastapi": "0.2", "starlette": "1.0"})) == [
        "fastapi is pinned at 0.1 and installed at 0.2.",
        "left-over is pinned and nothing needs it.",
        "starlette 1.0 is needed and not pinned.",
    ]


def test_a_package_that_is_not_installed_is_named() -> None:
    with pytest.raises(NotInstalled, match=r"^no-such-package-here is needed and not installed"):
        resolved(["no-such-package-here"])
