ALTER TABLE raffles
    ADD COLUMN runners_up integer NOT NULL DEFAULT 0,
    ADD COLUMN algorithm text NOT NULL DEFAULT 'hmac-sha256-v1',
    ADD COLUMN cancel_reason text;
ALTER TABLE raffles
    ALTER COLUMN runners_up DROP DEFAULT,
    ALTER COLUMN algorithm DROP DEFAULT;

ALTER TABLE raffle_purchases
    ADD COLUMN refund_id text,
    ADD COLUMN refunded_at timestamptz;
CREATE INDEX ix_raffle_purchases_refunding ON raffle_purchases (raffle_id, customer_id) WHERE status = 'refunding';

CREATE TABLE raffle_draws (
    raffle_id text NOT NULL CONSTRAINT pk_raffle_draws PRIMARY KEY
        CONSTRAINT fk_raffle_draws_raffle_id REFERENCES raffles (id),
    seed_sha256 text NOT NULL,
    seed_sealed text NOT NULL,
    holder_key_sealed text NOT NULL,
    promised_at timestamptz NOT NULL,
    commitment jsonb,
    draw_from timestamptz,
    randomness jsonb,
    winning_numbers integer[],
    drawn_at timestamptz,
    published_at timestamptz
);
COMMENT ON COLUMN raffle_draws.promised_at IS 'when the digest of the seed was made known';
COMMENT ON COLUMN raffle_draws.commitment IS 'what was made known at closing';
COMMENT ON COLUMN raffle_draws.winning_numbers IS 'the winner, then the runners-up';

CREATE TABLE raffle_credits (
    id text NOT NULL CONSTRAINT pk_raffle_credits PRIMARY KEY,
    customer_id text NOT NULL CONSTRAINT fk_raffle_credits_customer_id REFERENCES customers (id),
    membership_id text NOT NULL,
    period text NOT NULL,
    period_start timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    raffle_id text CONSTRAINT fk_raffle_credits_raffle_id REFERENCES raffles (id),
    issued_at timestamptz,
    CONSTRAINT uq_raffle_credits_membership_id_period UNIQUE (membership_id, period)
);
CREATE INDEX ix_raffle_credits_customer_id ON raffle_credits (customer_id);
CREATE INDEX ix_raffle_credits_waiting ON raffle_credits (created_at) WHERE raffle_id IS NULL;
