"""The connector against a fake server that speaks the vendor's protocol over real HTTP."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
import stamina

from commerce.payments.ports import (
    Charge,
    GatewayAway,
    GatewaySilent,
    NotificationForged,
    Plan,
    PlanStatus,
    Return,
    Stage,
    StoredCard,
    Verdict,
)
from connectors.authorize_net import AuthorizeNet, Credentials, Webhooks, Wire, sign
from demo.fakes.authorize_net import LOGIN_ID, SIGNATURE_KEY, TRANSACTION_KEY, FakeAuthorizeNet
from demo.fakes.authorize_net.server import Fault
from foundation.money import Money
from tests.fakes import FakeClock

PRICE = Money(47_00)
Connect = Callable[..., AuthorizeNet]
SILENT: list[Fault] = ["http_500", "malformed", "maintenance", "lost_before"]


@pytest.fixture(autouse=True)
def _without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[FakeAuthorizeNet, str]]:
    fake = FakeAuthorizeNet(now=FakeClock())
    with fake.serving() as address:
        yield fake, address


@pytest.fixture
def fake(served: tuple[FakeAuthorizeNet, str], clock: FakeClock) -> FakeAuthorizeNet:
    served[0].begin(now=clock)
    return served[0]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """One for all, since making one takes a while."""
    with httpx.Client(timeout=5) as client:
        yield client


@pytest.fixture
def connect(client: httpx.Client, served: tuple[FakeAuthorizeNet, str], fake: FakeAuthorizeNet) -> Connect:
    def connect(address: str = served[1], *, key: str = TRANSACTION_KEY) -> AuthorizeNet:
        now = fake.records.now
        return AuthorizeNet(Wire(client, address, Credentials(LOGIN_ID, key), now=now), now=now)

    return connect


@pytest.fixture
def gateway(connect: Connect) -> AuthorizeNet:
    return connect()


@pytest.fixture
def card(gateway: AuthorizeNet) -> StoredCard:
    return stored(gateway, "approve.1")


def stored(gateway: AuthorizeNet, nonce: str) -> StoredCard:
    card = gateway.cards.store_card("cus_ana", nonce)
    assert card is not None
    return card


def charge(card: StoredCard, invoice: str = "i_1") -> Charge:
    return Charge(card.token, PRICE, invoice, "Bronze membership")


def plan(card: StoredCard, clock: FakeClock) -> Plan:
    return Plan(card.token, "Bronze membership", PRICE, clock(), "s_1")


class TestCards:
    def test_nonce_becomes_a_card_known_by_its_last_four(
        self, gateway: AuthorizeNet, card: StoredCard
    ) -> None:
        assert (card.brand, card.last_four) == ("Visa", "1111")
        assert gateway.cards.stored_cards("cus_ana") == [card]

    def test_nonce_is_good_once(self, gateway: AuthorizeNet) -> None:
        stored(gateway, "approve.1")

        assert gateway.cards.store_card("cus_ana", "approve.1") is None

    def test_second_card_goes_into_the_same_profile(self, gateway: AuthorizeNet, card: StoredCard) -> None:
        second = stored(gateway, "decline.1")

        assert second.token.partition("/")[0] == card.token.partition("/")[0]
        assert gateway.cards.stored_cards("cus_ana") == [card, second]

    def test_card_entered_again_keeps_its_token(self, gateway: AuthorizeNet, card: StoredCard) -> None:
        assert stored(gateway, "approve.1.again") == card

    def test_marks_are_those_of_the_card_whoever_stores_it(
        self, gateway: AuthorizeNet, card: StoredCard
    ) -> None:
        others = [gateway.cards.store_card("cus_ben", nonce) for nonce in ("approve.1.ben", "approve.2")]

        assert [each and each.marks == card.marks for each in others] == [True, False]
        assert not card.is_unmistakable

    def test_card_is_forgotten_once_and_again(self, gateway: AuthorizeNet, card: StoredCard) -> None:
        gateway.cards.forget_card(card.token)
        gateway.cards.forget_card(card.token)

        assert gateway.cards.stored_cards("cus_ana") == []

    def test_customer_without_a_profile_has_no_cards(self, gateway: AuthorizeNet) -> None:
        assert gateway.cards.stored_cards("cus_nobody") == []


class TestCharge:
    @pytest.mark.parametrize(
        ("nonce", "verdict"),
        [
            ("approve.1", Verdict.APPROVED),
            ("decline.1", Verdict.DECLINED),
            ("error.1", Verdict.ERROR),
            ("hold.1", Verdict.HELD),
        ],
    )
    def test_both_codes_are_judged(self, gateway: AuthorizeNet, nonce: str, verdict: Verdict) -> None:
        answer = gateway.transactions.charge(charge(stored(gateway, nonce)))

        found = gateway.transactions.find("i_1")

        assert answer.verdict is verdict
        assert found is not None
        assert (found.verdict, found.transaction_id, found.amount) == (verdict, answer.transaction_id, PRICE)

    def test_duplicate_is_answered_with_the_original(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard
    ) -> None:
        first = gateway.transactions.charge(charge(card))
        second = gateway.transactions.charge(charge(card))

        assert (second.verdict, second.transaction_id) == (Verdict.APPROVED, first.transaction_id)
        assert fake.records.taken() == Decimal("47.00")

    @pytest.mark.parametrize("fault", [*SILENT, "lost_after"])
    def test_no_usable_answer_is_silence_and_nothing_is_sent_again(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard, fault: Fault
    ) -> None:
        fake.fail("createTransactionRequest", fault)

        with pytest.raises(GatewaySilent):
            gateway.transactions.charge(charge(card))

        assert fake.requests.count("createTransactionRequest") == 1
        is_done = fault in {"lost_after", "malformed"}
        assert (gateway.transactions.find("i_1") is not None) is is_done

    def test_gateway_that_is_not_there_was_not_asked(self, connect: Connect, card: StoredCard) -> None:
        away = connect("http://127.0.0.1:9/xml/v1/request.api")

        with pytest.raises(GatewayAway):
            away.transactions.charge(charge(card))

    def test_credentials_that_are_not_taken_charge_nothing(
        self, connect: Connect, fake: FakeAuthorizeNet, card: StoredCard
    ) -> None:
        with pytest.raises(GatewayAway):
            connect(key="wrong").transactions.charge(charge(card))

        assert fake.records.taken() == 0

    def test_request_that_is_not_taken_is_asked_once_and_closes_the_way_to_no_other(
        self, connect: Connect, fake: FakeAuthorizeNet
    ) -> None:
        refused = connect(key="wrong")

        for _ in range(6):
            with pytest.raises(GatewayAway):
                refused.transactions.look_up("1")

        assert fake.requests.count("getTransactionDetailsRequest") == 6

    def test_gateway_that_keeps_silent_is_spared(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard
    ) -> None:
        for _ in range(5):
            fake.fail("createTransactionRequest", "http_500")
        for number in range(5):
            with pytest.raises(GatewaySilent):
                gateway.transactions.charge(charge(card, f"i_{number}"))

        with pytest.raises(GatewayAway):
            gateway.transactions.charge(charge(card, "i_5"))

        assert fake.requests.count("createTransactionRequest") == 5


class TestLookUp:
    @pytest.mark.parametrize("fault", SILENT)
    def test_read_is_asked_again(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard, fault: Fault
    ) -> None:
        answer = gateway.transactions.charge(charge(card))
        fake.fail("getTransactionDetailsRequest", fault, fault)

        found = gateway.transactions.look_up(str(answer.transaction_id))

        assert found is not None
        assert fake.requests.count("getTransactionDetailsRequest") == 3

    def test_settled_charge_is_found_in_its_batch(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard, clock: FakeClock
    ) -> None:
        gateway.transactions.charge(charge(card))
        fake.records.settle()
        clock.advance(timedelta(days=3))

        found = gateway.transactions.find("i_1")

        assert found is not None
        assert found.stage is Stage.SETTLED

    @pytest.mark.parametrize(
        ("status", "stage"),
        [
            ("updatingSettlement", Stage.UNSETTLED),
            ("pendingFinalSettlement", Stage.UNSETTLED),
            ("couldNotVoid", Stage.UNSETTLED),
            ("approvedReview", Stage.UNSETTLED),
            ("chargeback", Stage.SETTLED),
        ],
    )
    def test_charge_on_its_way_to_the_bank_counts_as_one(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard, status: str, stage: Stage
    ) -> None:
        taken = str(gateway.transactions.charge(charge(card)).transaction_id)
        fake.records.transactions[taken].status = status

        found = gateway.transactions.look_up(taken)

        assert found is not None
        assert (found.stage, found.verdict) == (stage, Verdict.APPROVED)

    def test_word_that_nobody_knows_is_no_answer(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard
    ) -> None:
        taken = str(gateway.transactions.charge(charge(card)).transaction_id)
        fake.records.transactions[taken].status = "heldByMartians"

        with pytest.raises(GatewaySilent):
            gateway.transactions.look_up(taken)

    def test_what_never_was_is_not_found(self, gateway: AuthorizeNet) -> None:
        assert gateway.transactions.find("i_none") is None
        assert gateway.transactions.look_up("1") is None


class TestReturn:
    def test_unsettled_charge_is_voided_once_and_again(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard
    ) -> None:
        taken = str(gateway.transactions.charge(charge(card)).transaction_id)

        answers = [gateway.transactions.void(taken).verdict, gateway.transactions.void(taken).verdict]

        assert answers == [Verdict.APPROVED, Verdict.APPROVED]
        assert fake.records.taken() == 0

    def test_settled_charge_is_refunded_in_parts_up_to_the_whole(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard
    ) -> None:
        taken = str(gateway.transactions.charge(charge(card)).transaction_id)
        part = Return(taken, Money(40_00), "r_1", card.last_four)
        early = gateway.transactions.refund(part)
        fake.records.settle()

        late, more = (
            gateway.transactions.refund(part),
            gateway.transactions.refund(replace(part, invoice="r_2")),
        )

        assert [early.verdict, late.verdict, more.verdict] == [
            Verdict.ERROR,
            Verdict.APPROVED,
            Verdict.ERROR,
        ]
        assert fake.records.taken() == Decimal("7.00")
        assert gateway.transactions.find("r_1") is not None

    def test_refund_made_by_hand_names_its_charge(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard
    ) -> None:
        taken = str(gateway.transactions.charge(charge(card)).transaction_id)
        fake.records.settle()
        fake.undo_by_hand(taken, amount=Decimal("7.00"))

        told = Webhooks(SIGNATURE_KEY).read(fake.sent[-1].body, signature=fake.sent[-1].signature)

        found = gateway.transactions.look_up(told.subject_id) if told else None
        assert found is not None
        assert (found.refund_of, found.amount, found.verdict) == (taken, Money(7_00), Verdict.APPROVED)

    @pytest.mark.parametrize("nights", [0, 1])
    def test_what_was_undone_is_listed_before_and_after_it_settles(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard, nights: int
    ) -> None:
        _, voided, returned = (
            str(gateway.transactions.charge(charge(card, f"i_{n}")).transaction_id) for n in range(3)
        )
        gateway.transactions.void(voided)
        fake.records.settle()
        fake.undo_by_hand(returned, amount=Decimal("7.00"))
        for _ in range(nights):
            fake.records.settle()

        undone = gateway.transactions.undone(since=fake.records.now() - timedelta(days=1))

        assert sorted(undone) == [voided, max(fake.records.transactions)]

    @pytest.mark.parametrize(("decision", "taken"), [("accepted", "47.00"), ("refused", "0")])
    def test_held_charge_is_decided(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, decision: str, taken: str
    ) -> None:
        held = str(gateway.transactions.charge(charge(stored(gateway, "hold.1"))).transaction_id)

        answer = gateway.transactions.decide_held(held, accept=decision == "accepted")

        assert answer.verdict is Verdict.APPROVED
        assert fake.records.taken() == Decimal(taken)


class TestPlans:
    def test_plan_charges_every_month_at_its_amount_then(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard, clock: FakeClock
    ) -> None:
        plan_id = gateway.plans.subscribe(plan(card, clock))
        fake.bill()
        gateway.plans.change_plan(plan_id, amount=Money(97_00))
        clock.advance(timedelta(days=31))
        fake.bill()

        state = gateway.plans.plan(plan_id)

        charges = [gateway.transactions.look_up(each) for each in state.transaction_ids]
        assert state.status is PlanStatus.ACTIVE
        assert [each and (each.amount, each.subscription_id) for each in charges] == [
            (PRICE, plan_id),
            (Money(97_00), plan_id),
        ]

    def test_plan_asked_for_twice_is_one(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard, clock: FakeClock
    ) -> None:
        first = gateway.plans.subscribe(plan(card, clock))

        second = gateway.plans.subscribe(plan(card, clock))

        assert (second, gateway.plans.find_plan("s_1")) == (first, first)
        assert len(fake.records.subscriptions) == 1

    def test_stopped_plan_charges_nothing(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard, clock: FakeClock
    ) -> None:
        plan_id = gateway.plans.subscribe(plan(card, clock))

        gateway.plans.stop_plan(plan_id)
        gateway.plans.stop_plan(plan_id)

        assert fake.bill() == 0
        assert gateway.plans.plan(plan_id).status is PlanStatus.CANCELED

    def test_failed_charge_suspends_and_another_card_brings_it_back(
        self, gateway: AuthorizeNet, fake: FakeAuthorizeNet, card: StoredCard, clock: FakeClock
    ) -> None:
        plan_id = gateway.plans.subscribe(plan(stored(gateway, "decline.1"), clock))
        fake.bill()
        failed = gateway.plans.plan(plan_id)

        gateway.plans.change_plan(plan_id, token=card.token)

        assert failed.status is PlanStatus.SUSPENDED
        assert len(failed.transaction_ids) == 1
        assert gateway.plans.plan(plan_id).status is PlanStatus.ACTIVE

    def test_plan_the_gateway_does_not_know_is_over(self, gateway: AuthorizeNet) -> None:
        assert gateway.plans.plan("1").status.is_over


class TestProtocol:
    def test_stand_refuses_keys_out_of_order(self, served: tuple[FakeAuthorizeNet, str]) -> None:
        body = {"transId": "1", "merchantAuthentication": {"name": "a", "transactionKey": "b"}}

        answer = httpx.post(served[1], json={"getTransactionDetailsRequest": body})

        assert answer.content.startswith(b"\xef\xbb\xbf")
        assert json.loads(answer.content.decode("utf-8-sig"))["messages"]["message"][0]["code"] == "E00003"


class TestWebhooks:
    KEY = "0123456789ABCDEF" * 8

    def body(self, event: str) -> bytes:
        told = {"notificationId": "n1", "eventType": event, "payload": {"id": "60001"}}
        return json.dumps(told).encode()

    @pytest.mark.parametrize(
        ("event", "kind"),
        [
            ("net.authorize.payment.authcapture.created", "transaction"),
            ("net.authorize.payment.fraud.approved", "transaction"),
            ("net.authorize.customer.subscription.failed", "subscription"),
            ("net.authorize.customer.paymentProfile.created", None),
        ],
    )
    def test_signed_notification_names_what_to_look_up(self, event: str, kind: str | None) -> None:
        body = self.body(event)

        told = Webhooks(self.KEY).read(body, signature=sign(body, key=self.KEY))

        assert (told and (told.kind, told.subject_id)) == (kind and (kind, "60001"))

    def test_key_is_text_not_the_bytes_it_spells(self) -> None:
        body = self.body("net.authorize.payment.void.created")
        as_bytes = sign(body, key=bytes.fromhex(self.KEY).decode("latin-1"))

        with pytest.raises(NotificationForged):
            Webhooks(self.KEY).read(body, signature=as_bytes)

    @pytest.mark.parametrize("signature", ["", "sha512=", "sha512=" + "A" * 128, "é"])
    def test_forged_notification_is_not_read(self, signature: str) -> None:
        with pytest.raises(NotificationForged):
            Webhooks(self.KEY).read(b"not even JSON", signature=signature)

    def test_body_changed_by_a_byte_is_forged(self) -> None:
        body = self.body("net.authorize.payment.void.created")

        with pytest.raises(NotificationForged):
            Webhooks(self.KEY).read(body + b" ", signature=sign(body, key=self.KEY))
