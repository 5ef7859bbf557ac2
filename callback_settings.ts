import * as v from "valibot";
import { httpUrl, json, MAX_TIMER_MS } from "./setting_schemas.ts";

// Every schema has a message of its own: those of valibot quote the value, which may be a secret.

/** The members of an object; a fault of a member has its name in its path. */
function members<Entries extends v.ObjectEntries>(entries: Entries) {
  return v.strictObject(entries, (issue) => {
    if (issue.expected === "never") return "is not a member";
    return issue.received === "undefined" ? "is required" : "must be an object";
  });
}

const integer = (min: number, max: number) => {
  const message = `must be a whole number, ${min} to ${max}`;
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
};

const text = (expected: string, pattern: RegExp) =>
  v.pipe(v.string(`must be ${expected}`), v.regex(pattern, `must be ${expected}`));

/** One value, or a list of values while one replaces another. */
function oneOrMore(expected: string, pattern: RegExp) {
  const message = `must be ${expected}, or a list of such values`;
  const one = v.pipe(v.string(message), v.regex(pattern, message));
  const list = v.pipe(v.array(one, message), v.minLength(1, message));
  return v.pipe(
    v.union([list, one], message),
    v.transform((given): string[] => Array.isArray(given) ? given : [given]),
  );
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const relayName = text("1 to 64 letters, digits, _ and -", NAME);

/** What a callback for one service plan has to prove; where several are given, all of them. */
const authentication = v.pipe(
  members({
    hmac: v.optional(oneOrMore("a secret of 1 to 512 characters", /^.{1,512}$/s)),
    basic: v.optional(members({
      username: text("a name without a colon", /^[^:\p{Cc}]{1,256}$/u),
      password: oneOrMore("a password of 1 to 512 characters", /^.{1,512}$/s),
    })),
    path_secret: v.optional(
      oneOrMore("16 to 256 letters, digits, and . _ ~ -", /^[A-Za-z0-9._~-]{16,256}$/),
    ),
  }),
  v.check(
    ({ hmac, basic, path_secret }) => Boolean(hmac || basic || path_secret),
    "needs hmac, basic or path_secret",
  ),
);

/** Standard Webhooks: base64 of 24 to 64 bytes, after `whsec_`. */
const WEBHOOK_SECRET =
  /^whsec_(?=[^=]{32,86}=*$)(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const relay = members({
  name: relayName,
  url: v.pipe(v.string("must be a URL"), v.check(isHttpUrl, "must be an http(s) URL")),
  secret: oneOrMore("whsec_ and 24 to 64 bytes in base64", WEBHOOK_SECRET),
  callers: v.optional(
    v.array(text("a subject, or a prefix and *", /^.{1,256}$/), "must be a list"),
  ),
});

/** Inbound messages that match every member that is given. */
const inboundRule = members({
  to: v.optional(text("a number or short code, digits only", /^\d{1,15}$/)),
  keyword: v.optional(text("one word", /^\S{1,64}$/)),
  relay: relayName,
});

const PLAN = /^[A-Za-z0-9_-]{1,128}$/;

const DAY_S = 86_400;

/** The value of `CALLBACKS`; its members are described in docs/callbacks.md. */
export const callbackSettings = v.pipe(
  json,
  members({
    plans: v.record(text("a service plan id", PLAN), authentication, "must be an object"),
    relays: v.pipe(v.array(relay, "must be a list"), v.minLength(1, "must not be empty")),
    default: v.optional(relayName),
    inbound: v.optional(v.array(inboundRule, "must be a list"), []),
    hash_key: v.optional(text("32 to 512 characters", /^.{32,512}$/s)),
    max_age_s: v.optional(integer(1, 7 * DAY_S), 1_200),
    remember_s: v.optional(integer(60, 90 * DAY_S), 5 * DAY_S),
    relay_timeout_ms: v.optional(integer(1, MAX_TIMER_MS), 5_000),
    max_outstanding: v.optional(integer(1, 100_000), 100),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const message of referenceFaults(dataset.value)) addIssue({ message });
  }),
);

/** The parsed value of `CALLBACKS`. It contains secrets, so it must not be logged. */
export type CallbackSettings = v.InferOutput<typeof callbackSettings>;

/** How callbacks for one service plan are authenticated. */
export type CallbackAuthentication = CallbackSettings["plans"][string];

/** A service that callbacks are relayed to. */
export type RelaySettings = CallbackSettings["relays"][number];

interface References {
  readonly relays: readonly { name: string }[];
  readonly inbound: readonly { relay: string }[];
  readonly default?: string | undefined;
}

function referenceFaults({ relays, inbound, default: fallback }: References): string[] {
  const names = relays.map(({ name }) => name);
  const isKnown = (name: string | undefined) => name === undefined || names.includes(name);
  return [
    ...(new Set(names).size < names.length ? ["two relays have the same name"] : []),
    ...(isKnown(fallback) ? [] : ["default is not the name of a relay"]),
    ...inbound.flatMap(({ relay }, index) =>
      isKnown(relay) ? [] : [`inbound.${index}.relay is not the name of a relay`]
    ),
  ];
}

function isHttpUrl(url: string): boolean {
  return v.is(httpUrl, url);
}
