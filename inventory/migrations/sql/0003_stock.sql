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

-- 4. Counters are what their ledger says: checked at COMMIT for every row that moved. ----------------------------------
CREATE FUNCTION level_agrees_with_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sequence = 0 AND NEW.on_hand = 0 AND NEW.unavailable = 0 AND NEW.allocated = 0 AND NEW.reserved = 0 THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM inventory_stockmovement m
     WHERE m.product_id = NEW.product_id AND m.location_id = NEW.location_id AND m.sequence = NEW.sequence
       AND m.balance_on_hand = NEW.on_hand AND m.balance_unavailable = NEW.unavailable
       AND m.balance_allocated = NEW.allocated AND m.balance_reserved = NEW.reserved;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the counters of level % do not stand in the ledger; move stock with stock_move()', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'level_agrees_with_ledger', TABLE = 'inventory_stocklevel';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER level_insert_agrees_with_ledger AFTER INSERT ON inventory_stocklevel
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.on_hand <> 0 OR NEW.unavailable <> 0 OR NEW.allocated <> 0 OR NEW.reserved <> 0)
    EXECUTE FUNCTION level_agrees_with_ledger();
CREATE CONSTRAINT TRIGGER level_update_agrees_with_ledger AFTER UPDATE ON inventory_stocklevel
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.on_hand <> NEW.on_hand OR OLD.unavailable <> NEW.unavailable OR OLD.allocated <> NEW.allocated
          OR OLD.reserved <> NEW.reserved OR OLD.sequence <> NEW.sequence
          OR OLD.product_id <> NEW.product_id OR OLD.location_id <> NEW.location_id)
    EXECUTE FUNCTION level_agrees_with_ledger();

CREATE FUNCTION level_is_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.on_hand <> 0 OR OLD.unavailable <> 0 OR OLD.allocated <> 0 OR OLD.reserved <> 0 OR OLD.incoming <> 0 THEN
        RAISE EXCEPTION 'level % still holds stock', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'level_is_empty', TABLE = 'inventory_stocklevel';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER level_is_empty BEFORE DELETE ON inventory_stocklevel FOR EACH ROW EXECUTE FUNCTION level_is_empty();

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
        OR NEW.balance_reserved <> COALESCE(last.balance_reserved, 0) + NEW.delta_reserved THEN
        RAISE EXCEPTION 'ledger row % does not follow the last one of its level', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_follows_the_last', TABLE = 'inventory_stockmovement';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER movement_follows_the_last AFTER INSERT ON inventory_stockmovement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION movement_follows_the_last();

CREATE FUNCTION stock_is_the_sum_of_levels() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM inventory_productstock s,
        LATERAL (SELECT COALESCE(sum(v.on_hand), 0) AS on_hand, COALESCE(sum(v.unavailable), 0) AS unavailable,
                        COALESCE(sum(v.allocated), 0) AS allocated, COALESCE(sum(v.reserved), 0) AS reserved,
                        COALESCE(sum(v.incoming), 0) AS incoming, COALESCE(sum(v.safety_stock_in_force), 0) AS safety
                   FROM inventory_stocklevel v WHERE v.product_id = NEW.product_id) AS l
     WHERE s.product_id = NEW.product_id
       AND (s.on_hand, s.unavailable, s.allocated, s.reserved, s.incoming, s.safety_stock_in_force)
           IS DISTINCT FROM (l.on_hand, l.unavailable, l.allocated, l.reserved, l.incoming, l.safety);
    IF FOUND THEN
        RAISE EXCEPTION 'the totals of product % are not the sum of its levels; move stock with stock_move()', NEW.product_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_is_the_sum_of_levels', TABLE = 'inventory_productstock';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER stock_is_the_sum_of_levels AFTER UPDATE ON inventory_productstock
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stock_is_the_sum_of_levels();
CREATE CONSTRAINT TRIGGER level_is_part_of_the_sum AFTER INSERT OR UPDATE ON inventory_stocklevel
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stock_is_the_sum_of_levels();

