import { createServer, type Server } from "node:net";
import { Client } from "undici";

/**
 * Loads undici's HTTP parser, which it otherwise does on its first connection, by sending one
 * request to a server in this process.
 */
export async function loadParser(): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  });
  const client = new Client(`http://127.0.0.1:${await listening(server)}`);
  try {
    await client.request({ method: "GET", path: "/" });
  } catch {
    // undici loads it on its first connection instead.
  } finally {
    await client.destroy();
    server.close();
  }
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
}
