/** @fastify/http-proxy, with as many upstream connections as the load opens. */
const server = require("fastify")();
const proxy = require("@fastify/http-proxy");

const [port, upstream] = process.argv.slice(2);

server.register(proxy, { upstream: `http://${upstream}`, undici: { connections: 2_000 } });
server.listen({ port: Number(port), host: "127.0.0.1" });
