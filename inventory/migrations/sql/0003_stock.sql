-- The promises that PostgreSQL itself keeps about stock, whoever writes: service, admin, psql.

-- 1. Every product has its row of totals. ------------------------------------------------------------------------------
CREATE FUNCTION product_gets_stock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inventory_productstock (product_id, on_hand, unavailable, allocated, reserved, incoming,
                                        safety_stock_in_force, tracked, reorder_point_in_force, level_safety_stock, updated_at)
    VALUES (NEW.id, 0, 0, 0, 0, 0, 0, NEW.track_stock, NEW.reorder_point, 0, clock_timestamp());
    RETURN NULL;
END $$;
CREATE TRIGGER product_gets_stock AFTER INSERT ON inventory_product FOR EACH ROW EXECUTE FUNCTION product_gets_stock();

-- 2. The category tree has no circle. ----------------------------------------------------------------------------------
CREATE FUNCTION category_tree_is_a_tree() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    above uuid := NEW.parent_id;
    depth int := 0;
BEGIN
    -- Two moves at once could close a circle that neither sees: one at a time. A new row has nothing below it.
    IF TG_OP = 'UPDATE' AND OLD.parent_id IS DISTINCT FROM NEW.parent_id THEN
        PERFORM pg_advisory_xact_lock(hashtext('inventory_category.parent'));
    END IF;
    WHILE above IS NOT NULL LOOP
        depth := depth + 1;
        IF above = NEW.id OR depth > 64 THEN
            RAISE EXCEPTION 'category % cannot be below itself, nor deeper than 64', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'category_tree_is_a_tree', TABLE = 'inventory_category';
        END IF;
        SELECT parent_id INTO above FROM inventory_category WHERE id = above;
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER category_tree_is_a_tree BEFORE INSERT OR UPDATE OF parent_id ON inventory_category
    FOR EACH ROW EXECUTE FUNCTION category_tree_is_a_tree();

-- The categories and all above them; no category moves until this transaction ends.
CREATE FUNCTION category_paths(ids uuid[]) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('inventory_category.parent'));
    RETURN QUERY
    WITH RECURSIVE up(id, parent_id) AS (
        SELECT c.id, c.parent_id FROM inventory_category c WHERE c.id = ANY (ids)
        UNION
        SELECT c.id, c.parent_id FROM inventory_category c JOIN up ON c.id = up.parent_id
    ) SELECT up.id FROM up;
END $$;

-- 3. Histories are append-only. ----------------------------------------------------------------------------------------
CREATE FUNCTION history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: its rows are append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'history_is_append_only', TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER movement_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inventory_stockmovement
    FOR EACH STATEMENT EXECUTE FUNCTION history_is_append_only();
CREATE TRIGGER activity_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inventory_activity
    FOR EACH STATEMENT EXECUTE FUNCTION history_is_append_only();

REVOKE UPDATE, DELETE, TRUNCATE ON inventory_stockmovement, inventory_activity FROM PUBLIC, CURRENT_USER;

-- UUIDv7 of an instant: its milliseconds, then the rest of its microseconds, then chance. A ledger row's id is made from
-- its recorded_at, so the primary key is in order of time and serves questions about times, too.
CREATE FUNCTION uuid_of_instant(instant timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex(t.us / 1000), 12, '0') || to_hex(28672 + (t.us % 1000) * 4)
            || substr(gen_random_uuid()::text, 20))::uuid
      FROM (SELECT (extract(epoch FROM instant) * 1000000)::bigint AS us) t
