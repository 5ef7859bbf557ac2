import { delay } from "@std/async/delay";
import type { Wire } from "./raw_upstream.ts";

/** The gateway's deadline where the upstream fails like this, in ms. */
export const UPSTREAM_TIMEOUT_MS = 500;

/** What the upstream does after it has read the whole request; none of it says "not processed". */
export const FAILURES: Readonly<Record<string, (wire: Wire) => void>> = {
  "no-answer": () => {},
  "late": (wire) => void delay(UPSTREAM_TIMEOUT_MS * 2).then(() => wire.reply(201, {})),
  "reset": (wire) => wire.reset(),
  "fin": (wire) => wire.close(),
  "half-status-line": (wire) => void wire.write("HTTP/1.1 20").then(wire.close),
  "half-headers": (wire) => void wire.write("HTTP/1.1 201 Created\r\ncont").then(wire.reset),
  "half-body": (wire) =>
    void wire.write('HTTP/1.1 201 Created\r\ncontent-length: 90\r\n\r\n{"id":').then(wire.close),
  "half-body-reset": (wire) =>
    void wire.write('HTTP/1.1 201 Created\r\ncontent-length: 90\r\n\r\n{"id":').then(wire.reset),
  "half-body-silence": (wire) =>
    void wire.write('HTTP/1.1 201 Created\r\ncontent-length: 90\r\n\r\n{"id":'),
  "half-504": (wire) =>
    void wire.write("HTTP/1.1 504 Late\r\ncontent-length: 90\r\n\r\n{").then(wire.reset),
  "half-chunk": (wire) =>
    void wire.write("HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{")
      .then(wire.reset),
  "garbage": (wire) => void wire.write("\x00\x01\x02 garbage \xff\r\n\r\n"),
  "no-http": (wire) => void wire.write("SSH-2.0-OpenSSH_9.9\r\n").then(wire.close),
  "status-99999": (wire) => void wire.write("HTTP/1.1 99999 X\r\ncontent-length: 0\r\n\r\n"),
  "interim-only": (wire) => void wire.write("HTTP/1.1 103 Early Hints\r\n\r\n").then(wire.reset),
};

/** Whether the seeds and the contract take a status as "not processed". */
export function saysNotProcessed(status: number): boolean {
  return (status >= 400 && status < 499) || status === 500 || status === 503;
}

/**
 * Every status from 300 to 599. 429 comes last: after it the gateway admits fewer requests of the
 * plan at once.
 */
export const STATUSES = [
  ...Array.from({ length: 100 }, (_, n) => 300 + n),
  ...Array.from({ length: 200 }, (_, n) => 400 + n).filter((status) => status !== 429),
  429,
];
