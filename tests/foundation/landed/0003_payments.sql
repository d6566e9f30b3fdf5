ALTER TABLE cards ADD COLUMN removed_at TIMESTAMP WITH TIME ZONE;

CREATE TABLE recurrings (
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    card_id TEXT NOT NULL,
    name TEXT NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    invoice VARCHAR(20) NOT NULL,
    status TEXT NOT NULL,
    subscription_id TEXT,
    change_key TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_recurrings PRIMARY KEY (id),
    CONSTRAINT uq_recurrings_key UNIQUE (key),
    CONSTRAINT fk_recurrings_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id),
    CONSTRAINT fk_recurrings_card_id FOREIGN KEY(card_id) REFERENCES cards (id),
    CONSTRAINT uq_recurrings_invoice UNIQUE (invoice),
    CONSTRAINT uq_recurrings_subscription_id UNIQUE (subscription_id)
);

CREATE INDEX ix_recurrings_customer_id ON recurrings (customer_id);

CREATE INDEX ix_recurrings_card_id ON recurrings (card_id);

CREATE INDEX ix_recurrings_watched ON recurrings (checked_at);

ALTER TABLE payments
    ADD COLUMN refunded_cents BIGINT DEFAULT '0' NOT NULL,
    ADD COLUMN decided_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN decided_by TEXT,
    ADD COLUMN recurring_id TEXT,
    ADD COLUMN told_at TIMESTAMP WITH TIME ZONE,
    ADD CONSTRAINT fk_payments_recurring_id FOREIGN KEY(recurring_id) REFERENCES recurrings (id),
    ADD CONSTRAINT uq_payments_transaction_id UNIQUE (transaction_id);

UPDATE payments SET refunded_cents = amount_cents WHERE status IN ('returning', 'voided', 'refunded');

ALTER TABLE payments ADD CONSTRAINT ck_payments_refunded CHECK (refunded_cents BETWEEN 0 AND amount_cents);

DROP INDEX ix_payments_open;

CREATE INDEX ix_payments_open ON payments (created_at) WHERE status = 'pending';

CREATE INDEX ix_payments_held ON payments (created_at) WHERE status = 'held';

CREATE INDEX ix_payments_recurring_id ON payments (recurring_id);

COMMENT ON COLUMN payments.told_at IS 'a recurring charge: its listener has heard of it';

CREATE TABLE refunds (
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    reason TEXT NOT NULL,
    invoice VARCHAR(20) NOT NULL,
    status TEXT NOT NULL,
    transaction_id TEXT,
    response_sealed TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_refunds PRIMARY KEY (id),
    CONSTRAINT uq_refunds_key UNIQUE (key),
    CONSTRAINT fk_refunds_payment_id FOREIGN KEY(payment_id) REFERENCES payments (id),
    CONSTRAINT fk_refunds_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id),
    CONSTRAINT uq_refunds_invoice UNIQUE (invoice)
);

CREATE INDEX ix_refunds_payment_id ON refunds (payment_id);

CREATE INDEX ix_refunds_customer_id ON refunds (customer_id);

CREATE INDEX ix_refunds_due ON refunds (due_at) WHERE status = 'pending';

INSERT INTO refunds
    (id, key, payment_id, customer_id, amount_cents, currency, reason, invoice, status, created_at, due_at)
SELECT 'rfd_' || substr(id, 5), 'back:' || id, id, customer_id, amount_cents, currency,
    coalesce(return_reason, 'nothing was delivered for it'), 'r_' || substr(id, 5, 18), 'pending', created_at, created_at
FROM payments WHERE status = 'returning';

CREATE TABLE gateway_notifications (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    tries INTEGER DEFAULT '0' NOT NULL,
    last_error TEXT,
    handled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_gateway_notifications PRIMARY KEY (id)
);

CREATE INDEX ix_gateway_notifications_received_at ON gateway_notifications (received_at);

CREATE INDEX ix_gateway_notifications_waiting ON gateway_notifications (due_at) WHERE handled_at IS NULL;

ALTER TABLE sandbox_charges ADD COLUMN subscription_id TEXT;

CREATE INDEX ix_sandbox_charges_subscription_id ON sandbox_charges (subscription_id);

CREATE TABLE sandbox_refunds (
    transaction_id TEXT NOT NULL,
    charge_id TEXT NOT NULL,
    invoice VARCHAR(20) NOT NULL,
    amount_cents BIGINT NOT NULL,
    refunded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sandbox_refunds PRIMARY KEY (transaction_id),
    CONSTRAINT uq_sandbox_refunds_invoice UNIQUE (invoice)
);

CREATE INDEX ix_sandbox_refunds_charge_id ON sandbox_refunds (charge_id);

CREATE TABLE sandbox_plans (
    subscription_id TEXT NOT NULL,
    invoice VARCHAR(20) NOT NULL,
    token TEXT NOT NULL,
    name TEXT NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    billed INTEGER DEFAULT '0' NOT NULL,
    status TEXT NOT NULL,
    CONSTRAINT pk_sandbox_plans PRIMARY KEY (subscription_id),
    CONSTRAINT uq_sandbox_plans_invoice UNIQUE (invoice)
);

CREATE INDEX ix_sandbox_plans_due ON sandbox_plans (next_at) WHERE status = 'active';
