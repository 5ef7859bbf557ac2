/** http-proxy-3, with keep-alive connections to the upstream. */
const { Agent } = require("node:http");
const { createProxyServer } = require("http-proxy-3");

const [port, upstream] = process.argv.slice(2);

createProxyServer({ target: `http://${upstream}`, agent: new Agent({ keepAlive: true }) })
  .listen(Number(port), "127.0.0.1");
