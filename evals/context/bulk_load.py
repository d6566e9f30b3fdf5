"""Bulk load of a memory with very many turns, in sentences of the generated shop."""

import itertools
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, text

from api.containers.container import Container
from demo.generator.config import ShopConfig
from demo.generator.ledger import DOCUMENTS
from demo.generator.ledger import product as product_of
from demo.generator.shop import Shop, moment
from demo.generator.talk import Exchange, exchanges
from memory.conversations.models import Interaction, Speaker
from memory.predictions.purchases import summarise_all
from memory.profiles.models import profile_of

SEED = 11
SAID_BY, SENTENCES = 200, 500
"""Customers of the generated shop whose sentences are used, and the maximum number of turns."""
TABLE = """
    CREATE TEMPORARY TABLE sentences (number int PRIMARY KEY, message text, response text, vectors bytea)
"""
SENTENCE = "INSERT INTO sentences VALUES (:number, :message, :response, :vectors)"
TURNS = """
    INSERT INTO interactions (id, customer_id, position, thread_id, channel, at, message, response, vectors)
    SELECT 'trn_' || c || '_' || n, 'cus_' || lpad(c::text, 8, '0'), n, 'thr_' || c || '_' || n / 5, 'chat',
        CAST(:ends AS timestamptz) - (:turns - n) * interval '1 day', message, response, vectors
    FROM generate_series(1, :customers) AS c CROSS JOIN generate_series(1, :turns) AS n
    JOIN sentences ON number = (c * 7919 + n * 104729) % :sentences
"""
PROFILES = """
    INSERT INTO profiles (customer_id, version, document)
    SELECT 'cus_' || lpad(c::text, 8, '0'), :turns, CAST(:document AS jsonb)
    FROM generate_series(1, :customers) AS c
"""
FACTS = """
    INSERT INTO facts (id, customer_id, subject, slot, predicate, value, source, confidence, valid_from,
        recorded_at, origin, holds, said_at)
    SELECT 'fct_' || c || '_' || n, 'cus_' || lpad(c::text, 8, '0'), 'customer', said, said, 'berry',
        'trn_' || c || '_1', 0.9, :ends, :ends, 'customer', true, :ends
    FROM generate_series(1, :customers) AS c
    CROSS JOIN unnest(ARRAY['allergic to', 'budget', 'likes', 'preferred category', 'uses for'])
        WITH ORDINALITY AS stated (said, n)
"""
PURCHASES = """
    INSERT INTO purchases (order_id, customer_id, at, day, amount_cents, products)
    SELECT 'ord_' || c || '_' || n, 'cus_' || lpad(c::text, 8, '0'), bought, bought::date,
        1000 + (c * 31 + n * 17) % 9000,
        ARRAY[products[1 + (c * 13 + n % 3) % :sold], products[1 + (c * 29 + n * 7) % :sold]]
    FROM generate_series(1, :customers) AS c CROSS JOIN generate_series(1, 2 + c % 9) AS n
    CROSS JOIN LATERAL (
        SELECT CAST(:ends AS timestamptz) - (n * (12 + c % 30) + c % 90) * interval '1 day' AS bought
    ) AS visits
    CROSS JOIN (SELECT CAST(:products AS text[]) AS products) AS shelf
"""


def fill(container: Container, *, customers: int, turns: int) -> list[str]:
    """Load customers with turns, facts and purchases; returns the distinct messages."""
    shop = Shop(ShopConfig(seed=SEED, customers=SAID_BY))
    container.commerce.inventory.put(
        product_of(item, container.infrastructure.clock()) for item in shop.items
    )
    for document in sorted(Path(DOCUMENTS).glob("*.md")):
        container.memory.knowledge.publish(document.stem, document.read_text(), by="stf_demo")
    said = _said(shop)
    size = {
        "customers": customers,
        "turns": turns,
        "ends": container.infrastructure.clock() - timedelta(days=1),
    }
    sold = [item.id for item in shop.items if item.is_sold]
    with container.infrastructure.ledger.transaction() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        _sentences(connection, container, said)
        connection.execute(text(TURNS), size | {"sentences": len(said)})
        profile = profile_of(said[:turns]).document()
        connection.execute(text(PROFILES), size | {"document": json.dumps(profile)})
        connection.execute(text(FACTS), size)
        connection.execute(text(PURCHASES), size | {"products": sold, "sold": len(sold)})
        summarise_all(connection)
    with container.infrastructure.ledger.engine.execution_options(
        isolation_level="AUTOCOMMIT"
    ).connect() as connection:
        connection.execute(text("ANALYZE"))
    container.memory.predictions.nightly.fit()
    return list(dict.fromkeys(turn.message for turn in said))


def _said(shop: Shop) -> Sequence[Interaction]:
    def turn(at: int, said: Exchange) -> Interaction:
        when = moment(shop.config, said.at)
        return Interaction(f"said_{at}", "said", "thr", said.channel, when, said.message, said.response)

    every = itertools.chain.from_iterable(exchanges(shard.talks, shop.shelf) for shard in shop.shards())
    return [turn(at, each) for at, each in enumerate(itertools.islice(every, SENTENCES))]


def _sentences(connection: Connection, container: Container, said: Sequence[Interaction]) -> None:
    connection.execute(text(TABLE))
    texts = [turn.spoken(speaker) for turn in said for speaker in Speaker]
    vectors = container.memory.artifacts.encoder.encode(texts).astype("float16")
    rows = [
        {
            "number": at,
            "message": turn.message,
            "response": turn.response,
            "vectors": vectors[2 * at : 2 * at + 2].tobytes(),
        }
        for at, turn in enumerate(said)
    ]
    connection.execute(text(SENTENCE), rows)
