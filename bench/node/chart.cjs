/** Renders a Vega-Lite specification from stdin as SVG to stdout. */
const { text } = require("node:stream/consumers");

async function draw() {
  const [vega, vegaLite] = await Promise.all(["vega", "vega-lite"].map((name) => import(name)));
  const { spec } = vegaLite.compile(JSON.parse(await text(process.stdin)));
  const view = new vega.View(vega.parse(spec), { renderer: "none" });
  process.stdout.write(await view.toSVG());
}

draw();
