-- Proofs of age under keys of their own, renewal notices, and tries counted by address.

ALTER TABLE age_verifications ADD COLUMN sealed_under TEXT;

UPDATE age_verifications SET sealed_under = customer_id;

ALTER TABLE age_verifications ALTER COLUMN sealed_under SET NOT NULL;

COMMENT ON COLUMN age_verifications.sealed_under IS 'the data key: of the record, or of the customer for the oldest';

ALTER TABLE age_verifications ADD COLUMN renewal_told_at TIMESTAMP WITH TIME ZONE;

CREATE INDEX ix_age_verifications_untold ON age_verifications (expires_at) WHERE renewal_told_at IS NULL;

ALTER TABLE age_failed_tries ADD COLUMN ip_digest TEXT;

CREATE INDEX ix_age_failed_tries_ip ON age_failed_tries (ip_digest, at);
