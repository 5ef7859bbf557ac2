/** Something served under a fixed path. */
export interface Resource {
  /** `Content-Type`. */
  readonly type: string;
  /** Its path changes with its content, so that it never has to be asked for again. */
  readonly immutable?: boolean;
  /** Its bytes, compressed with gzip. */
  readonly load: () => Promise<Uint8Array<ArrayBuffer>>;
}

/** A resource that was loaded. */
export interface Stored {
  /** Compressed with gzip. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Weak entity tag: the same for either encoding. */
  readonly tag: string;
}

/** Keeps a resource: loaded once, and unpacked once, however many ask for it. */
export class ResourceStore {
  #stored: Promise<Stored> | undefined;
  #unpacked: Promise<Uint8Array<ArrayBuffer>> | undefined;

  constructor(readonly resource: Resource) {}

  /** Its tag and its bytes compressed with gzip; one copy for all. */
  packed(): Promise<Stored> {
    return this.#stored ??= store(this.resource.load).catch((error) => {
      this.#stored = undefined; // the next request tries again
      throw error;
    });
  }

  /** Its bytes without compression; one copy for all. */
  async unpacked(): Promise<Uint8Array<ArrayBuffer>> {
    const { bytes } = await this.packed();
    return await (this.#unpacked ??= decompressed(bytes));
  }
}

async function store(load: Resource["load"]): Promise<Stored> {
  const bytes = await load();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = Array.from(digest.subarray(0, 12), (byte) => byte.toString(16).padStart(2, "0"));
  return { bytes, tag: `W/"${hex.join("")}"` };
}

/** Text, compressed with gzip. */
export function compressed(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return throughStream(new TextEncoder().encode(text), new CompressionStream("gzip"));
}

/** What was compressed with gzip. */
export function decompressed(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return throughStream(bytes, new DecompressionStream("gzip"));
}

/** Whether `Accept-Encoding` takes gzip (RFC 9110 §12.5.3). */
export function acceptsGzip(header: string | undefined): boolean {
  const quality = new Map(
    (header ?? "").toLowerCase().split(",").map((entry) => {
      const [coding = "", q] = entry.split(";").map((part) => part.trim());
      return [coding, q === undefined ? 1 : Number(q.replace(/^q=/, ""))];
    }),
  );
  return (quality.get("gzip") ?? quality.get("*") ?? 0) > 0;
}

async function throughStream(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer(),
  );
}
