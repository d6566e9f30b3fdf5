from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

import numpy as np
import psycopg
import pytest
from sqlalchemy import Table, func, select

from api.containers.artifacts import ModelArtifacts
from api.containers.demo import demo_services
from api.containers.overrides import Overrides
from api.containers.warehouse_tables import TABLES
from commerce.age.store import age_verifications
from commerce.customers.store import customers
from commerce.memberships.models import Tier
from commerce.memberships.store import changes, memberships, periods, recurrings
from commerce.payments.sandbox import sandbox_charges
from commerce.raffles.store import raffle_purchases, raffle_tickets
from demo.generator.__main__ import main
from demo.generator.config import ShopConfig
from demo.generator.ledger import build, is_built
from demo.generator.services import SetClock, ShopServices
from demo.generator.shop import Shard, Shop
from demo.generator.talk import exchanges
from foundation.embedded import EmbeddedPostgres
from foundation.outbox import OUTBOX
from foundation.settings import Settings, load_settings
from foundation.sql import Ledger
from memory.conversations.store import INTERACTIONS
from memory.embeddings import DIMENSIONS, Vectors
from memory.predictions import purchases
from memory.predictions.purchases import PURCHASES, RHYTHMS

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CONFIG = ShopConfig(customers=25, ends_at=NOW)
DANAS_PURCHASES, DANAS_TURNS = 8, 4

pytestmark = pytest.mark.slow


