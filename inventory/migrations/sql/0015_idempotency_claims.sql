-- Several `Idempotency-Key`s taken for this transaction, and what was answered to each before, in their order. No pair may
-- stand there twice: the locks of one transaction do not exclude each other.
-- `state`: `free`; `busy`: a twin is running; `answered`: the other columns say what.
DROP FUNCTION idempotency_claim;
CREATE FUNCTION idempotency_claim(claimants text[], claimed text[])
RETURNS TABLE (state text, fingerprint bytea, status smallint, headers jsonb, body bytea) LANGUAGE plpgsql VOLATILE
-- One plan per connection, of index look-ups: making a better one takes longer than running this one. Without
-- enable_material, a plan that was made while the table was empty would read all of it for ever.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_material = off
AS $$
#variable_conflict use_column
DECLARE
    locked boolean[];
BEGIN
    SELECT array_agg(pg_try_advisory_xact_lock(hashtextextended(E'idempotency\n' || a.claimant || E'\n' || a.key, 7301))
                     ORDER BY a.n)
      INTO locked FROM unnest(claimants, claimed) WITH ORDINALITY AS a(claimant, key, n);
    -- The locks end with the transactions of whoever had them, and this statement's snapshot begins after that: it sees
    -- their records. In one statement with the locks it would not, and both would run.
    RETURN QUERY
    SELECT CASE WHEN NOT a.locked THEN 'busy' WHEN r.id IS NULL THEN 'free' ELSE 'answered' END,
           r.fingerprint, r.status, r.headers, r.body
      FROM unnest(claimants, claimed, locked) WITH ORDINALITY AS a(claimant, key, locked, n)
      LEFT JOIN inventory_idempotencyrecord r ON r.principal = a.claimant AND r.key = a.key
     ORDER BY a.n;
END $$;
