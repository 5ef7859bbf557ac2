import { headerOf } from "../upstream/headers.ts";
import { readJson } from "../upstream/read_json.ts";
import type { UpstreamReply } from "../upstream/transport.ts";
import { isSameMessage, type ListedBatch, type SentMessage } from "./message.ts";

/** Gets a page of `GET /batches` with this query; rejects if the API cannot be reached. */
export type ListBatches = (query: string, timeoutMs: number) => Promise<UpstreamReply>;

/** Options of {@linkcode findBatch}. */
export interface FindBatchOptions {
  list: ListBatches;
  /** Time since the first attempt began, in ms. */
  ageMs: number;
  /** Deadline for all pages, in ms. */
  timeoutMs: number;
}

/** Largest page of a listing that is read, in bytes. */
export const MAX_PAGE_BYTES = 1024 * 1024;

/** The API's default page size. A batch to 1,000 recipients has 16 KB: a page fits the limit. */
const PAGE_SIZE = 30;

/** More batches with one reference than on so many pages are not looked through. */
const MAX_PAGES = 100;

/**
 * The listing starts so long before the first attempt by this clock, which may be off, in ms. The
 * batches in it are compared on the API's clock.
 */
const CLOCK_ERROR_MS = 24 * 60 * 60 * 1_000;

/**
 * Finds the batch that an earlier request with this message created (contract.md §5). Reads every
 * page of the batches with its `client_reference`. Returns undefined unless exactly one that was
 * created since the first attempt began has the same content.
 */
export async function findBatch(
  message: SentMessage,
  { list, ageMs, timeoutMs }: FindBatchOptions,
): Promise<ListedBatch | undefined> {
  const startedAt = performance.now();
  const elapsedMs = () => performance.now() - startedAt;
  const startDate = new Date(Date.now() - ageMs - CLOCK_ERROR_MS).toISOString();
  const found = new Map<string, ListedBatch>(); // by id: pages shift when batches are added
  let read = 0;
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = new URLSearchParams({
      client_reference: message.clientReference,
      start_date: startDate,
      page: String(page),
      page_size: String(PAGE_SIZE),
    });
    if (elapsedMs() >= timeoutMs) return undefined;
    const reply = await list(String(query), timeoutMs - elapsedMs());
    const listing = await readListing(reply);
    // A second of the Date header, which is cut off, is in favour of finding the batch.
    const sinceMs = Date.parse(headerOf(reply.headers, "date") ?? "") - ageMs - elapsedMs();
    if (!listing || Number.isNaN(sinceMs)) return undefined;
    for (const batch of listing.batches) {
      const isSince = Date.parse(batch.created_at) >= sinceMs;
      if (isSince && isSameMessage(message, batch)) found.set(batch.id, batch);
    }
    read += listing.batches.length;
    if (read >= listing.count) return onlyOne(found);
    if (listing.batches.length === 0) return undefined; // there are more that are not shown
  }
  return undefined;
}

function onlyOne(found: ReadonlyMap<string, ListedBatch>): ListedBatch | undefined {
  const [batch] = found.values();
  return found.size === 1 ? batch : undefined;
}

interface Listing {
  /** Batches on all pages. */
  readonly count: number;
  readonly batches: readonly ListedBatch[];
}

/** Reads a page; undefined for any other answer. */
async function readListing(reply: UpstreamReply): Promise<Listing | undefined> {
  const { status, body } = reply;
  if (status !== 200) {
    if (!(body instanceof Uint8Array)) await body.cancel();
    return undefined;
  }
  try {
    const listing = await readJson(reply, MAX_PAGE_BYTES);
    return isListing(listing) ? listing : undefined;
  } catch {
    return undefined;
  }
}

function isListing(value: unknown): value is Listing {
  const { count, batches } = (value ?? {}) as Partial<Record<keyof Listing, unknown>>;
  return typeof count === "number" && Array.isArray(batches) && batches.every(isBatch);
}

function isBatch(value: unknown): value is ListedBatch {
  const { id, created_at } = (value ?? {}) as Partial<Record<keyof ListedBatch, unknown>>;
  return typeof id === "string" && typeof created_at === "string";
}
