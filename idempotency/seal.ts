import { createCipheriv, createDecipheriv } from "node:crypto";

/** A 2xx answer as it is remembered. */
export interface RememberedAnswer {
  readonly status: number;
  /** `Content-Type` and what else is needed to read the body; names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The whole body, or the id of the resource to get instead of a body that was too large. */
  readonly content: { readonly body: Uint8Array<ArrayBuffer> } | { readonly id: string };
}

const ALGORITHM = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Size of the length of the first part of the plain text. */
const LENGTH_BYTES = 2;

const NO_BODY = new Uint8Array();

const encoder = new TextEncoder();

/**
 * Encrypts an answer with AES-256-GCM: nonce, cipher text, tag. The nonce is random, since one
 * request may be answered twice: by the API, and by what a repeat found out.
 *
 * @param key 32 bytes, derived from the request (contract.md §5)
 */
export function seal(answer: RememberedAnswer, key: Uint8Array): Uint8Array {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const cipher = createCipheriv(ALGORITHM, key, nonce);
  const text = cipher.update(plainText(answer));
  cipher.final(); // empty: GCM is a stream cipher
  const sealed = new Uint8Array(NONCE_BYTES + text.byteLength + TAG_BYTES);
  sealed.set(nonce);
  sealed.set(text, NONCE_BYTES);
  sealed.set(cipher.getAuthTag(), NONCE_BYTES + text.byteLength);
  return sealed;
}

/** Decrypts a sealed answer; undefined if the key or the bytes are not right. */
export function unseal(sealed: Uint8Array, key: Uint8Array): RememberedAnswer | undefined {
  try {
    const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const text = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
    decipher.final(); // throws if the tag does not match
    return fromPlainText(text);
  } catch {
    return undefined;
  }
}

/** Length of the head, the head as JSON, and the body. */
function plainText({ status, headers, content }: RememberedAnswer): Uint8Array {
  const id = "id" in content ? content.id : undefined;
  const head = encoder.encode(JSON.stringify([status, headers, id]));
  const body = "body" in content ? content.body : NO_BODY;
  const text = new Uint8Array(LENGTH_BYTES + head.byteLength + body.byteLength);
  new DataView(text.buffer).setUint16(0, head.byteLength);
  text.set(head, LENGTH_BYTES);
  text.set(body, LENGTH_BYTES + head.byteLength);
  return text;
}

function fromPlainText(text: Uint8Array): RememberedAnswer {
  const bodyAt = LENGTH_BYTES +
    new DataView(text.buffer, text.byteOffset, text.byteLength).getUint16(0);
  const head = JSON.parse(new TextDecoder().decode(text.subarray(LENGTH_BYTES, bodyAt)));
  const [status, headers, id] = head;
  return {
    status,
    headers,
    content: id ? { id } : { body: Uint8Array.from(text.subarray(bodyAt)) },
  };
}
