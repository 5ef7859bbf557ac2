import config from "./deno.json" with { type: "json" };

/** Version of the gateway, from deno.json. */
export const VERSION: string = config.version;
