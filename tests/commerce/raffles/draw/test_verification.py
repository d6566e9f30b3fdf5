import hashlib
import json
from datetime import timedelta

import pytest

from commerce.raffles.draw.algorithms import RFC3797
from commerce.raffles.draw.bundle import WAIT, Bundle, Round
from commerce.raffles.draw.verification import verify
from evals.raffles.sample_draws import (
    BEACON,
    CHAINS,
    CLOSED,
    SEED,
    bundle_bytes,
    make_commitment,
    make_outcome,
    with_field,
)

GOOD = bundle_bytes(make_commitment(), make_outcome(make_commitment()))
NEXT = BEACON.chain.first_round_at(CLOSED + WAIT) + 1


def wrong(bundle: Bundle, *, published: str | None = None) -> set[str]:
    checks = verify(bundle, published=published, chains=CHAINS)
    return {check.name for check in checks if not check.is_right}


def bundle(text: bytes) -> Bundle:
    return Bundle.model_validate_json(text)


@pytest.mark.parametrize("by_seed", [False, True])
@pytest.mark.parametrize("algorithm", ["hmac-sha256-v1", RFC3797])
def test_an_honest_draw_is_right_in_every_way(algorithm: str, *, by_seed: bool) -> None:
    commitment = make_commitment(by_seed=by_seed, algorithm=algorithm)

    assert (
        wrong(bundle(bundle_bytes(commitment, make_outcome(commitment))), published=commitment.sha256())
        == set()
    )


def test_the_declared_fallback_is_right_and_says_what_it_is() -> None:
    commitment = make_commitment()
    checks = verify(bundle(bundle_bytes(commitment, make_outcome(commitment, by_seed=True))), chains=CHAINS)

    [said] = [check.says for check in checks if check.name == "randomness"]
    assert all(check.is_right for check in checks)
    assert "the beacon was declared out of reach" in said


@pytest.mark.parametrize(
    ("path", "value", "finds"),
    [
        (("commitmentSha256",), "00" * 32, {"commitment"}),
        (("commitment", "prize"), "a comb", {"commitment"}),
        (("commitment", "places"), 2, {"commitment", "runners-up"}),
        (("commitment", "tickets"), 41, {"commitment", "tickets"}),
        (("commitment", "closedAt"), (CLOSED + timedelta(seconds=3)).isoformat(), {"commitment", "timing"}),
        (("commitment", "seedPromisedAt"), "2026-03-01T12:00:01+00:00", {"commitment", "timing"}),
        (("commitment", "seedDecidesAt"), "2026-03-01T13:00:00+00:00", {"commitment", "timing"}),
        (("commitment", "round", "number"), NEXT, {"commitment", "timing", "randomness"}),
        (("commitment", "round"), None, {"commitment", "timing", "randomness"}),
        (("commitment", "round", "chainHash"), "11" * 32, {"commitment", "timing", "randomness"}),
        (("commitment", "algorithm"), "dice", {"commitment", "winner", "runners-up"}),
        (("tickets", 6), "7 0123456789abcdef", {"tickets"}),
        (("tickets", 6), "8 0123456789abcdef", {"tickets"}),
        (("outcome", "randomness", "signature"), BEACON.network.signed(NEXT), {"randomness"}),
        (("outcome", "randomness", "value"), SEED, {"randomness", "winner", "runners-up"}),
        (("outcome", "randomness", "source"), "seed", {"randomness"}),
        (("outcome", "randomness", "seed"), "22" * 32, {"seed"}),
        (("outcome", "winner", "holder"), "0123456789abcdef", {"winner"}),
        (("outcome", "runnersUp"), [], {"runners-up"}),
        (("outcome",), None, {"randomness", "seed", "winner", "runners-up"}),
    ],
)
def test_a_changed_field_is_found(path: tuple[str | int, ...], value: object, finds: set[str]) -> None:
    assert wrong(with_field(GOOD, path, value)) == finds


def test_a_round_chosen_afterwards_is_found_by_who_noted_the_commitment() -> None:
    """Whoever rewrites the whole bundle can shop for a round, but not against what was shown at closing."""
    late = make_commitment().model_copy(
        update={
            "closed_at": CLOSED + BEACON.chain.period,
            "round": Round(
                chain_hash=BEACON.chain.hash, number=NEXT, at=BEACON.chain.time_of(NEXT)
            ),
            "seed_decides_at": BEACON.chain.time_of(NEXT) + timedelta(days=1),
        }
    )  # fmt: skip
    forged = bundle(bundle_bytes(late, make_outcome(late)))

    assert wrong(forged) == set()
    assert wrong(forged, published=make_commitment().sha256()) == {"commitment"}


def test_a_beacon_that_nobody_knows_is_not_believed() -> None:
    checks = verify(bundle(GOOD))

    assert {check.name for check in checks if not check.is_right} == {"timing", "randomness"}


def test_a_stranger_needs_only_sha256_of_the_lines() -> None:
    told = json.loads(GOOD)
    text = "".join(f"{line}\n" for line in told["tickets"])

    assert hashlib.sha256(text.encode()).hexdigest() == told["commitment"]["listSha256"]
