-- Erasures, with their receipts.

CREATE TABLE erasures (
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    status TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    erased_at TIMESTAMP WITH TIME ZONE,
    purged_at TIMESTAMP WITH TIME ZONE,
    trail_sealed TEXT,
    erased JSONB NOT NULL,
    left_behind JSONB NOT NULL,
    CONSTRAINT pk_erasures PRIMARY KEY (id),
    CONSTRAINT uq_erasures_customer_id UNIQUE (customer_id)
);

COMMENT ON COLUMN erasures.trail_sealed IS 'what to search for; gone after the last search';

CREATE INDEX ix_erasures_open ON erasures (asked_at) WHERE status <> 'purged';
