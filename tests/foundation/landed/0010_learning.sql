-- What is understood of each turn, and facts with their history.

CREATE TABLE statements (
    id TEXT NOT NULL,
    number BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL,
    customer_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    slot TEXT NOT NULL,
    predicate TEXT NOT NULL,
    value TEXT NOT NULL,
    holds BOOLEAN NOT NULL,
    confidence FLOAT NOT NULL,
    origin TEXT NOT NULL,
    source TEXT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_statements PRIMARY KEY (id)
);

CREATE INDEX ix_statements_customer_id_subject_slot ON statements (customer_id, subject, slot);

COMMENT ON COLUMN statements.number IS 'in the order heard';
COMMENT ON COLUMN statements.source IS 'the turn in which it was said';

INSERT INTO statements (id, customer_id, subject, slot, predicate, value, holds, confidence, origin, source, at, recorded_at)
SELECT id, customer_id, subject, predicate, predicate, value, TRUE, confidence, 'customer', source, valid_from, recorded_at
FROM facts
UNION ALL
SELECT id || '_end', customer_id, subject, predicate, predicate, value, FALSE, confidence, 'customer', NULL, valid_to, valid_to
FROM facts AS closed
WHERE valid_to IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM facts AS next
    WHERE (next.customer_id, next.subject, next.predicate, next.valid_from)
        = (closed.customer_id, closed.subject, closed.predicate, closed.valid_to)
)
ORDER BY 11;

ALTER TABLE facts ADD COLUMN slot TEXT;
ALTER TABLE facts ADD COLUMN origin TEXT NOT NULL DEFAULT 'customer';
ALTER TABLE facts ADD COLUMN holds BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE facts ADD COLUMN said_at TIMESTAMP WITH TIME ZONE;
UPDATE facts SET slot = predicate, said_at = valid_from;
ALTER TABLE facts ALTER COLUMN slot SET NOT NULL;
ALTER TABLE facts ALTER COLUMN said_at SET NOT NULL;
ALTER TABLE facts ALTER COLUMN origin DROP DEFAULT;
ALTER TABLE facts ALTER COLUMN holds DROP DEFAULT;

DROP INDEX uq_facts_current;
CREATE UNIQUE INDEX uq_facts_current ON facts (customer_id, subject, slot) WHERE valid_to IS NULL;

COMMENT ON COLUMN facts.slot IS 'what takes its place has the same';
COMMENT ON COLUMN facts.holds IS 'false for what was taken back';
COMMENT ON COLUMN facts.said_at IS 'when it was stated last';

CREATE TABLE understandings (
    interaction_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    document JSONB NOT NULL,
    CONSTRAINT pk_understandings PRIMARY KEY (interaction_id)
);

CREATE INDEX ix_understandings_customer_id ON understandings (customer_id);

COMMENT ON COLUMN understandings.document IS 'language, sentiment, intent and what is named';
