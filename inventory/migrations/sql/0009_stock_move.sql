-- What one stock request asks of the database: `stock_places` says what its lines mean, `stock_move` moves them.
--
-- Each line leads to its rows by an index, be there one line or a thousand, ten products or a million. So their plans are
-- made once per connection, of nested loops: making a better one would take ten times as long as running this one.

-- `lines`: [{sku | product, location}], one answer per line, in their order; what is not found is null.
-- A null `location` is the default one.
CREATE FUNCTION stock_places(lines jsonb) RETURNS TABLE (
    n bigint, product uuid, sku varchar, status varchar, tracked boolean, location uuid, code varchar, active boolean
) LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT l.n, p.id, p.sku, p.status, p.track_stock, c.id, c.code, c.is_active
      FROM ROWS FROM (jsonb_to_recordset(lines) AS (sku text, product uuid, location text)) WITH ORDINALITY
           AS l(sku, product, location, n)
      LEFT JOIN inventory_product p ON p.id = COALESCE(
           l.product, (SELECT q.id FROM inventory_product q WHERE lower(q.sku) = lower(l.sku)))
      LEFT JOIN inventory_location c ON c.code = COALESCE(
           l.location, (SELECT d.code FROM inventory_location d WHERE d.is_default))
     ORDER BY l.n;
END $$;

-- A line on its way through `stock_move`: its deltas, its level as it `was`, and what becomes of it.
CREATE TYPE stock_line AS (
    product uuid, location uuid, on_hand bigint, unavailable bigint, allocated bigint, reserved bigint, incoming bigint,
    kind text, reason text, source uuid, was inventory_stocklevel, verdict text, instant timestamptz, movement uuid,
    new_safety_stock bigint, total_available bigint, total_reorder_point int, sku varchar, code varchar
);

