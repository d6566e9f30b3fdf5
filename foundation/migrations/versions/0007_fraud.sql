CREATE TABLE fraud_attempts (
    id TEXT NOT NULL,
    key TEXT,
    customer_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    card_digest TEXT,
    address_digest TEXT,
    device_digest TEXT,
    ip_digest TEXT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_fraud BOOLEAN,
    CONSTRAINT pk_fraud_attempts PRIMARY KEY (id),
    CONSTRAINT uq_fraud_attempts_key UNIQUE (key)
);

CREATE INDEX ix_fraud_attempts_at ON fraud_attempts (at);

CREATE INDEX ix_fraud_attempts_customer_id_at ON fraud_attempts (customer_id, at);

CREATE INDEX ix_fraud_attempts_card_digest_at ON fraud_attempts (card_digest, at);

CREATE INDEX ix_fraud_attempts_address_digest_at ON fraud_attempts (address_digest, at);

CREATE INDEX ix_fraud_attempts_device_digest_at ON fraud_attempts (device_digest, at);

CREATE INDEX ix_fraud_attempts_ip_digest_at ON fraud_attempts (ip_digest, at);

COMMENT ON COLUMN fraud_attempts.is_fraud IS 'what staff found; empty when nobody has looked';

CREATE TABLE fraud_reviews (
    id TEXT NOT NULL,
    attempt_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    score DOUBLE PRECISION NOT NULL,
    reasons JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_fraud BOOLEAN,
    decided_by TEXT,
    decided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_fraud_reviews PRIMARY KEY (id),
    CONSTRAINT uq_fraud_reviews_attempt_id UNIQUE (attempt_id)
);

CREATE INDEX ix_fraud_reviews_customer_id ON fraud_reviews (customer_id);

CREATE INDEX ix_fraud_reviews_open ON fraud_reviews (created_at) WHERE decided_at IS NULL;

CREATE TABLE reorder_suggestions (
    product_id TEXT NOT NULL,
    name TEXT NOT NULL,
    on_hand INTEGER NOT NULL,
    lead_days INTEGER NOT NULL,
    service_level DOUBLE PRECISION NOT NULL,
    expected DOUBLE PRECISION,
    reorder_point INTEGER,
    to_order INTEGER NOT NULL,
    why TEXT NOT NULL,
    computed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_reorder_suggestions PRIMARY KEY (product_id)
);
