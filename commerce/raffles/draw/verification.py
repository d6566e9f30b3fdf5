"""Check a published draw from its bundle alone, as anybody may: what was promised, and if it was kept."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from commerce.raffles.draw.algorithms import ALGORITHMS, winners
from commerce.raffles.draw.beacon import CHAINS, Chain, randomness_of
from commerce.raffles.draw.bundle import PATIENCE, WAIT, Bundle, Commitment, Outcome, Round, Win
from commerce.raffles.draw.tickets import HOLDER_DIGITS, block_of

DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Check:
    """One check and its finding: what was verified, or what is wrong."""

    name: str
    is_right: bool
    says: str


class Wrong(Exception):
    """Why a bundle is not to be believed."""


def verify(
    bundle: Bundle, *, published: str | None = None, chains: Mapping[str, Chain] = CHAINS
) -> list[Check]:
    """Every check, right or wrong.

    published: the commitment's digest as somebody noted it before the draw.
    """
    looks: dict[str, Callable[[], str]] = {
        "commitment": partial(_commitment, bundle, published),
        "tickets": partial(_tickets, bundle.commitment, bundle.tickets),
        "timing": partial(_timing, bundle.commitment, chains),
        "randomness": partial(_randomness, bundle, chains),
        "seed": partial(_seed, bundle),
        "winner": partial(_winner, bundle),
        "runners-up": partial(_runners_up, bundle),
    }
    return [_look(name, look) for name, look in looks.items()]


def _look(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, is_right=True, says=look())
    except Wrong as wrong:
        return Check(name, is_right=False, says=str(wrong))


def _commitment(bundle: Bundle, published: str | None) -> str:
    digest = bundle.commitment.sha256()
    for expected in (bundle.commitment_sha256, published or digest):
        if digest != expected:
            raise Wrong(f"its SHA-256 is {digest}, not {expected}")
    noted = "as noted before the draw" if published else "compare it with what was shown at closing"
    return f"SHA-256 {digest}; {noted}"


def _tickets(commitment: Commitment, tickets: Sequence[str]) -> str:
    wrong = next(_misplaced(tickets), None)
    if wrong is not None:
        raise Wrong(f"line {wrong} is not ticket {wrong} and its holder")
    if len(tickets) != commitment.tickets:
        raise Wrong(f"there are {len(tickets):,}, not {commitment.tickets:,}")
    if hashlib.sha256(block_of(tickets)).hexdigest() != commitment.list_sha256:
        raise Wrong("the list is not the one that was hashed at closing")
    return f"{len(tickets):,} numbered without a gap; SHA-256 {commitment.list_sha256}"


def _misplaced(tickets: Sequence[str]) -> Iterator[int]:
    """The lines that are not their own number and a holder."""
    for number, line in enumerate(tickets, start=1):
        start, _, who = line.partition(" ")
        if start != str(number) or len(who) != HOLDER_DIGITS or not DIGITS.issuperset(who):
            yield number


def _timing(commitment: Commitment, chains: Mapping[str, Chain]) -> str:
    if commitment.seed_promised_at > commitment.closed_at:
        raise Wrong("the seed was promised only after closing")
    named = commitment.round
    if (named is None) != (commitment.source == "seed"):
        raise Wrong("a round is named if and only if the beacon decides")
    if named is None:
        return f"closed {commitment.closed_at:%Y-%m-%d %H:%M:%S} UTC, the seed promised before"
    chain = _known(chains, named)
    due = chain.first_round_at(commitment.closed_at + WAIT)
    if (named.number, named.at) != (due, chain.time_of(due)):
        raise Wrong(f"the first round {WAIT.seconds // 60} minutes after closing is {due:,}")
    if commitment.seed_decides_at != named.at + PATIENCE:
        raise Wrong("the promised seed may decide only a day after the round")
    return f"round {due:,} came {(named.at - commitment.closed_at).seconds} s after closing"


def _randomness(bundle: Bundle, chains: Mapping[str, Chain]) -> str:
    drawn, named = _outcome(bundle).randomness, bundle.commitment.round
    if drawn.source == "seed":
        if drawn.signature is not None or drawn.value != drawn.seed:
            raise Wrong("it is not the promised seed")
        why = "the beacon was declared out of reach" if named else "as declared at closing"
        return f"the promised seed ({why}): the shop knew it before, nobody could change it"
    if named is None or drawn.signature is None:
        raise Wrong("there is no signature of a round that was named at closing")
    if not _known(chains, named).has_signed(named.number, drawn.signature):
        raise Wrong(f"the signature is not the beacon's for round {named.number:,}")
    if drawn.value != randomness_of(drawn.signature):
        raise Wrong("it is not the SHA-256 of the beacon's signature")
    return f"drand has signed round {named.number:,}; SHA-256 {drawn.value}"


def _seed(bundle: Bundle) -> str:
    seed = bytes.fromhex(_outcome(bundle).randomness.seed)
    if hashlib.sha256(seed).hexdigest() != bundle.commitment.seed_sha256:
        raise Wrong("it is not the one that was promised at opening")
    return f"as promised on {bundle.commitment.seed_promised_at:%Y-%m-%d %H:%M:%S} UTC"


def _winner(bundle: Bundle) -> str:
    return _drawn_again(bundle, slice(0, 1), [_outcome(bundle).winner])


def _runners_up(bundle: Bundle) -> str:
    return _drawn_again(bundle, slice(1, None), _outcome(bundle).runners_up)


def _drawn_again(bundle: Bundle, places: slice, published: Sequence[Win]) -> str:
    commitment = bundle.commitment
    if commitment.algorithm not in ALGORITHMS:
        raise Wrong(f"{commitment.algorithm} is no algorithm that is known here")
    numbers = winners(
        commitment.algorithm,
        list_sha256=commitment.list_sha256,
        randomness=_outcome(bundle).randomness.value,
        tickets=len(bundle.tickets),
        places=commitment.places,
    )[places]
    if [f"{win.ticket} {win.holder}" for win in published] != [
        bundle.tickets[number - 1] for number in numbers
    ]:
        raise Wrong(
            f"drawn again it is {_listed(numbers)}, published is {_listed([win.ticket for win in published])}"
        )
    return f"drawn again by {commitment.algorithm}: {_listed(numbers)}"


def _known(chains: Mapping[str, Chain], named: Round) -> Chain:
    if named.chain_hash not in chains:
        raise Wrong("the round is of a beacon that is not known here")
    return chains[named.chain_hash]


def _outcome(bundle: Bundle) -> Outcome:
    if bundle.outcome is None:
        raise Wrong("the winners are not published yet")
    return bundle.outcome


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(f"ticket {number:,}" for number in numbers) or "none"
