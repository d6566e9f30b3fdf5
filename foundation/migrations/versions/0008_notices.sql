CREATE TABLE notices (
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    template TEXT NOT NULL,
    about TEXT NOT NULL,
    channel TEXT NOT NULL,
    fields JSONB NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason TEXT,
    written_sealed TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_notices PRIMARY KEY (id)
);

CREATE INDEX ix_notices_customer_id ON notices (customer_id);

CREATE INDEX ix_notices_waiting ON notices (next_attempt_at) WHERE status = 'waiting';

CREATE INDEX ix_notices_status ON notices (status, created_at);

COMMENT ON COLUMN notices.id IS 'the event it comes from';

COMMENT ON COLUMN notices.reason IS 'why it is parked, or failed last';

COMMENT ON COLUMN notices.written_sealed IS 'what was sent, with secrets masked';
