/** A static resource with a fixed path. */
export interface Resource {
  /** `Content-Type`. */
  readonly type: string;
  /** Loads its bytes, compressed with gzip. */
  readonly load: () => Promise<Uint8Array<ArrayBuffer>>;
}

/** A loaded resource. */
export interface Stored {
  /** Compressed with gzip. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Weak entity tag, the same for both content codings. */
  readonly tag: string;
}

/** Caches a resource: loads it once and decompresses it once. */
export class ResourceStore {
  #stored: Promise<Stored> | undefined;
  #identity: Promise<Uint8Array<ArrayBuffer>> | undefined;

  constructor(readonly resource: Resource) {}

  /** The entity tag and the bytes compressed with gzip, shared by all requests. */
  gzipped(): Promise<Stored> {
    return this.#stored ??= store(this.resource.load).catch((error) => {
      this.#stored = undefined; // the next request tries again
      throw error;
    });
  }

  /** The bytes without compression, shared by all requests. */
  async identity(): Promise<Uint8Array<ArrayBuffer>> {
    const { bytes } = await this.gzipped();
    return await (this.#identity ??= decompressed(bytes));
  }
}

async function store(load: Resource["load"]): Promise<Stored> {
  const bytes = await load();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = Array.from(digest.subarray(0, 12), (byte) => byte.toString(16).padStart(2, "0"));
  return { bytes, tag: `W/"${hex.join("")}"` };
}

/** Compresses text with gzip. */
export function compressed(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return pipe(new TextEncoder().encode(text), new CompressionStream("gzip"));
}

/** Decompresses bytes with gzip. */
export function decompressed(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return pipe(bytes, new DecompressionStream("gzip"));
}

/** Whether an `Accept-Encoding` header accepts gzip (RFC 9110 §12.5.3). */
export function acceptsGzip(header: string | undefined): boolean {
  const quality = new Map(
    (header ?? "").toLowerCase().split(",").map((entry) => {
      const [coding = "", q] = entry.split(";").map((part) => part.trim());
      return [coding, q === undefined ? 1 : Number(q.replace(/^q=/, ""))];
    }),
  );
  return (quality.get("gzip") ?? quality.get("*") ?? 0) > 0;
}

async function pipe(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer(),
  );
}