-- 5. stock_move: the only writer of counters. --------------------------------------------------------------------------
-- `lines`: [{id, level, product, location, on_hand, unavailable, allocated, reserved, incoming, sellable, expected, kind,
--           reason, source}]
--   one per product and location; the five numbers are deltas; `id` becomes the ledger row's, `level` that of a level
--   made on the way; `sellable`: leave safety stock and promises alone; `expected`: the on_hand that must be found;
--   `kind` null: no ledger row (incoming only); `source`: what the row belongs to (else `meta.source`).
-- `meta`: {source, reference, note, actor, request_id, occurred_at}
-- Returns one row per line. All verdicts are `moved`, or nothing was moved: `short`, `changed`, `overflow` name the culprits.
CREATE FUNCTION stock_move(lines jsonb, meta jsonb) RETURNS TABLE (
    verdict text, line_product uuid, line_location uuid, level_id uuid, movement_id uuid, sequence bigint,
    on_hand int, unavailable int, allocated int, reserved int, incoming int, available bigint, available_before bigint,
    level_reorder_point int, total_before bigint, total_after bigint, total_reorder_point int, recorded_at timestamptz
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
    SELECT l.level, l.product, l.location, 0, 0, 0, 0, 0, s.level_safety_stock, p.backorder_limit,
           COALESCE((SELECT max(m.sequence) FROM inventory_stockmovement m
                      WHERE m.product_id = l.product AND m.location_id = l.location), 0),
           1, clock_timestamp(), clock_timestamp()
      FROM jsonb_to_recordset(lines) AS l(level uuid, product uuid, location uuid)
      JOIN inventory_productstock s ON s.product_id = l.product
      JOIN inventory_product p ON p.id = l.product
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
               v.incoming AS v_incoming,
               CASE
                   WHEN l.expected <> v.on_hand THEN 'changed'
                   WHEN GREATEST(v.on_hand::bigint + l.on_hand, v.unavailable::bigint + l.unavailable,
                                 v.allocated::bigint + l.allocated, v.reserved::bigint + l.reserved,
                                 v.incoming::bigint + l.incoming) > 2147483647 THEN 'overflow'
                   WHEN LEAST(v.on_hand::bigint + l.on_hand, v.unavailable::bigint + l.unavailable,
                              v.allocated::bigint + l.allocated, v.reserved::bigint + l.reserved,
                              v.incoming::bigint + l.incoming) < 0 THEN 'short'
                   WHEN l.on_hand - l.unavailable - l.allocated - l.reserved < 0
                        AND v.on_hand::bigint + l.on_hand + v.backorder_limit_in_force
                            - (CASE WHEN l.sellable THEN v.safety_stock_in_force ELSE 0 END)
                            < v.unavailable::bigint + l.unavailable + v.allocated + l.allocated + v.reserved + l.reserved
                        THEN 'short'
                   ELSE 'moved'
               END AS v_verdict
          FROM jsonb_to_recordset(lines) AS l(id uuid, product uuid, location uuid, on_hand bigint, unavailable bigint,
               allocated bigint, reserved bigint, incoming bigint, sellable boolean, expected int, kind text, reason text, source uuid)
          JOIN inventory_stocklevel v ON v.product_id = l.product AND v.location_id = l.location
    ), moved AS (
        UPDATE inventory_stocklevel v
           SET on_hand = v.on_hand + l.on_hand, unavailable = v.unavailable + l.unavailable,
               allocated = v.allocated + l.allocated, reserved = v.reserved + l.reserved, incoming = v.incoming + l.incoming,
               sequence = v.sequence + (l.kind IS NOT NULL)::int, updated_at = clock_timestamp()
          FROM line l
         WHERE v.id = l.v_id AND NOT EXISTS (SELECT 1 FROM line b WHERE b.v_verdict <> 'moved')
        RETURNING v.*, l.id AS movement_id, l.kind, l.reason, l.source, l.on_hand AS d_on_hand, l.unavailable AS d_unavailable,
                  l.allocated AS d_allocated, l.reserved AS d_reserved, l.incoming AS d_incoming
    ), ledger AS (
        INSERT INTO inventory_stockmovement (
            id, sequence, product_id, location_id, sku, location_code, kind, reason,
            delta_on_hand, delta_unavailable, delta_allocated, delta_reserved,
            balance_on_hand, balance_unavailable, balance_allocated, balance_reserved, balance_available,
            source, reference, note, actor, request_id, occurred_at, recorded_at)
        SELECT m.movement_id, m.sequence, m.product_id, m.location_id, p.sku, c.code, m.kind, COALESCE(m.reason, ''),
               m.d_on_hand, m.d_unavailable, m.d_allocated, m.d_reserved,
               m.on_hand, m.unavailable, m.allocated, m.reserved, m.available,
               COALESCE(m.source, (meta ->> 'source')::uuid), COALESCE(meta ->> 'reference', ''), COALESCE(meta ->> 'note', ''),
               COALESCE(meta ->> 'actor', ''), COALESCE(meta ->> 'request_id', ''),
               COALESCE((meta ->> 'occurred_at')::timestamptz, m.updated_at), m.updated_at
          FROM moved m
          JOIN inventory_product p ON p.id = m.product_id
          JOIN inventory_location c ON c.id = m.location_id
         WHERE m.kind IS NOT NULL
    ), totals AS (
        UPDATE inventory_productstock s
           SET on_hand = s.on_hand + d.on_hand, unavailable = s.unavailable + d.unavailable,
               allocated = s.allocated + d.allocated, reserved = s.reserved + d.reserved,
               incoming = s.incoming + d.incoming, updated_at = clock_timestamp()
          FROM (SELECT m.product_id, sum(m.d_on_hand) AS on_hand, sum(m.d_unavailable) AS unavailable,
                       sum(m.d_allocated) AS allocated, sum(m.d_reserved) AS reserved, sum(m.d_incoming) AS incoming
                  FROM moved m GROUP BY m.product_id) d
         WHERE s.product_id = d.product_id
        RETURNING s.product_id, s.available, s.reorder_point_in_force,
                  d.on_hand - d.unavailable - d.allocated - d.reserved AS change
    )
    SELECT l.v_verdict, l.product, l.location, l.v_id, l.id, COALESCE(m.sequence, l.v_sequence),
           COALESCE(m.on_hand, l.v_on_hand), COALESCE(m.unavailable, l.v_unavailable), COALESCE(m.allocated, l.v_allocated),
           COALESCE(m.reserved, l.v_reserved), COALESCE(m.incoming, l.v_incoming),
           COALESCE(m.available, l.v_available), l.v_available, l.v_reorder_point,
           (t.available - t.change)::bigint, t.available, t.reorder_point_in_force, m.updated_at
      FROM line l
      LEFT JOIN moved m ON m.id = l.v_id
      LEFT JOIN totals t ON t.product_id = l.product
     ORDER BY l.product, l.location;