$$;
CREATE FUNCTION instant_of_uuid(id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT ('x' || substr(id::text, 1, 8) || substr(id::text, 10, 4))::bit(48)::bigint
$$;

-- 4. Counters are what their ledger says: checked at COMMIT for every row that moved. ----------------------------------
-- It looks at the level as it is by then, not at NEW: a level may move several times in one transaction.
CREATE FUNCTION level_agrees_with_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM inventory_stocklevel v
      LEFT JOIN LATERAL (
          SELECT * FROM inventory_stockmovement m WHERE m.product_id = v.product_id AND m.location_id = v.location_id
           ORDER BY m.sequence DESC LIMIT 1) m ON true
     WHERE v.id = NEW.id
       AND (v.sequence <> COALESCE(m.sequence, 0) OR v.on_hand <> COALESCE(m.balance_on_hand, 0)
            OR v.unavailable <> COALESCE(m.balance_unavailable, 0) OR v.allocated <> COALESCE(m.balance_allocated, 0)
            OR v.reserved <> COALESCE(m.balance_reserved, 0));
    IF FOUND THEN
        RAISE EXCEPTION 'the counters of level % do not stand in the ledger; move stock with stock_move()', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'level_agrees_with_ledger', TABLE = 'inventory_stocklevel';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER level_insert_agrees_with_ledger AFTER INSERT ON inventory_stocklevel
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION level_agrees_with_ledger();
CREATE CONSTRAINT TRIGGER level_update_agrees_with_ledger AFTER UPDATE ON inventory_stocklevel
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.on_hand <> NEW.on_hand OR OLD.unavailable <> NEW.unavailable OR OLD.allocated <> NEW.allocated
          OR OLD.reserved <> NEW.reserved OR OLD.sequence <> NEW.sequence)
    EXECUTE FUNCTION level_agrees_with_ledger();

CREATE FUNCTION level_stays_where_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'level % belongs to its product and its location; move goods by a transfer', OLD.id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'level_stays_where_it_is', TABLE = 'inventory_stocklevel';
END $$;
CREATE TRIGGER level_stays_where_it_is BEFORE UPDATE ON inventory_stocklevel FOR EACH ROW
    WHEN (OLD.id <> NEW.id OR OLD.product_id <> NEW.product_id OR OLD.location_id <> NEW.location_id)
    EXECUTE FUNCTION level_stays_where_it_is();

CREATE FUNCTION level_is_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.on_hand <> 0 OR OLD.unavailable <> 0 OR OLD.allocated <> 0 OR OLD.reserved <> 0 OR OLD.incoming <> 0 THEN
        RAISE EXCEPTION 'level % still holds stock', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'level_is_empty', TABLE = 'inventory_stocklevel';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER level_is_empty BEFORE DELETE ON inventory_stocklevel FOR EACH ROW EXECUTE FUNCTION level_is_empty();

CREATE FUNCTION stock_is_not_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE on % is refused: its rows say where goods are', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'stock_is_not_truncated', TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER level_is_not_truncated BEFORE TRUNCATE ON inventory_stocklevel
    FOR EACH STATEMENT EXECUTE FUNCTION stock_is_not_truncated();
CREATE TRIGGER product_stock_is_not_truncated BEFORE TRUNCATE ON inventory_productstock
    FOR EACH STATEMENT EXECUTE FUNCTION stock_is_not_truncated();

CREATE FUNCTION movement_follows_the_last() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    level inventory_stocklevel;
    last inventory_stockmovement;
BEGIN
    SELECT * INTO level FROM inventory_stocklevel v WHERE v.product_id = NEW.product_id AND v.location_id = NEW.location_id;
    SELECT * INTO last FROM inventory_stockmovement m
     WHERE m.product_id = NEW.product_id AND m.location_id = NEW.location_id AND m.sequence = NEW.sequence - 1;
    IF NOT (level.sequence >= NEW.sequence) IS TRUE OR (NEW.sequence > 1 AND last.id IS NULL)
        OR NEW.balance_on_hand <> COALESCE(last.balance_on_hand, 0) + NEW.delta_on_hand
        OR NEW.balance_unavailable <> COALESCE(last.balance_unavailable, 0) + NEW.delta_unavailable
        OR NEW.balance_allocated <> COALESCE(last.balance_allocated, 0) + NEW.delta_allocated
        OR NEW.balance_reserved <> COALESCE(last.balance_reserved, 0) + NEW.delta_reserved
        OR NEW.recorded_at < last.recorded_at
        OR instant_of_uuid(NEW.id) <> floor(extract(epoch FROM NEW.recorded_at) * 1000) THEN
        RAISE EXCEPTION 'ledger row % does not follow the last one of its level', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_follows_the_last', TABLE = 'inventory_stockmovement';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER movement_follows_the_last AFTER INSERT ON inventory_stockmovement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION movement_follows_the_last();

