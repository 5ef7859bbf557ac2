import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";

/** Writes to a socket; settles when the data was handed to the kernel, or the socket was closed. */
export function written(socket: Socket, data: string | Buffer): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", resolve);
    socket.write(data, () => {
      socket.off("close", resolve);
      resolve();
    });
  });
}