class EveryTextItsOwn:
    """An encoder that only tells texts apart."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        drawn = [np.random.default_rng(crc32(text.encode())).normal(size=DIMENSIONS) for text in texts]
        vectors: Vectors = np.array([row / np.linalg.norm(row) for row in drawn], dtype=np.float32)
        return vectors


def artifacts(settings: Settings) -> ModelArtifacts:
    return ModelArtifacts(settings.var / "models", encoder=EveryTextItsOwn())


class CutOff(BaseException):
    """The process ends here."""


@pytest.fixture
def services(ledger: Ledger, settings: Settings) -> Iterator[ShopServices]:
    overrides = Overrides(ledger=ledger, artifacts=artifacts(settings))
    with demo_services(settings, clock=SetClock(NOW), overrides=overrides) as opened:
        yield opened


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop(CONFIG)


@pytest.fixture(scope="module")
def shard(shop: Shop) -> Shard:
    return shop.shard(0)


@pytest.fixture(scope="module")
def built(
    shop: Shop,
    postgres: EmbeddedPostgres,
    maintenance: psycopg.Connection,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ShopServices]:
    """One whole shop, for the tests that only look at it."""
    maintenance.execute(f"CREATE DATABASE generated TEMPLATE {template} STRATEGY FILE_COPY")
    url = postgres.url.replace("@/postgres?", "@/generated?")
    settings = load_settings(APP_ENV="test", VAR_DIR=str(tmp_path_factory.mktemp("var")), DATABASE_URL=url)
    overrides = Overrides(artifacts=artifacts(settings))
    with demo_services(settings, clock=SetClock(NOW), overrides=overrides) as services:
        build(shop, services, advance=lambda *_: None)
        services.clock.now = NOW
        yield services
    maintenance.execute("DROP DATABASE generated WITH (FORCE)")


class TestBuild:
    def test_demo_customer_can_do_everything_but_is_no_member(self, built: ShopServices) -> None:
        assert built.customers.find("cus_demo").name == "Dana Demo"
        assert built.ages.is_proven("cus_demo")
        assert str(built.payments.cards.default("cus_demo")) == "card ending 1111"
        assert built.memberships.status("cus_demo") is None
        assert built.memberships.quote("cus_demo", tier=Tier.GOLD).card == "card ending 1111"

    def test_demo_customer_is_remembered(self, built: ShopServices) -> None:
        assert _count(built, INTERACTIONS, customer_id="cus_demo") == DANAS_TURNS
        assert _count(built, OUTBOX, topic="purchases", customer_id="cus_demo") == DANAS_PURCHASES
        assert "peppermint gives me a headache" in {fact.value for fact in built.memory.facts("cus_demo")}

    def test_predictions_know_every_purchase(self, built: ShopServices) -> None:
        told = _count(built, OUTBOX, topic="purchases")
        with built.ledger.transaction() as connection:
            bought = purchases.behaviour(connection, "cus_demo")
            spent = connection.scalar(select(func.sum(RHYTHMS.c.spent_cents)))
            pieces = connection.scalar(select(func.sum(func.cardinality(PURCHASES.c.products))))
            sums = [func.sum(OUTBOX.c.payload[each].as_integer()) for each in ("amount_cents", "order_size")]
            events = connection.execute(select(*sums).where(OUTBOX.c.topic == "purchases")).one()

        assert _count(built, PURCHASES) == told
        assert (spent, pieces) == events
        assert (bought.purchases, bought.frequency) == (DANAS_PURCHASES, "monthly")

    def test_other_regulars_each_have_their_trouble(self, built: ShopServices) -> None:
        gold = built.memberships.status("cus_gold")

        assert not built.ages.is_proven("cus_minor")
        assert built.payments.cards.of_customer("cus_nocard") == []
        assert gold is not None
        assert gold.tier is Tier.GOLD
        assert built.payments.cards.default("cus_declined").last_four == "0002"

    def test_catalogue_is_on_the_shelf(self, shop: Shop, built: ShopServices) -> None:
        product = built.inventory.find("prd_001")

        assert (product.name, product.price.cents) == (shop.items[0].name, shop.items[0].price_cents)

    def test_three_raffles_are_open(self, built: ShopServices) -> None:
        assert len(built.raffles.list_open()) == 3

    def test_everything_that_was_generated_is_there(
        self, shop: Shop, shard: Shard, built: ShopServices
    ) -> None:
        assert _counts(built) == _expected(shop, shard)

    def test_tickets_are_numbered_without_a_gap(self, built: ShopServices) -> None:
        columns = (func.max(raffle_tickets.c.number), func.count())
        statement = select(*columns).group_by(raffle_tickets.c.raffle_id)

        with built.ledger.transaction() as connection:
            rows = connection.execute(statement).all()

        assert rows
        assert all(highest == count for highest, count in rows)

    def test_every_event_fits_the_warehouse(self, built: ShopServices) -> None:
        with built.ledger.transaction() as connection:
            events = connection.execute(select(OUTBOX.c.topic, OUTBOX.c.payload)).all()

        assert len(events) > 200
        known = [(TABLES[topic], payload) for topic, payload in events if topic in TABLES]
        assert [fault for table, payload in known if (fault := table.fault(payload))] == []

    def test_the_past_lies_in_the_past(self, built: ShopServices) -> None:
        with built.ledger.transaction() as connection:
            first, last = connection.execute(
                select(func.min(customers.c.created_at), func.max(customers.c.created_at))
            ).one()
            latest = connection.execute(select(func.max(INTERACTIONS.c.at))).scalar_one()

        assert NOW - timedelta(days=CONFIG.days) <= first
        assert max(last, latest) <= NOW

    def test_every_month_of_a_membership_was_charged_once(self, built: ShopServices) -> None:
        joined = _count(built, changes, kind="upgraded")
        tickets = _count(built, raffle_purchases)

        assert _count(built, periods) > _count(built, memberships)
        assert _count(built, sandbox_charges) == _count(built, periods) + joined + tickets

    def test_months_to_come_are_charged_by_the_gateway(self, built: ShopServices) -> None:
        with built.ledger.transaction() as connection:
            active = connection.execute(
                select(memberships.c.id, memberships.c.period_end).where(memberships.c.status == "active")
            ).all()
            arranged = set(connection.execute(select(recurrings.c.membership_id)).scalars())

        assert active
        assert all(NOW - timedelta(days=3) < end for _, end in active)
        assert arranged == {membership for membership, end in active if end > NOW}

    def test_it_says_that_it_is_built(self, built: ShopServices) -> None:
        assert is_built(built.ledger)


class TestCutOff:
    @pytest.mark.parametrize("after", [1, 3, 6, 9])
    def test_run_that_was_cut_off_is_run_again_without_doubles(
        self, shop: Shop, shard: Shard, services: ShopServices, after: int
    ) -> None:
        steps = iter(range(after))

        def advance(*_: object) -> None:
            if next(steps, None) is None:
                raise CutOff

        with pytest.raises(CutOff):
            build(shop, services, advance=advance)
        was_built = is_built(services.ledger)

        build(shop, services, advance=lambda *_: None)

        assert not was_built
        assert _counts(services) == _expected(shop, shard)

    def test_built_shop_built_again_stays_as_it_is(self, shop: Shop, services: ShopServices) -> None:
        build(shop, services, advance=lambda *_: None)
        before = _counts(services)

        build(shop, services, advance=lambda *_: None)

        assert _counts(services) == before


class TestCommand:
    def test_parquet_needs_a_folder(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main([])

        assert "--out" in capsys.readouterr().err

    def test_second_run_does_nothing_and_says_so(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        order = ["--out", str(tmp_path / "shop"), "--customers", "50"]
        main(order)
        capsys.readouterr()

        status = main(order)

        assert status == 0
        assert "nothing was done" in capsys.readouterr().err


def _count(services: ShopServices, table: Table, **values: str) -> int:
    statement = select(func.count()).select_from(table).filter_by(**values)
    with services.ledger.transaction() as connection:
        return connection.execute(statement).scalar_one()


def _counts(services: ShopServices) -> dict[str, int]:
    return {
        "customers": _count(services, customers),
        "age checks": _count(services, age_verifications),
        "memberships": _count(services, memberships),
        "raffle purchases": _count(services, raffle_purchases),
        "purchases": _count(services, OUTBOX, topic="purchases"),
        "turns": _count(services, INTERACTIONS),
        "events of turns": _count(services, OUTBOX, topic="interactions"),
    }


def _expected(shop: Shop, shard: Shard) -> dict[str, int]:
    """With the five regulars: four of proven age, one of them a member."""
    members = np.isfinite(shard.lives.joined)
    entries, turns = len(shard.entries.customer), len(list(exchanges(shard.talks, shop.shelf))) + DANAS_TURNS
    verified, renews = shard.enrolment.verified, shard.enrolment.renews
    checks = [
        1 + renews[row] * ((CONFIG.days - day) // 365) for row, day in enumerate(verified) if day < np.inf
    ]
    return {
        "customers": len(shard.people) + 5,
        "age checks": int(sum(checks)) + 4,
        "memberships": int(members.sum()) + 1,
        "raffle purchases": entries,
        "purchases": len(shard.visits) + DANAS_PURCHASES,
        "turns": turns,
        "events of turns": turns,
    }