-- stock_move: the only writer of counters.
-- `lines`: [{level, product, location, on_hand, unavailable, allocated, reserved, incoming, sellable, expected, kind,
--           reason, source}]
--   one per product and location; the five numbers are deltas; `level` becomes the id of a level that is made on the
--   way; `sellable`: leave safety stock and promises alone; `expected`: the on_hand that must be found;
--   `kind` null: no ledger row (incoming only); `source`: what the row belongs to (else `meta.source`).
-- `meta`: {source, reference, note, actor, request_id, occurred_at}
-- Returns one row per line; `lapsed`: pieces of `reserved` whose holds are over. All verdicts are `moved`, or nothing was
-- moved: `short`, `changed`, `overflow` name the culprits.
DROP FUNCTION IF EXISTS stock_move;  -- the one of migration 0003
CREATE FUNCTION stock_move(lines jsonb, meta jsonb) RETURNS TABLE (
    verdict text, line_product uuid, line_location uuid, level_id uuid, movement_id uuid, sequence bigint,
    on_hand int, unavailable int, allocated int, reserved int, incoming int, available bigint, available_before bigint,
    level_reorder_point int, total_before bigint, total_after bigint, total_reorder_point int, recorded_at timestamptz,
    level_safety_stock int, level_backorder_limit int, level_version int, sku varchar, location_code varchar, lapsed bigint
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    moving stock_line[];
    may_move boolean;
BEGIN
    -- The totals' row locks, in one order, serialise every move of a product; its levels are only touched under them.
    -- The statements below then start with a snapshot that sees what the previous holder did.
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

    SELECT bool_and(q.verdict = 'moved'),
           array_agg(ROW(q.product, q.location, q.on_hand, q.unavailable, q.allocated, q.reserved, q.incoming, q.kind, q.reason,
                         q.source, q.was, q.verdict, q.instant, uuid_of_instant(q.instant), q.new_safety_stock,
                         q.total_available, q.total_reorder_point, q.sku, q.code)::stock_line ORDER BY q.product, q.location)
      INTO may_move, moving
      FROM (SELECT l.product, l.location, l.on_hand, l.unavailable, l.allocated, l.reserved, l.incoming, l.kind, l.reason,
                   l.source, v AS was, s.available AS total_available, s.reorder_point_in_force AS total_reorder_point,
                   p.sku, c.code,
                   -- Clocks may be set back, but the ledger of a level never runs backwards.
                   GREATEST(clock_timestamp(), v.updated_at) AS instant,
                   -- What the product could promise before did not suffer the safety stock of a level that is made here.
                   CASE WHEN v.id = l.level THEN v.safety_stock_in_force ELSE 0 END AS new_safety_stock,
                   CASE
                       WHEN l.expected <> v.on_hand THEN 'changed'
                       WHEN GREATEST(v.on_hand + l.on_hand, v.unavailable + l.unavailable, v.allocated + l.allocated,
                                     v.reserved + l.reserved, v.incoming + l.incoming) > 2147483647 THEN 'overflow'
                       WHEN LEAST(v.on_hand + l.on_hand, v.unavailable + l.unavailable, v.allocated + l.allocated,
                                  v.reserved + l.reserved, v.incoming + l.incoming) < 0 THEN 'short'
                       -- Pieces that are set aside are on hand; a backorder limit lends none of them.
                       WHEN l.on_hand < l.unavailable AND v.on_hand + l.on_hand < v.unavailable + l.unavailable THEN 'short'
                       WHEN l.on_hand - l.unavailable - l.allocated - l.reserved < 0
                            AND v.on_hand + l.on_hand + v.backorder_limit_in_force
                                - CASE WHEN l.sellable THEN v.safety_stock_in_force ELSE 0 END
                                < v.unavailable + l.unavailable + v.allocated + l.allocated + v.reserved + l.reserved
                            THEN 'short'
                       ELSE 'moved'
                   END AS verdict
              FROM jsonb_to_recordset(lines) AS l(level uuid, product uuid, location uuid, on_hand bigint, unavailable bigint,
                   allocated bigint, reserved bigint, incoming bigint, sellable boolean, expected int, kind text, reason text,
                   source uuid)
              JOIN inventory_stocklevel v ON v.product_id = l.product AND v.location_id = l.location
              JOIN inventory_productstock s ON s.product_id = l.product
              JOIN inventory_product p ON p.id = l.product
              JOIN inventory_location c ON c.id = l.location
            OFFSET 0) q;

    IF may_move THEN
        UPDATE inventory_stocklevel v
           SET on_hand = v.on_hand + l.on_hand, unavailable = v.unavailable + l.unavailable,
               allocated = v.allocated + l.allocated, reserved = v.reserved + l.reserved, incoming = v.incoming + l.incoming,
               sequence = v.sequence + (l.kind IS NOT NULL)::int, updated_at = l.instant
          FROM unnest(moving) l WHERE v.id = (l.was).id;

        INSERT INTO inventory_stockmovement (
            id, sequence, product_id, location_id, sku, location_code, kind, reason,
            delta_on_hand, delta_unavailable, delta_allocated, delta_reserved,
            balance_on_hand, balance_unavailable, balance_allocated, balance_reserved, balance_available,
            source, reference, note, actor, request_id, occurred_at, recorded_at)
        SELECT l.movement, (l.was).sequence + 1, l.product, l.location, l.sku, l.code, l.kind, COALESCE(l.reason, ''),
               l.on_hand, l.unavailable, l.allocated, l.reserved,
               (l.was).on_hand + l.on_hand, (l.was).unavailable + l.unavailable, (l.was).allocated + l.allocated,
               (l.was).reserved + l.reserved, (l.was).available + l.on_hand - l.unavailable - l.allocated - l.reserved,
               COALESCE(l.source, (meta ->> 'source')::uuid), COALESCE(meta ->> 'reference', ''), COALESCE(meta ->> 'note', ''),
               COALESCE(meta ->> 'actor', ''), COALESCE(meta ->> 'request_id', ''),
               COALESCE((meta ->> 'occurred_at')::timestamptz, l.instant), l.instant
          FROM unnest(moving) l WHERE l.kind IS NOT NULL;

        UPDATE inventory_productstock s
           SET on_hand = s.on_hand + d.on_hand, unavailable = s.unavailable + d.unavailable,
               allocated = s.allocated + d.allocated, reserved = s.reserved + d.reserved,
               incoming = s.incoming + d.incoming, updated_at = clock_timestamp()
          FROM (SELECT l.product, sum(l.on_hand) AS on_hand, sum(l.unavailable) AS unavailable, sum(l.allocated) AS allocated,
                       sum(l.reserved) AS reserved, sum(l.incoming) AS incoming
                  FROM unnest(moving) l GROUP BY l.product) d
         WHERE s.product_id = d.product;
    ELSE
        -- Nothing moves: what is told below is how things are.
        moving := ARRAY(
            SELECT ROW(l.product, l.location, 0, 0, 0, 0, 0, NULL, l.reason, l.source, l.was, l.verdict, NULL, NULL,
                       l.new_safety_stock, l.total_available, l.total_reorder_point, l.sku, l.code)::stock_line
              FROM unnest(moving) l);
    END IF;

    RETURN QUERY
    SELECT l.verdict, l.product, l.location, (l.was).id, CASE WHEN l.kind IS NOT NULL THEN l.movement END,
           (l.was).sequence + (l.kind IS NOT NULL)::int,
           ((l.was).on_hand + l.on_hand)::int, ((l.was).unavailable + l.unavailable)::int,
           ((l.was).allocated + l.allocated)::int, ((l.was).reserved + l.reserved)::int, ((l.was).incoming + l.incoming)::int,
           (l.was).available + l.on_hand - l.unavailable - l.allocated - l.reserved, (l.was).available,
           (l.was).reorder_point,
           l.total_available + (sum(l.new_safety_stock) OVER of_product)::bigint,
           (l.total_available + sum(l.on_hand - l.unavailable - l.allocated - l.reserved) OVER of_product)::bigint,
           l.total_reorder_point, l.instant, (l.was).safety_stock, (l.was).backorder_limit, (l.was).version, l.sku, l.code,
           -- Holds that are over still stand in the counters; they count no more.
           (SELECT COALESCE(sum(h.quantity), 0) FROM inventory_reservationline h
             WHERE h.product_id = l.product AND h.location_id = l.location AND h.holding = 'reserved'
               AND h.expires_at <= clock_timestamp())
      FROM unnest(moving) l
    WINDOW of_product AS (PARTITION BY l.product)
     ORDER BY l.product, l.location;
END $$;
