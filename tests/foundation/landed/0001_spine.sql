-- The ledger's first tables.

CREATE TABLE data_keys (
    customer_id TEXT NOT NULL,
    wrapped TEXT,
    key_id TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    shredded_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_data_keys PRIMARY KEY (customer_id)
);

COMMENT ON COLUMN data_keys.wrapped IS 'sealed by the key ring; empty once shredded';

CREATE TABLE revoked_tokens (
    token_id TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_revoked_tokens PRIMARY KEY (token_id)
);

CREATE INDEX ix_revoked_tokens_expires_at ON revoked_tokens (expires_at);

CREATE TABLE idempotency_keys (
    principal_id TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    claim_id TEXT NOT NULL,
    claimed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    status INTEGER,
    headers JSONB,
    body BYTEA,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (principal_id, key)
);

CREATE INDEX ix_idempotency_keys_claimed_at ON idempotency_keys (claimed_at);

CREATE TABLE outbox (
    id TEXT NOT NULL,
    topic TEXT NOT NULL,
    customer_id TEXT,
    payload JSONB NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_outbox PRIMARY KEY (id)
);

CREATE INDEX ix_outbox_customer_id ON outbox (customer_id);

CREATE INDEX ix_outbox_at ON outbox (at);

CREATE TABLE jobs (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload JSONB NOT NULL,
    status TEXT NOT NULL,
    progress JSONB,
    result JSONB,
    error TEXT,
    attempts INTEGER DEFAULT '0' NOT NULL,
    idempotency_key TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_jobs PRIMARY KEY (id),
    CONSTRAINT uq_jobs_idempotency_key UNIQUE (idempotency_key)
);

CREATE INDEX ix_jobs_unfinished ON jobs (updated_at) WHERE finished_at IS NULL;

CREATE TABLE warehouse_parked (
    event_id TEXT NOT NULL,
    topic TEXT NOT NULL,
    payload JSONB NOT NULL,
    fault TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_warehouse_parked PRIMARY KEY (event_id)
);

CREATE TABLE facts (
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    predicate TEXT NOT NULL,
    value TEXT NOT NULL,
    source TEXT,
    confidence FLOAT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_facts PRIMARY KEY (id)
);

CREATE INDEX ix_facts_customer_id ON facts (customer_id);

CREATE UNIQUE INDEX uq_facts_current ON facts (customer_id, subject, predicate) WHERE valid_to IS NULL;

COMMENT ON COLUMN facts.source IS 'the turn in which it was said';

CREATE TABLE interactions (
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    thread_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    message TEXT NOT NULL,
    response TEXT NOT NULL,
    intent TEXT,
    vectors BYTEA NOT NULL,
    CONSTRAINT pk_interactions PRIMARY KEY (id),
    CONSTRAINT uq_interactions_customer_id_position UNIQUE (customer_id, position)
);

COMMENT ON COLUMN interactions.vectors IS 'float16: the message''s, then the response''s';

CREATE TABLE profiles (
    customer_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    document JSONB NOT NULL,
    CONSTRAINT pk_profiles PRIMARY KEY (customer_id)
);

COMMENT ON COLUMN profiles.version IS 'the position of the last interaction in it';

CREATE TABLE customers (
    id TEXT NOT NULL,
    name_sealed TEXT NOT NULL,
    email_sealed TEXT NOT NULL,
    email_digest TEXT NOT NULL,
    phone_sealed TEXT,
    phone_digest TEXT,
    state VARCHAR(2),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_customers PRIMARY KEY (id),
    CONSTRAINT uq_customers_email_digest UNIQUE (email_digest)
);

CREATE INDEX ix_customers_phone_digest ON customers (phone_digest);

CREATE TABLE handoffs (
    id TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    summary TEXT NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_handoffs PRIMARY KEY (id)
);

CREATE UNIQUE INDEX ix_handoffs_waiting ON handoffs (thread_id) WHERE closed_at IS NULL;

CREATE INDEX ix_handoffs_principal_id ON handoffs (principal_id);

CREATE TABLE products (
    id TEXT NOT NULL,
    source TEXT NOT NULL,
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    brand TEXT NOT NULL,
    category TEXT NOT NULL,
    description TEXT NOT NULL,
    effects TEXT[] NOT NULL,
    flavours TEXT[] NOT NULL,
    cbd_mg FLOAT NOT NULL,
    thc_mg FLOAT NOT NULL,
    price_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    quantity INTEGER NOT NULL,
    available BOOLEAN NOT NULL,
    attributes JSONB NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revision BIGINT DEFAULT '1' NOT NULL,
    CONSTRAINT pk_products PRIMARY KEY (id),
    CONSTRAINT uq_products_sku UNIQUE (sku)
);

