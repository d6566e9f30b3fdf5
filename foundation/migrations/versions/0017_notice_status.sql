-- A notice that was given up is a dead letter; comments of columns say so too.

UPDATE notices SET status = 'dead_letter' WHERE status = 'parked';

COMMENT ON COLUMN notices.reason IS 'why it is a dead letter, or why the last attempt failed';

COMMENT ON COLUMN statements.number IS 'the order of recording';

COMMENT ON COLUMN understandings.reading IS 'state of a second reading, by the language model';

COMMENT ON COLUMN payments.told_at IS 'a recurring charge: when its listener was notified';
