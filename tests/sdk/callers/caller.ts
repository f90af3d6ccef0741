// What a shop does with the generated client, typed to the last word. Needs STOCKROOM_URL and STOCKROOM_KEY.
// Each step asserts what the contract promises; the last line names the steps that were taken.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import {
  confirmReservation,
  createProduct,
  createReservation,
  createStockAdjustment,
  fulfilReservation,
  getMe,
  getProduct,
  listProducts,
  updateProduct,
  type Problem,
  type Product,
  type Reservation,
  type ReservationState,
} from "stockroom-client";
import { createClient } from "stockroom-client/client";

const baseUrl = process.env["STOCKROOM_URL"] ?? "";
const client = createClient({ baseUrl, auth: process.env["STOCKROOM_KEY"] ?? "" });
const stranger = createClient({ baseUrl, auth: "not-a-key" });

/** The answer, which must be there. */
function some<T>(answer: T | undefined): T {
  assert.ok(answer !== undefined);
  return answer;
}

async function createsOnce(): Promise<void> {
  const key = { "Idempotency-Key": randomUUID() };
  const body = { sku: "MUG-RED", name: "Red mug", price: "12.50" };

  const first = await createProduct({ client, body, headers: key });
  const again = await createProduct({ client, body, headers: key });

  const mug: Product = some(first.data);
  assert.deepEqual([first.response?.status, again.response?.status], [201, 201]);
  assert.equal(mug.status, "active");
  assert.equal(again.response?.headers.get("Idempotency-Replayed"), "true");
  assert.deepEqual(again.data, first.data);

  const other = await createProduct({ client, body: { sku: "MUG-BLUE", name: "Blue mug" }, headers: key });
  assert.equal(some(other.error).code, "idempotency_mismatch");
}

async function learnsWhatIsWrong(): Promise<void> {
  const { error, response } = await createProduct({ client, body: { sku: "no blanks", name: "", price: "1e3" } });

  assert.equal(response?.status, 400);
  const problem: Problem = some(error);
  assert.equal(problem.code, "validation_error");
  assert.equal(problem.request_id, response?.headers.get("X-Request-ID"));
  const pointers: Array<string | undefined> = problem.errors.map((item) => item.pointer);
  assert.deepEqual(new Set(pointers), new Set(["/sku", "/name", "/price"]));
}

/** All of them, three to a page. */
async function* products(): AsyncGenerator<Product> {
  let cursor: string | undefined;
  do {
    const query = { ordering: "sku", page_size: 3, count: "exact", ...(cursor ? { cursor } : {}) } as const;
    const { data: page } = await listProducts({ client, query, throwOnError: true });
    assert.equal(page.count, 5);
    assert.ok(page.results.length <= 3);
    yield* page.results;
    cursor = page.next ? (new URL(page.next).searchParams.get("cursor") ?? undefined) : undefined;
  } while (cursor);
}

async function turnsPages(): Promise<void> {
  for (const number of [0, 1, 2, 3]) {
    await createProduct({ client, body: { sku: `PLATE-${number}`, name: "Plate" }, throwOnError: true });
  }

  const skus: string[] = [];
  for await (const product of products()) skus.push(product.sku);
  assert.deepEqual(skus, ["MUG-RED", "PLATE-0", "PLATE-1", "PLATE-2", "PLATE-3"]);
}

async function losesNoUpdate(): Promise<void> {
  const read = await getProduct({ client, path: { id: "sku:MUG-RED" } });
  const mug = some(read.data);
  const path = { id: mug.id };
  const seen = { "If-Match": read.response?.headers.get("ETag") ?? "" };

  const renamed = await updateProduct({ client, path, headers: seen, body: { name: "Mug, red" } });
  const late = await updateProduct({ client, path, headers: seen, body: { price: "13.00" } });
  const blind = await client.patch<never, Problem>({
    url: `/api/v1/products/${mug.id}`,
    security: [{ scheme: "bearer", type: "http" }],
    headers: { "Content-Type": "application/json" },
    body: { price: "13.00" },
  });
  const etag = renamed.response?.headers.get("ETag") ?? "";
  const unchanged = await getProduct({ client, path, headers: { "If-None-Match": etag } });

  assert.equal(some(renamed.data).version, mug.version + 1);
  assert.deepEqual([late.response?.status, late.error?.code], [412, "precondition_failed"]);
  assert.deepEqual([blind.response?.status, (blind.error as Problem | undefined)?.code], [428, "precondition_required"]);
  assert.equal(unchanged.response?.status, 304);
}

async function isToldWhoMay(): Promise<void> {
  const { error, response } = await getMe({ client: stranger });

  assert.equal(response?.status, 401);
  assert.equal(some(error).code, "authentication_failed");
  assert.match(response?.headers.get("WWW-Authenticate") ?? "", /^Bearer/);
}

async function sells(): Promise<void> {
  const headers = { "Idempotency-Key": randomUUID() };
  const wanted = { owner: "cart-1", lines: [{ sku: "MUG-RED", quantity: 4 }] };

  const received = { reason: "received", lines: [{ sku: "MUG-RED", delta: 5 }] } as const;
  const booking = some((await createStockAdjustment({ client, headers, body: { ...received, lines: [...received.lines] } })).data);
  assert.equal(booking.levels[0]?.available, 5);
  const held: Reservation = some((await createReservation({ client, body: wanted })).data);
  const refused = await createReservation({ client, body: wanted });
  const path = { id: held.id };
  const confirmed = some((await confirmReservation({ client, path, body: {} })).data);
  const fulfilled = some((await fulfilReservation({ client, path, body: {} })).data);

  const states: ReservationState[] = [held.state, confirmed.state, fulfilled.state];
  assert.deepEqual(states, ["active", "confirmed", "fulfilled"]);
  assert.equal(refused.response?.status, 409);
  const [line] = some(refused.error).errors;
  assert.deepEqual(
    [line?.code, line?.pointer, line?.requested, line?.available],
    ["insufficient_stock", "/lines/0", 4, 1],
  );
  const { data: mug } = await getProduct({ client, path: { id: "sku:MUG-RED" }, throwOnError: true });
  assert.equal(mug.stock.on_hand, 1);
}

/** Never called: the compiler must object to each of these, or the expected error is an error itself. */
export async function isStoppedByTheTypes(): Promise<void> {
  // @ts-expect-error: no name
  await createProduct({ client, body: { sku: "A" } });
  // @ts-expect-error: stock is never written through a product
  await createProduct({ client, body: { sku: "A", name: "B", stock: 5 } });
  // @ts-expect-error: no such status
  await createProduct({ client, body: { sku: "A", name: "B", status: "gone" } });
  // @ts-expect-error: no If-Match
  await updateProduct({ client, path: { id: "sku:A" }, body: { name: "B" } });
  // @ts-expect-error: no such order
  await listProducts({ client, query: { ordering: "colour" } });
}

const steps = [createsOnce, learnsWhatIsWrong, turnsPages, losesNoUpdate, isToldWhoMay, sells];
for (const step of steps) await step();
console.log(steps.map((step) => step.name).join(" "));