CREATE TABLE sandbox_charges (
    transaction_id TEXT NOT NULL,
    invoice VARCHAR(20) NOT NULL,
    token TEXT NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    description TEXT NOT NULL,
    verdict TEXT NOT NULL,
    charged_at TIMESTAMP WITH TIME ZONE NOT NULL,
    returned TEXT,
    CONSTRAINT pk_sandbox_charges PRIMARY KEY (transaction_id)
);

CREATE INDEX ix_sandbox_charges_invoice ON sandbox_charges (invoice);

COMMENT ON COLUMN sandbox_charges.returned IS 'void or refund';

CREATE TABLE raffles (
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    prize TEXT NOT NULL,
    ticket_price_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    max_tickets INTEGER NOT NULL,
    per_customer_limit INTEGER NOT NULL,
    minimum_age INTEGER NOT NULL,
    opens_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closes_at TIMESTAMP WITH TIME ZONE NOT NULL,
    status TEXT NOT NULL,
    sold INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_raffles PRIMARY KEY (id)
);

COMMENT ON COLUMN raffles.sold IS 'the last ticket number issued';

CREATE TABLE effects (
    thread_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    tool TEXT NOT NULL,
    digest TEXT NOT NULL,
    result JSONB,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_effects PRIMARY KEY (thread_id, call_id)
);

CREATE INDEX ix_effects_principal_id ON effects (principal_id);

CREATE TABLE pending_actions (
    id TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    asked_in TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    tool TEXT NOT NULL,
    arguments JSONB NOT NULL,
    digest TEXT NOT NULL,
    sentence TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_pending_actions PRIMARY KEY (id),
    CONSTRAINT uq_pending_actions_thread_id_call_id UNIQUE (thread_id, call_id)
);

CREATE INDEX ix_pending_actions_principal_id ON pending_actions (principal_id);

CREATE TABLE threads (
    id TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    fence BIGINT DEFAULT '0' NOT NULL,
    CONSTRAINT pk_threads PRIMARY KEY (id)
);

CREATE INDEX ix_threads_principal_id ON threads (principal_id);

CREATE TABLE chores (
    name TEXT NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_chores PRIMARY KEY (name)
);

CREATE TABLE outbox_deliveries (
    subscriber TEXT NOT NULL,
    event_id TEXT NOT NULL,
    position BIGINT GENERATED BY DEFAULT AS IDENTITY,
    appended_at TIMESTAMP WITH TIME ZONE NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    next_attempt_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_error TEXT,
    delivered_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_outbox_deliveries PRIMARY KEY (subscriber, event_id),
    CONSTRAINT fk_outbox_deliveries_event_id FOREIGN KEY(event_id) REFERENCES outbox (id) ON DELETE CASCADE
);

CREATE INDEX ix_outbox_deliveries_event_id ON outbox_deliveries (event_id);

CREATE INDEX ix_outbox_deliveries_waiting ON outbox_deliveries (subscriber, position) WHERE delivered_at IS NULL;

CREATE TABLE age_verifications (
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    is_over_21 BOOLEAN NOT NULL,
    state VARCHAR(2) NOT NULL,
    method TEXT NOT NULL,
    name_digest TEXT NOT NULL,
    birthday_digest TEXT NOT NULL,
    id_last4_sealed TEXT NOT NULL,
    ip_sealed TEXT,
    verified_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_age_verifications PRIMARY KEY (id),
    CONSTRAINT fk_age_verifications_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id)
);

CREATE INDEX ix_age_verifications_customer ON age_verifications (customer_id, verified_at);

CREATE TABLE age_failed_tries (
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_age_failed_tries PRIMARY KEY (id),
    CONSTRAINT fk_age_failed_tries_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id)
);

CREATE INDEX ix_age_failed_tries_customer ON age_failed_tries (customer_id, at);

CREATE TABLE cards (
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    token_sealed TEXT NOT NULL,
    nonce_digest TEXT NOT NULL,
    brand TEXT NOT NULL,
    last_four VARCHAR(4) NOT NULL,
    is_default BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_cards PRIMARY KEY (id),
    CONSTRAINT uq_cards_customer_id_nonce_digest UNIQUE (customer_id, nonce_digest),
    CONSTRAINT fk_cards_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id)
);

CREATE UNIQUE INDEX ix_cards_default ON cards (customer_id) WHERE is_default;

CREATE TABLE turns (
    id TEXT NOT NULL,
    number BIGINT GENERATED BY DEFAULT AS IDENTITY,
    thread_id TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    role TEXT NOT NULL,
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    fence BIGINT DEFAULT '0' NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    exchange JSONB,
    reply JSONB,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_turns PRIMARY KEY (id),
    CONSTRAINT fk_turns_thread_id FOREIGN KEY(thread_id) REFERENCES threads (id) ON DELETE CASCADE
);

CREATE INDEX ix_turns_thread_id_number ON turns (thread_id, number);