CREATE FUNCTION stock_is_the_sum_of_levels() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.product_id ELSE NEW.product_id END;
BEGIN
    PERFORM 1 FROM inventory_productstock s,
        LATERAL (SELECT COALESCE(sum(v.on_hand), 0) AS on_hand, COALESCE(sum(v.unavailable), 0) AS unavailable,
                        COALESCE(sum(v.allocated), 0) AS allocated, COALESCE(sum(v.reserved), 0) AS reserved,
                        COALESCE(sum(v.incoming), 0) AS incoming, COALESCE(sum(v.safety_stock_in_force), 0) AS safety
                   FROM inventory_stocklevel v WHERE v.product_id = moved) AS l
     WHERE s.product_id = moved
       AND (s.on_hand, s.unavailable, s.allocated, s.reserved, s.incoming, s.safety_stock_in_force)
           IS DISTINCT FROM (l.on_hand, l.unavailable, l.allocated, l.reserved, l.incoming, l.safety);
    IF FOUND THEN
        RAISE EXCEPTION 'the totals of product % are not the sum of its levels; move stock with stock_move()', moved
            USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_is_the_sum_of_levels', TABLE = 'inventory_productstock';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER stock_is_the_sum_of_levels AFTER UPDATE ON inventory_productstock
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stock_is_the_sum_of_levels();
CREATE CONSTRAINT TRIGGER stock_starts_with_nothing AFTER INSERT ON inventory_productstock
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.on_hand <> 0 OR NEW.unavailable <> 0 OR NEW.allocated <> 0 OR NEW.reserved <> 0 OR NEW.incoming <> 0
          OR NEW.safety_stock_in_force <> 0)
    EXECUTE FUNCTION stock_is_the_sum_of_levels();
CREATE CONSTRAINT TRIGGER level_is_part_of_the_sum AFTER INSERT OR UPDATE OR DELETE ON inventory_stocklevel
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stock_is_the_sum_of_levels();

CREATE FUNCTION stock_lives_as_long_as_its_product() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM inventory_product p WHERE p.id = OLD.product_id
       AND NOT EXISTS (SELECT 1 FROM inventory_productstock s WHERE s.product_id = p.id);
    IF FOUND THEN
        RAISE EXCEPTION 'the totals of product % go with the product, not before', OLD.product_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'stock_lives_as_long_as_its_product',
                  TABLE = 'inventory_productstock';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER stock_lives_as_long_as_its_product AFTER DELETE OR UPDATE OF product_id ON inventory_productstock
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stock_lives_as_long_as_its_product();

