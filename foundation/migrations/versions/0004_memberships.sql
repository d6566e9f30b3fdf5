ALTER TABLE memberships RENAME COLUMN next_billing_at TO period_end;
ALTER TABLE memberships ADD COLUMN anchor_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE memberships ADD COLUMN period INTEGER;
ALTER TABLE memberships ADD COLUMN period_start TIMESTAMP WITH TIME ZONE;
ALTER TABLE memberships ADD COLUMN planned_tier TEXT;
ALTER TABLE memberships ADD COLUMN failed_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE memberships ADD COLUMN retries INTEGER;
ALTER TABLE memberships ADD COLUMN due_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE memberships ADD COLUMN cancel_reason_sealed TEXT;
ALTER TABLE memberships ADD COLUMN ended_at TIMESTAMP WITH TIME ZONE;

COMMENT ON COLUMN memberships.due_at IS 'when the calendar alone changes something';

UPDATE memberships SET
    anchor_at = started_at,
    period = 1,
    period_start = started_at,
    retries = 0,
    due_at = CASE WHEN status = 'cancelled' THEN NULL ELSE period_end + INTERVAL '1 day' END,
    ended_at = CASE WHEN status = 'cancelled' THEN COALESCE(cancelled_at, updated_at) END;

ALTER TABLE memberships ALTER COLUMN anchor_at SET NOT NULL;
ALTER TABLE memberships ALTER COLUMN period SET NOT NULL;
ALTER TABLE memberships ALTER COLUMN period_start SET NOT NULL;
ALTER TABLE memberships ALTER COLUMN retries SET NOT NULL;

DROP INDEX ix_memberships_one_a_customer;

CREATE UNIQUE INDEX ix_memberships_one_a_customer ON memberships (customer_id) WHERE ended_at IS NULL;

CREATE INDEX ix_memberships_due_at ON memberships (due_at) WHERE ended_at IS NULL;

CREATE TABLE membership_changes (
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    membership_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    from_tier TEXT,
    to_tier TEXT NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    payment_id TEXT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_membership_changes PRIMARY KEY (id),
    CONSTRAINT uq_membership_changes_key UNIQUE (key),
    CONSTRAINT fk_membership_changes_membership_id FOREIGN KEY(membership_id) REFERENCES memberships (id),
    CONSTRAINT fk_membership_changes_payment_id FOREIGN KEY(payment_id) REFERENCES payments (id)
);

CREATE INDEX ix_membership_changes_membership_id ON membership_changes (membership_id);

CREATE INDEX ix_membership_changes_at ON membership_changes (at);

INSERT INTO membership_changes
SELECT 'chg_' || id, key, id, 'subscribed', NULL, tier, price_cents, currency, payment_id, started_at
FROM memberships;

ALTER TABLE memberships DROP COLUMN key;

CREATE TABLE membership_periods (
    membership_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    tier TEXT NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    payment_id TEXT,
    paid_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_membership_periods PRIMARY KEY (membership_id, number),
    CONSTRAINT uq_membership_periods_payment_id UNIQUE (payment_id),
    CONSTRAINT fk_membership_periods_membership_id FOREIGN KEY(membership_id) REFERENCES memberships (id),
    CONSTRAINT fk_membership_periods_payment_id FOREIGN KEY(payment_id) REFERENCES payments (id)
);

INSERT INTO membership_periods
SELECT id, 1, tier, started_at, period_end, price_cents, currency, payment_id, started_at FROM memberships;

CREATE TABLE membership_recurrings (
    membership_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    recurring_id TEXT,
    amount_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stopped_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_membership_recurrings PRIMARY KEY (membership_id, number),
    CONSTRAINT uq_membership_recurrings_recurring_id UNIQUE (recurring_id),
    CONSTRAINT fk_membership_recurrings_membership_id FOREIGN KEY(membership_id) REFERENCES memberships (id)
);

COMMENT ON COLUMN membership_recurrings.recurring_id IS 'empty until the gateway has answered';

CREATE TABLE benefit_grants (
    id TEXT NOT NULL,
    membership_id TEXT NOT NULL,
    period INTEGER NOT NULL,
    kind TEXT NOT NULL,
    order_id TEXT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_benefit_grants PRIMARY KEY (id),
    CONSTRAINT uq_benefit_grants_membership_id_period_kind UNIQUE (membership_id, period, kind),
    CONSTRAINT fk_benefit_grants_membership_id FOREIGN KEY(membership_id) REFERENCES memberships (id)
);

CREATE TABLE promotions (
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    tiers TEXT[] NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    percent INTEGER,
    off_cents BIGINT,
    currency VARCHAR(3) NOT NULL,
    category TEXT,
    product_id TEXT,
    created_by TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_promotions PRIMARY KEY (id)
);

CREATE INDEX ix_promotions_ends_at ON promotions (ends_at);