CREATE UNIQUE INDEX uq_turns_queued ON turns (thread_id) WHERE status = 'queued';

CREATE UNIQUE INDEX uq_turns_unfinished ON turns (thread_id) WHERE status IN ('running', 'answered');

CREATE TABLE payments (
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    card_id TEXT NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    description TEXT NOT NULL,
    invoice VARCHAR(20) NOT NULL,
    status TEXT NOT NULL,
    transaction_id TEXT,
    response_sealed TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    delivered_at TIMESTAMP WITH TIME ZONE,
    returned_at TIMESTAMP WITH TIME ZONE,
    return_reason TEXT,
    CONSTRAINT pk_payments PRIMARY KEY (id),
    CONSTRAINT uq_payments_key UNIQUE (key),
    CONSTRAINT fk_payments_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id),
    CONSTRAINT fk_payments_card_id FOREIGN KEY(card_id) REFERENCES cards (id),
    CONSTRAINT uq_payments_invoice UNIQUE (invoice)
);

CREATE INDEX ix_payments_open ON payments (created_at) WHERE status IN ('pending', 'returning');

CREATE INDEX ix_payments_undelivered ON payments (created_at) WHERE status = 'approved' AND delivered_at IS NULL;

CREATE INDEX ix_payments_customer_id ON payments (customer_id);

COMMENT ON COLUMN payments.delivered_at IS 'set together with what was bought';

CREATE TABLE messages (
    thread_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    number BIGINT GENERATED BY DEFAULT AS IDENTITY,
    turn_id TEXT NOT NULL,
    text TEXT NOT NULL,
    masked TEXT[] NOT NULL,
    action_id TEXT,
    decision TEXT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_messages PRIMARY KEY (thread_id, message_id),
    CONSTRAINT fk_messages_thread_id FOREIGN KEY(thread_id) REFERENCES threads (id) ON DELETE CASCADE,
    CONSTRAINT fk_messages_turn_id FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE
);

CREATE INDEX ix_messages_turn_id ON messages (turn_id);

CREATE TABLE journal (
    turn_id TEXT NOT NULL,
    key TEXT NOT NULL,
    number BIGINT GENERATED BY DEFAULT AS IDENTITY,
    attempt INTEGER NOT NULL,
    data JSONB NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_journal PRIMARY KEY (turn_id, key),
    CONSTRAINT fk_journal_turn_id FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE
);

CREATE TABLE memberships (
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    tier TEXT NOT NULL,
    status TEXT NOT NULL,
    price_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    discount_percent INTEGER NOT NULL,
    payment_id TEXT,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_billing_at TIMESTAMP WITH TIME ZONE NOT NULL,
    cancelled_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_memberships PRIMARY KEY (id),
    CONSTRAINT uq_memberships_key UNIQUE (key),
    CONSTRAINT fk_memberships_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id),
    CONSTRAINT fk_memberships_payment_id FOREIGN KEY(payment_id) REFERENCES payments (id)
);

CREATE INDEX ix_memberships_customer_id ON memberships (customer_id);

CREATE UNIQUE INDEX ix_memberships_one_a_customer ON memberships (customer_id) WHERE status != 'cancelled';

CREATE TABLE raffle_purchases (
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    raffle_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    status TEXT NOT NULL,
    held_until TIMESTAMP WITH TIME ZONE NOT NULL,
    payment_id TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_raffle_purchases PRIMARY KEY (id),
    CONSTRAINT uq_raffle_purchases_key UNIQUE (key),
    CONSTRAINT fk_raffle_purchases_raffle_id FOREIGN KEY(raffle_id) REFERENCES raffles (id),
    CONSTRAINT fk_raffle_purchases_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id),
    CONSTRAINT fk_raffle_purchases_payment_id FOREIGN KEY(payment_id) REFERENCES payments (id)
);

CREATE INDEX ix_raffle_purchases_customer ON raffle_purchases (customer_id, raffle_id);

CREATE INDEX ix_raffle_purchases_held ON raffle_purchases (raffle_id) WHERE status = 'held';

CREATE TABLE raffle_tickets (
    id TEXT NOT NULL,
    raffle_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    customer_id TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_raffle_tickets PRIMARY KEY (id),
    CONSTRAINT uq_raffle_tickets_raffle_id_number UNIQUE (raffle_id, number),
    CONSTRAINT fk_raffle_tickets_raffle_id FOREIGN KEY(raffle_id) REFERENCES raffles (id),
    CONSTRAINT fk_raffle_tickets_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id),
    CONSTRAINT fk_raffle_tickets_purchase_id FOREIGN KEY(purchase_id) REFERENCES raffle_purchases (id)
);

CREATE INDEX ix_raffle_tickets_customer_id ON raffle_tickets (customer_id);

CREATE INDEX ix_raffle_tickets_purchase_id ON raffle_tickets (purchase_id);