-- 5. stock_move: the only writer of counters. --------------------------------------------------------------------------
-- `lines`: [{level, product, location, on_hand, unavailable, allocated, reserved, incoming, sellable, expected, kind,
--           reason, source}]
--   one per product and location; the five numbers are deltas; `level` becomes the id of a level that is made on the
--   way; `sellable`: leave safety stock and promises alone; `expected`: the on_hand that must be found;
--   `kind` null: no ledger row (incoming only); `source`: what the row belongs to (else `meta.source`).
-- `meta`: {source, reference, note, actor, request_id, occurred_at}
-- Returns one row per line. All verdicts are `moved`, or nothing was moved: `short`, `changed`, `overflow` name the culprits.
CREATE FUNCTION stock_move(lines jsonb, meta jsonb) RETURNS TABLE (
    verdict text, line_product uuid, line_location uuid, level_id uuid, movement_id uuid, sequence bigint,
    on_hand int, unavailable int, allocated int, reserved int, incoming int, available bigint, available_before bigint,
    level_reorder_point int, total_before bigint, total_after bigint, total_reorder_point int, recorded_at timestamptz,
    level_safety_stock int, level_backorder_limit int, level_version int, sku varchar, location_code varchar
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    -- The totals' row locks, in one order, serialise every move of a product; its levels are only touched under them.
    -- The statement below then starts with a snapshot that sees what the previous holder did.
    PERFORM 1 FROM inventory_productstock s
      WHERE s.product_id = ANY (ARRAY(SELECT (l ->> 'product')::uuid FROM jsonb_array_elements(lines) l))
      ORDER BY s.product_id FOR UPDATE;

    INSERT INTO inventory_stocklevel (id, product_id, location_id, on_hand, unavailable, allocated, reserved, incoming,
                                      safety_stock_in_force, backorder_limit_in_force, sequence, version, created_at, updated_at)
    SELECT l.level, l.product, l.location, 0, 0, 0, 0, 0, s.level_safety_stock, p.backorder_limit, COALESCE(m.sequence, 0),
           1, clock_timestamp(), GREATEST(clock_timestamp(), m.recorded_at)
      FROM jsonb_to_recordset(lines) AS l(level uuid, product uuid, location uuid)
      JOIN inventory_productstock s ON s.product_id = l.product
      JOIN inventory_product p ON p.id = l.product
      -- The level may have lived before, with a product or a location that was deleted and restored.
      LEFT JOIN LATERAL (
          SELECT m.sequence, m.recorded_at FROM inventory_stockmovement m
           WHERE m.product_id = l.product AND m.location_id = l.location ORDER BY m.sequence DESC LIMIT 1) m ON true
     WHERE NOT EXISTS (SELECT 1 FROM inventory_stocklevel v WHERE v.product_id = l.product AND v.location_id = l.location)
     ORDER BY l.product, l.location;
    IF FOUND THEN
        UPDATE inventory_productstock s
           SET safety_stock_in_force = (SELECT COALESCE(sum(v.safety_stock_in_force), 0) FROM inventory_stocklevel v
                                         WHERE v.product_id = s.product_id)
         WHERE s.product_id = ANY (ARRAY(SELECT (l ->> 'product')::uuid FROM jsonb_array_elements(lines) l));
    END IF;

    RETURN QUERY
    WITH line AS MATERIALIZED (
        SELECT l.*, v.id AS v_id, v.sequence AS v_sequence, v.available AS v_available, v.reorder_point AS v_reorder_point,
               v.on_hand AS v_on_hand, v.unavailable AS v_unavailable, v.allocated AS v_allocated, v.reserved AS v_reserved,
               v.incoming AS v_incoming, v.safety_stock AS v_safety_stock, v.backorder_limit AS v_backorder_limit,
               v.version AS v_version, p.sku AS p_sku, c.code AS c_code,
               -- Clocks may be set back, but the ledger of a level never runs backwards.
               GREATEST(clock_timestamp(), v.updated_at) AS instant,
               -- What the product could promise before did not suffer the safety stock of a level that is made here.
               CASE WHEN v.id = l.level THEN v.safety_stock_in_force ELSE 0 END AS new_safety_stock,
               CASE
                   WHEN l.expected <> v.on_hand THEN 'changed'
                   WHEN GREATEST(v.on_hand::bigint + l.on_hand, v.unavailable::bigint + l.unavailable,
                                 v.allocated::bigint + l.allocated, v.reserved::bigint + l.reserved,
                                 v.incoming::bigint + l.incoming) > 2147483647 THEN 'overflow'
                   WHEN LEAST(v.on_hand::bigint + l.on_hand, v.unavailable::bigint + l.unavailable,
                              v.allocated::bigint + l.allocated, v.reserved::bigint + l.reserved,
                              v.incoming::bigint + l.incoming) < 0 THEN 'short'
                   -- Pieces that are set aside are on hand; a backorder limit lends none of them.
                   WHEN l.on_hand < l.unavailable AND v.on_hand::bigint + l.on_hand < v.unavailable::bigint + l.unavailable
                        THEN 'short'
                   WHEN l.on_hand - l.unavailable - l.allocated - l.reserved < 0
                        AND v.on_hand::bigint + l.on_hand + v.backorder_limit_in_force
                            - (CASE WHEN l.sellable THEN v.safety_stock_in_force ELSE 0 END)
                            < v.unavailable::bigint + l.unavailable + v.allocated + l.allocated + v.reserved + l.reserved
                        THEN 'short'
                   ELSE 'moved'
               END AS v_verdict
          FROM jsonb_to_recordset(lines) AS l(level uuid, product uuid, location uuid, on_hand bigint, unavailable bigint,
               allocated bigint, reserved bigint, incoming bigint, sellable boolean, expected int, kind text, reason text, source uuid)
          JOIN inventory_stocklevel v ON v.product_id = l.product AND v.location_id = l.location
          JOIN inventory_product p ON p.id = l.product
          JOIN inventory_location c ON c.id = l.location
    ), moved AS (
        UPDATE inventory_stocklevel v
           SET on_hand = v.on_hand + l.on_hand, unavailable = v.unavailable + l.unavailable,
               allocated = v.allocated + l.allocated, reserved = v.reserved + l.reserved, incoming = v.incoming + l.incoming,
               sequence = v.sequence + (l.kind IS NOT NULL)::int, updated_at = l.instant
          FROM line l
         WHERE v.id = l.v_id AND NOT EXISTS (SELECT 1 FROM line b WHERE b.v_verdict <> 'moved')
        RETURNING v.*, l.kind, l.reason, l.source, l.on_hand AS d_on_hand, l.unavailable AS d_unavailable,
                  l.allocated AS d_allocated, l.reserved AS d_reserved, l.incoming AS d_incoming, l.new_safety_stock,
                  l.p_sku, l.c_code
    ), ledger AS (
        INSERT INTO inventory_stockmovement (
            id, sequence, product_id, location_id, sku, location_code, kind, reason,
            delta_on_hand, delta_unavailable, delta_allocated, delta_reserved,
            balance_on_hand, balance_unavailable, balance_allocated, balance_reserved, balance_available,
            source, reference, note, actor, request_id, occurred_at, recorded_at)
        SELECT uuid_of_instant(m.updated_at), m.sequence, m.product_id, m.location_id, m.p_sku, m.c_code, m.kind,
               COALESCE(m.reason, ''), m.d_on_hand, m.d_unavailable, m.d_allocated, m.d_reserved,
               m.on_hand, m.unavailable, m.allocated, m.reserved, m.available,
               COALESCE(m.source, (meta ->> 'source')::uuid), COALESCE(meta ->> 'reference', ''), COALESCE(meta ->> 'note', ''),
               COALESCE(meta ->> 'actor', ''), COALESCE(meta ->> 'request_id', ''),
               COALESCE((meta ->> 'occurred_at')::timestamptz, m.updated_at), m.updated_at
          FROM moved m
         WHERE m.kind IS NOT NULL
        RETURNING id, product_id, location_id
    ), totals AS (
        UPDATE inventory_productstock s
           SET on_hand = s.on_hand + d.on_hand, unavailable = s.unavailable + d.unavailable,
               allocated = s.allocated + d.allocated, reserved = s.reserved + d.reserved,
               incoming = s.incoming + d.incoming, updated_at = clock_timestamp()
          FROM (SELECT m.product_id, sum(m.d_on_hand) AS on_hand, sum(m.d_unavailable) AS unavailable,
                       sum(m.d_allocated) AS allocated, sum(m.d_reserved) AS reserved, sum(m.d_incoming) AS incoming,
                       sum(m.new_safety_stock) AS new_safety_stock
                  FROM moved m GROUP BY m.product_id) d
         WHERE s.product_id = d.product_id
        RETURNING s.product_id, s.available, s.reorder_point_in_force,
                  d.on_hand - d.unavailable - d.allocated - d.reserved - d.new_safety_stock AS change
    )
    SELECT l.v_verdict, l.product, l.location, l.v_id, g.id, COALESCE(m.sequence, l.v_sequence),
           COALESCE(m.on_hand, l.v_on_hand), COALESCE(m.unavailable, l.v_unavailable), COALESCE(m.allocated, l.v_allocated),
           COALESCE(m.reserved, l.v_reserved), COALESCE(m.incoming, l.v_incoming),
           COALESCE(m.available, l.v_available), l.v_available, l.v_reorder_point,
           (t.available - t.change)::bigint, t.available, t.reorder_point_in_force, m.updated_at,
           l.v_safety_stock, l.v_backorder_limit, l.v_version, l.p_sku, l.c_code
      FROM line l
      LEFT JOIN moved m ON m.id = l.v_id
      LEFT JOIN ledger g ON g.product_id = l.product AND g.location_id = l.location
      LEFT JOIN totals t ON t.product_id = l.product
     ORDER BY l.product, l.location;
END $$;

-- 6. Policies in force: level → product → category (nearest) → the service's default. ----------------------------------
CREATE FUNCTION stock_policies(products uuid[], default_reorder_point int, default_safety_stock int)
RETURNS TABLE (policy_product uuid, policy_reorder_point int, policy_safety_stock int) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE chain(product, depth, parent_id, reorder_point, safety_stock) AS (
        SELECT p.id, 0, p.category_id, p.reorder_point, NULL::int FROM inventory_product p WHERE p.id = ANY (products)
        UNION ALL
        SELECT h.product, h.depth + 1, c.parent_id, c.reorder_point, c.safety_stock
          FROM chain h JOIN inventory_category c ON c.id = h.parent_id
    )
    SELECT h.product,
           COALESCE((array_agg(h.reorder_point ORDER BY h.depth) FILTER (WHERE h.reorder_point IS NOT NULL))[1],
                    default_reorder_point),
           COALESCE((array_agg(h.safety_stock ORDER BY h.depth) FILTER (WHERE h.safety_stock IS NOT NULL))[1],
                    default_safety_stock)
      FROM chain h GROUP BY h.product
$$;

-- Returns what changed for the alerts: the product's own row has a null location.
CREATE FUNCTION stock_apply_policies(products uuid[], default_reorder_point int, default_safety_stock int) RETURNS TABLE (
    policy_product uuid, policy_location uuid, available_before bigint, available_after bigint,
    reorder_point_before int, reorder_point_after int
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM 1 FROM inventory_productstock s WHERE s.product_id = ANY (products) ORDER BY s.product_id FOR UPDATE;

    RETURN QUERY
    WITH policy(product, reorder_point, safety_stock) AS MATERIALIZED (
        SELECT * FROM stock_policies(products, default_reorder_point, default_safety_stock)
    ), level_before AS MATERIALIZED (
        SELECT v.id, v.available FROM inventory_stocklevel v WHERE v.product_id = ANY (products)
    ), level_now AS (
        UPDATE inventory_stocklevel v
           SET safety_stock_in_force = COALESCE(v.safety_stock, y.safety_stock),
               backorder_limit_in_force = COALESCE(v.backorder_limit, p.backorder_limit)
          FROM policy y JOIN inventory_product p ON p.id = y.product
         WHERE v.product_id = y.product
           AND (v.safety_stock_in_force, v.backorder_limit_in_force)
               IS DISTINCT FROM (COALESCE(v.safety_stock, y.safety_stock), COALESCE(v.backorder_limit, p.backorder_limit))
        RETURNING v.id, v.product_id, v.location_id, v.available, v.reorder_point
    ), safety AS (
        SELECT v.product_id, sum(COALESCE(v.safety_stock, y.safety_stock)) AS total
          FROM inventory_stocklevel v JOIN policy y ON y.product = v.product_id GROUP BY v.product_id
    ), before AS MATERIALIZED (
        SELECT s.product_id, s.available, s.reorder_point_in_force, s.tracked FROM inventory_productstock s
         WHERE s.product_id = ANY (products)
    ), now_in_force AS (
        UPDATE inventory_productstock s
           SET reorder_point_in_force = y.reorder_point, level_safety_stock = y.safety_stock, tracked = p.track_stock,
               safety_stock_in_force = COALESCE((SELECT f.total FROM safety f WHERE f.product_id = s.product_id), 0)
          FROM policy y JOIN inventory_product p ON p.id = y.product
         WHERE s.product_id = y.product
           AND (s.reorder_point_in_force, s.level_safety_stock, s.tracked, s.safety_stock_in_force)
               IS DISTINCT FROM (y.reorder_point, y.safety_stock, p.track_stock,
                                 COALESCE((SELECT f.total FROM safety f WHERE f.product_id = s.product_id), 0))
        RETURNING s.product_id, s.available, s.reorder_point_in_force, s.tracked
    )
    SELECT b.product_id, NULL::uuid, b.available, n.available,
           CASE WHEN b.tracked THEN b.reorder_point_in_force END, CASE WHEN n.tracked THEN n.reorder_point_in_force END
      FROM now_in_force n JOIN before b ON b.product_id = n.product_id
    UNION ALL
    SELECT n.product_id, n.location_id, b.available, n.available, n.reorder_point, n.reorder_point
      FROM level_now n JOIN level_before b ON b.id = n.id;
END $$;
