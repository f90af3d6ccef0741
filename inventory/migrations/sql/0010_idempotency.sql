-- An `Idempotency-Key` taken for this transaction, and what was answered to it before, in one round trip.
-- `state`: `free`; `busy`: a twin is running; `answered`: the other columns say what.
CREATE FUNCTION idempotency_claim(claimant text, claimed text)
RETURNS TABLE (state text, fingerprint bytea, status smallint, headers jsonb, body bytea) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended(E'idempotency\n' || claimant || E'\n' || claimed, 7301)) THEN
        RETURN QUERY SELECT 'busy', NULL::bytea, NULL::smallint, NULL::jsonb, NULL::bytea;
        RETURN;
    END IF;
    -- The lock ends with the transaction of whoever had it, and this statement's snapshot begins after that: it sees the
    -- record. In one statement with the lock it would not, and both would run.
    RETURN QUERY SELECT 'answered', r.fingerprint, r.status, r.headers, r.body
                   FROM inventory_idempotencyrecord r WHERE r.principal = claimant AND r.key = claimed;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'free', NULL::bytea, NULL::smallint, NULL::jsonb, NULL::bytea;
    END IF;
END $$;
