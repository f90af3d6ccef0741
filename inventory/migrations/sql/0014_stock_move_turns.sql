-- `stock_move` takes the lines of several requests, which wait for their turns: what the first leaves is what the second
-- finds, and each gets ledger rows of its own. Each row is written once, however many turns move it.

DROP FUNCTION stock_move;
DROP TYPE stock_line;

-- A line on its way through `stock_move`: its deltas, its level as it `was` before all, the counters as this line leaves
-- them, and what becomes of it. `last`: no line after it moves the same level.
CREATE TYPE stock_line AS (
    turn int, product uuid, location uuid, on_hand bigint, unavailable bigint, allocated bigint, reserved bigint,
    incoming bigint, kind text, reason text, source uuid, was inventory_stocklevel, to_on_hand bigint, to_unavailable bigint,
    to_allocated bigint, to_reserved bigint, to_incoming bigint, sequence bigint, last boolean, verdict text,
    instant timestamptz, movement uuid, new_safety_stock bigint, total_available bigint, total_reorder_point int,
    sku varchar, code varchar
);

-- stock_move: the only writer of counters.
-- `lines`: [{turn, level, product, location, on_hand, unavailable, allocated, reserved, incoming, sellable, expected, kind,
--           reason, source}]
--   one per turn, product and location, in order of `turn`, which counts requests from 0 (null is 0); the five numbers are
--   deltas; `level` becomes the id of a level that is made on the way; `sellable`: leave safety stock and promises alone;
--   `expected`: the on_hand that must be found; `kind` null: no ledger row (incoming only); `source`: what the row belongs
--   to (else that of the turn).
-- `notes`: [{source, reference, note, actor, request_id, occurred_at}], one per turn
-- Returns one row per line; `lapsed`: pieces of `reserved` whose holds are over. All verdicts are `moved`, or nothing was
-- moved: `short`, `changed`, `overflow` name the culprits.
CREATE FUNCTION stock_move(lines jsonb, notes jsonb) RETURNS TABLE (
    verdict text, line_product uuid, line_location uuid, level_id uuid, movement_id uuid, sequence bigint,
    on_hand int, unavailable int, allocated int, reserved int, incoming int, available bigint, available_before bigint,
    level_reorder_point int, total_before bigint, total_after bigint, total_reorder_point int, recorded_at timestamptz,
    level_safety_stock int, level_backorder_limit int, level_version int, sku varchar, location_code varchar, lapsed bigint,
    turn int
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_material = off  -- or a plan that was made while a table was empty reads all of it for ever
AS $$
#variable_conflict use_column
DECLARE
    moving stock_line[];
    may_move boolean;
    begun timestamptz;
BEGIN
    -- The totals' row locks, in one order, serialise every move of a product; its levels are only touched under them.
    -- The statements below then start with a snapshot that sees what the previous holder did.
    PERFORM 1 FROM inventory_productstock s
      WHERE s.product_id = ANY (ARRAY(SELECT (l ->> 'product')::uuid FROM jsonb_array_elements(lines) l))
      ORDER BY s.product_id FOR UPDATE;
    begun := clock_timestamp();

    INSERT INTO inventory_stocklevel (id, product_id, location_id, on_hand, unavailable, allocated, reserved, incoming,
                                      safety_stock_in_force, backorder_limit_in_force, sequence, version, created_at, updated_at)
    SELECT DISTINCT ON (l.product, l.location)
           l.level, l.product, l.location, 0, 0, 0, 0, 0, s.level_safety_stock, p.backorder_limit, COALESCE(m.sequence, 0),
           1, begun, GREATEST(begun, m.recorded_at)
      FROM jsonb_to_recordset(lines) AS l(turn int, level uuid, product uuid, location uuid)
      JOIN inventory_productstock s ON s.product_id = l.product
      JOIN inventory_product p ON p.id = l.product
      -- The level may have lived before, with a product or a location that was deleted and restored.
      LEFT JOIN LATERAL (
          SELECT m.product_id, m.location_id, m.sequence, m.recorded_at FROM inventory_stockmovement m
           WHERE (m.product_id, m.location_id) <= (l.product, l.location)
           ORDER BY m.product_id DESC, m.location_id DESC, m.sequence DESC LIMIT 1) m
        ON (m.product_id, m.location_id) = (l.product, l.location)
     WHERE NOT EXISTS (SELECT 1 FROM inventory_stocklevel v WHERE v.product_id = l.product AND v.location_id = l.location)
     ORDER BY l.product, l.location, l.turn;
    IF FOUND THEN
        UPDATE inventory_productstock s
           SET safety_stock_in_force = (SELECT COALESCE(sum(v.safety_stock_in_force), 0) FROM inventory_stocklevel v
                                         WHERE v.product_id = s.product_id)
         WHERE s.product_id = ANY (ARRAY(SELECT (l ->> 'product')::uuid FROM jsonb_array_elements(lines) l));
    END IF;

    SELECT bool_and(q.verdict = 'moved'), array_agg(q.line ORDER BY q.product, q.location, q.turn)
      INTO may_move, moving
      FROM (SELECT r.turn, r.product, r.location, r.verdict,
                   ROW(r.turn, r.product, r.location, r.on_hand, r.unavailable, r.allocated, r.reserved, r.incoming, r.kind,
                       r.reason, r.source, r.was, r.to_on_hand, r.to_unavailable, r.to_allocated, r.to_reserved,
                       r.to_incoming, r.sequence, r.last, r.verdict, r.instant, uuid_of_instant(r.instant),
                       r.new_safety_stock, r.total_available, r.total_reorder_point, r.sku, r.code)::stock_line AS line
              FROM (SELECT w.*,
                           CASE
                               WHEN w.expected <> w.to_on_hand - w.on_hand THEN 'changed'
                               WHEN GREATEST(w.to_on_hand, w.to_unavailable, w.to_allocated, w.to_reserved, w.to_incoming)
                                    > 2147483647 THEN 'overflow'
                               WHEN LEAST(w.to_on_hand, w.to_unavailable, w.to_allocated, w.to_reserved, w.to_incoming) < 0
                                    THEN 'short'
                               -- Pieces that are set aside are on hand; a backorder limit lends none of them.
                               WHEN w.on_hand < w.unavailable AND w.to_on_hand < w.to_unavailable THEN 'short'
                               WHEN w.on_hand - w.unavailable - w.allocated - w.reserved < 0
                                    AND w.to_on_hand + (w.was).backorder_limit_in_force
                                        - CASE WHEN w.sellable THEN (w.was).safety_stock_in_force ELSE 0 END
                                        < w.to_unavailable + w.to_allocated + w.to_reserved
                                    THEN 'short'
                               ELSE 'moved'
                           END AS verdict
                      FROM (SELECT COALESCE(l.turn, 0) AS turn, l.product, l.location, l.on_hand, l.unavailable, l.allocated,
                                   l.reserved, l.incoming, l.sellable, l.expected, l.kind, l.reason, l.source, v AS was,
                                   s.available AS total_available, s.reorder_point_in_force AS total_reorder_point,
                                   p.sku, c.code,
                                   v.on_hand + (sum(l.on_hand) OVER so_far)::bigint AS to_on_hand,
                                   v.unavailable + (sum(l.unavailable) OVER so_far)::bigint AS to_unavailable,
                                   v.allocated + (sum(l.allocated) OVER so_far)::bigint AS to_allocated,
                                   v.reserved + (sum(l.reserved) OVER so_far)::bigint AS to_reserved,
                                   v.incoming + (sum(l.incoming) OVER so_far)::bigint AS to_incoming,
                                   v.sequence + count(l.kind) OVER so_far AS sequence,
                                   lead(l.product) OVER so_far IS NULL AS last,
                                   -- Clocks may be set back, but the ledger of a level never runs backwards; and the lines
                                   -- of one statement keep their order in lists that go by time.
                                   GREATEST(begun, v.updated_at) + (l.n - 1) * interval '1 microsecond' AS instant,
                                   -- What the product could promise before did not suffer the safety stock of a level that
                                   -- is made here.
                                   CASE WHEN v.id = l.level THEN v.safety_stock_in_force ELSE 0 END AS new_safety_stock
                              FROM ROWS FROM (jsonb_to_recordset(lines) AS (turn int, level uuid, product uuid,
                                       location uuid, on_hand bigint, unavailable bigint, allocated bigint, reserved bigint,
                                       incoming bigint, sellable boolean, expected int, kind text, reason text, source uuid))
                                   WITH ORDINALITY AS l(turn, level, product, location, on_hand, unavailable, allocated,
                                       reserved, incoming, sellable, expected, kind, reason, source, n)
                              JOIN inventory_stocklevel v ON v.product_id = l.product AND v.location_id = l.location
                              JOIN inventory_productstock s ON s.product_id = l.product
                              JOIN inventory_product p ON p.id = l.product
                              JOIN inventory_location c ON c.id = l.location
                            WINDOW so_far AS (PARTITION BY l.product, l.location ORDER BY l.n ROWS UNBOUNDED PRECEDING)
                            OFFSET 0) w
                    OFFSET 0) r
            OFFSET 0) q;

    IF may_move THEN
        UPDATE inventory_stocklevel v
           SET on_hand = l.to_on_hand, unavailable = l.to_unavailable, allocated = l.to_allocated, reserved = l.to_reserved,
               incoming = l.to_incoming, sequence = l.sequence, updated_at = l.instant
          FROM unnest(moving) l WHERE v.id = (l.was).id AND l.last;

        INSERT INTO inventory_stockmovement (
            id, sequence, product_id, location_id, sku, location_code, kind, reason,
            delta_on_hand, delta_unavailable, delta_allocated, delta_reserved,
            balance_on_hand, balance_unavailable, balance_allocated, balance_reserved, balance_available,
            source, reference, note, actor, request_id, occurred_at, recorded_at)
        SELECT l.movement, l.sequence, l.product, l.location, l.sku, l.code, l.kind, COALESCE(l.reason, ''),
               l.on_hand, l.unavailable, l.allocated, l.reserved,
               l.to_on_hand, l.to_unavailable, l.to_allocated, l.to_reserved,
               l.to_on_hand - l.to_unavailable - l.to_allocated - l.to_reserved - (l.was).safety_stock_in_force,
               COALESCE(l.source, (notes -> l.turn ->> 'source')::uuid), COALESCE(notes -> l.turn ->> 'reference', ''),
               COALESCE(notes -> l.turn ->> 'note', ''), COALESCE(notes -> l.turn ->> 'actor', ''),
               COALESCE(notes -> l.turn ->> 'request_id', ''),
               COALESCE((notes -> l.turn ->> 'occurred_at')::timestamptz, l.instant), l.instant
          FROM unnest(moving) l WHERE l.kind IS NOT NULL;

        UPDATE inventory_productstock s
           SET on_hand = s.on_hand + d.on_hand, unavailable = s.unavailable + d.unavailable,
               allocated = s.allocated + d.allocated, reserved = s.reserved + d.reserved,
               incoming = s.incoming + d.incoming, updated_at = clock_timestamp()
          FROM (SELECT l.product, sum(l.on_hand) AS on_hand, sum(l.unavailable) AS unavailable, sum(l.allocated) AS allocated,
                       sum(l.reserved) AS reserved, sum(l.incoming) AS incoming
                  FROM unnest(moving) l GROUP BY l.product) d
         WHERE s.product_id = d.product;
    END IF;

    -- Where nothing moves, what is told is how things are.
    RETURN QUERY
    SELECT l.verdict, l.product, l.location, (l.was).id, CASE WHEN may_move AND l.kind IS NOT NULL THEN l.movement END,
           CASE WHEN may_move THEN l.sequence ELSE (l.was).sequence END,
           (CASE WHEN may_move THEN l.to_on_hand ELSE (l.was).on_hand END)::int,
           (CASE WHEN may_move THEN l.to_unavailable ELSE (l.was).unavailable END)::int,
           (CASE WHEN may_move THEN l.to_allocated ELSE (l.was).allocated END)::int,
           (CASE WHEN may_move THEN l.to_reserved ELSE (l.was).reserved END)::int,
           (CASE WHEN may_move THEN l.to_incoming ELSE (l.was).incoming END)::int,
           CASE WHEN may_move THEN l.available_after ELSE (l.was).available END,
           CASE WHEN may_move THEN l.available_after - l.gained ELSE (l.was).available END,
           (l.was).reorder_point,
           l.total_available + CASE WHEN may_move THEN
               sum(l.new_safety_stock) OVER of_product - sum(l.new_safety_stock) OVER until_turn
               + sum(l.new_safety_stock) OVER of_turn + sum(l.gained) OVER until_turn - sum(l.gained) OVER of_turn
               ELSE sum(l.new_safety_stock) OVER of_product END::bigint,
           l.total_available + CASE WHEN may_move THEN
               sum(l.new_safety_stock) OVER of_product - sum(l.new_safety_stock) OVER until_turn + sum(l.gained) OVER until_turn
               ELSE 0 END::bigint,
           l.total_reorder_point, CASE WHEN may_move THEN l.instant END,
           (l.was).safety_stock, (l.was).backorder_limit, (l.was).version, l.sku, l.code,
           -- Holds that are over still stand in the counters; they count no more.
           (SELECT COALESCE(sum(h.quantity), 0) FROM inventory_reservationline h
             WHERE h.product_id = l.product AND h.location_id = l.location AND h.holding = 'reserved'
               AND h.expires_at <= clock_timestamp()),
           l.turn
      FROM (SELECT m.*, m.on_hand - m.unavailable - m.allocated - m.reserved AS gained,
                   m.to_on_hand - m.to_unavailable - m.to_allocated - m.to_reserved - (m.was).safety_stock_in_force
                       AS available_after
              FROM unnest(moving) m) l
    WINDOW of_product AS (PARTITION BY l.product), of_turn AS (PARTITION BY l.product, l.turn),
           until_turn AS (PARTITION BY l.product ORDER BY l.turn)
     ORDER BY l.turn, l.product, l.location;
END $$;

ALTER FUNCTION stock_places SET enable_material = off;

-- As it was, but in a form that PostgreSQL puts into the statement that calls it.
CREATE OR REPLACE FUNCTION uuid_of_instant(instant timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM instant) * 1000000)::bigint / 1000), 12, '0')
            || to_hex(28672 + ((extract(epoch FROM instant) * 1000000)::bigint % 1000) * 4)
            || substr(gen_random_uuid()::text, 20))::uuid
$$;