END $$;

-- 6. Policies in force: level → product → category (nearest) → the service's default. ----------------------------------
-- Returns what changed for the alerts: the product's own row has a null location.
CREATE FUNCTION stock_apply_policies(products uuid[], default_reorder_point int, default_safety_stock int) RETURNS TABLE (
    policy_product uuid, policy_location uuid, available_before bigint, available_after bigint,
    reorder_point_before int, reorder_point_after int
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM 1 FROM inventory_productstock s WHERE s.product_id = ANY (products) ORDER BY s.product_id FOR UPDATE;

    RETURN QUERY
    WITH RECURSIVE chain(product, depth, parent_id, reorder_point, safety_stock) AS (
        SELECT p.id, 0, p.category_id, p.reorder_point, NULL::int FROM inventory_product p WHERE p.id = ANY (products)
        UNION ALL
        SELECT h.product, h.depth + 1, c.parent_id, c.reorder_point, c.safety_stock
          FROM chain h JOIN inventory_category c ON c.id = h.parent_id
    ), policy AS MATERIALIZED (
        SELECT h.product,
               COALESCE((array_agg(h.reorder_point ORDER BY h.depth) FILTER (WHERE h.reorder_point IS NOT NULL))[1],
                        default_reorder_point) AS reorder_point,
               COALESCE((array_agg(h.safety_stock ORDER BY h.depth) FILTER (WHERE h.safety_stock IS NOT NULL))[1],
                        default_safety_stock) AS safety_stock
          FROM chain h GROUP BY h.product
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
