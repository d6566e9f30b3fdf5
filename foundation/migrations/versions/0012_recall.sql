-- Recall: how far an index outside the ledger holds each customer's turns, and the last turns by time.

CREATE TABLE indexed_turns (
    customer_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT pk_indexed_turns PRIMARY KEY (customer_id)
);

COMMENT ON COLUMN indexed_turns.position IS 'every turn up to it has been seen in the index';

CREATE INDEX ix_interactions_customer_id_at ON interactions (customer_id, at);
