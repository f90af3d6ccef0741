-- PostgreSQL's part of the cache protocol (inventory/caching, docs/caching.md).
--
-- Locks: a writer holds the bucket of each changed key, shared, until its transaction ends, however it ends. PostgreSQL
-- gives a lock back only after the commit is visible; so a reader that gets the bucket's exclusive lock for a moment, and
-- reads afterwards, sees every writer that was there before. Transaction-level locks only: a transaction pool is fine.
--
-- Trust: one row says under which epoch keys are cached and which Redis process may answer for them. A reader believes
-- its copy for one second; `patience` is that second and some slack, and whoever commits without asking Redis waits it out.

CREATE TABLE inventory_cache_trust (
    id         smallint    PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    epoch      text        NOT NULL DEFAULT substr(gen_random_uuid()::text, 25),
    process    text        NOT NULL DEFAULT '',
    server     text        NOT NULL,                        -- the PostgreSQL whose commits the epoch knows
    enabled    boolean     NOT NULL DEFAULT false,
    off_since  timestamptz,                                 -- later than the moment at which `enabled = false` was visible
    patience   interval    NOT NULL DEFAULT '1.1 seconds'
);

-- This server, in this life, on this timeline. A restart or a fail-over may have lost commits that cached values show.
CREATE FUNCTION inventory_cache_server() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT extract(epoch FROM pg_postmaster_start_time())::text
        || CASE WHEN pg_is_in_recovery() THEN ' standby' ELSE ' ' || left(pg_walfile_name(pg_current_wal_lsn()), 8) END
$$;

-- Nobody has ever believed this epoch, so nobody has to wait.
INSERT INTO inventory_cache_trust (server, off_since) VALUES (inventory_cache_server(), now() - interval '1 day');

CREATE FUNCTION inventory_cache_bucket(key text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtext(key) & 1023
$$;

-- The trust row as it is now: `on`; `off`, to be believed by nobody after `wait_s`; or `unsettled`: somebody has to distrust.
CREATE FUNCTION inventory_cache_trusted() RETURNS TABLE (epoch text, process text, state text, wait_s double precision)
LANGUAGE sql VOLATILE AS $$
    SELECT t.epoch, t.process,
           CASE WHEN t.server <> inventory_cache_server() THEN 'unsettled'
                WHEN t.enabled THEN 'on'
                -- Not stamped yet, or the clock was set back since: nobody knows how long it is off.
                WHEN t.off_since IS NULL OR t.off_since > clock_timestamp() THEN 'unsettled'
                ELSE 'off' END,
           coalesce(greatest(extract(epoch FROM t.off_since + t.patience - clock_timestamp()), 0), 0)::double precision
    FROM inventory_cache_trust t WHERE t.id = 1
$$;

-- The writer: first the locks, then, in a new snapshot, the trust row.
CREATE FUNCTION inventory_cache_hold(keys text[]) RETURNS TABLE (epoch text, process text, state text, wait_s double precision)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'cached rows are changed in READ COMMITTED transactions only: an older snapshot hides the trust row'
            USING ERRCODE = 'feature_not_supported';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(7351, b.bucket)
       FROM (SELECT DISTINCT inventory_cache_bucket(k) AS bucket FROM unnest(keys) k) b;
    RETURN QUERY SELECT * FROM inventory_cache_trusted();
END $$;

-- The reader: those of the keys that no writer holds. In autocommit the locks are gone when the statement ends.
CREATE FUNCTION inventory_cache_quiet(keys text[]) RETURNS SETOF text LANGUAGE sql VOLATILE AS $$
    SELECT k FROM unnest(keys) k WHERE pg_try_advisory_xact_lock(7351, inventory_cache_bucket(k))
$$;
