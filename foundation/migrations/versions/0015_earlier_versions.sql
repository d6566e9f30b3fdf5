-- Until this migration, files that had landed were still edited. Here a ledger that was made by an earlier
-- version of 0001, 0002, 0003, 0010 or 0011 gets what their last versions make; any other ledger is left as it is.

ALTER TABLE interactions DROP COLUMN IF EXISTS intent;

CREATE TABLE IF NOT EXISTS registrations (
    customer_id TEXT NOT NULL,
    email_digest TEXT NOT NULL,
    form_sealed TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_registrations PRIMARY KEY (customer_id),
    CONSTRAINT uq_registrations_email_digest UNIQUE (email_digest)
);

COMMENT ON COLUMN registrations.customer_id IS 'of the customer that may come of it';

CREATE INDEX IF NOT EXISTS ix_registrations_at ON registrations (at);

ALTER TABLE cards
    ADD COLUMN IF NOT EXISTS marks TEXT,
    ADD COLUMN IF NOT EXISTS is_unmistakable BOOLEAN DEFAULT true NOT NULL;

UPDATE cards SET marks = id WHERE marks IS NULL;

ALTER TABLE cards
    ALTER COLUMN marks SET NOT NULL,
    ALTER COLUMN is_unmistakable DROP DEFAULT;

ALTER TABLE refunds ADD COLUMN IF NOT EXISTS origin TEXT DEFAULT 'shop' NOT NULL;

ALTER TABLE payments
    DROP COLUMN IF EXISTS returned_at,
    DROP COLUMN IF EXISTS return_reason,
    ADD COLUMN IF NOT EXISTS purpose TEXT DEFAULT '' NOT NULL;

ALTER TABLE understandings ADD COLUMN IF NOT EXISTS reading TEXT;

COMMENT ON COLUMN understandings.reading IS 'of a turn that is to be read again: whether somebody was asked to';

CREATE INDEX IF NOT EXISTS ix_understandings_waiting ON understandings (at) WHERE reading = 'waiting';

CREATE TABLE IF NOT EXISTS purchase_changes (
    customer_id TEXT NOT NULL,
    CONSTRAINT pk_purchase_changes PRIMARY KEY (customer_id)
);

COMMENT ON TABLE purchase_changes IS 'whose purchases changed since it was last asked what these suggest';
