/** One answer of a token endpoint; undefined: it never answers. */
export type TokenAnswer = Response | undefined;

/** A token endpoint on a free port of this machine. */
export interface TokenEndpoint extends AsyncDisposable {
  readonly url: string;
  /** The requests, in order. */
  readonly requests: { readonly authorization: string; readonly body: string }[];
  /** How it answers its request number `index`, from 0; default: a new token, `token-1` first. */
  answer: (index: number) => TokenAnswer | Promise<TokenAnswer>;
}

/** The answer with a token of this value. */
export function tokenAnswer(value: string, members: Record<string, unknown> = {}): Response {
  return Response.json({
    access_token: value,
    expires_in: 3_599,
    scope: "",
    token_type: "bearer",
    ...members,
  });
}

/** Starts a token endpoint. */
export function startTokenEndpoint(
  answer: TokenEndpoint["answer"] = (index) => tokenAnswer(`token-${index + 1}`),
): TokenEndpoint {
  const never = Promise.withResolvers<Response>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const authorization = request.headers.get("authorization") ?? "";
    const index = endpoint.requests.push({ authorization, body: await request.text() }) - 1;
    return await endpoint.answer(index) ?? await never.promise;
  });
  const endpoint: TokenEndpoint = {
    url: `http://127.0.0.1:${server.addr.port}/oauth2/token`,
    requests: [],
    answer,
    async [Symbol.asyncDispose]() {
      never.resolve(new Response());
      await server.shutdown();
    },
  };
  return endpoint;
}
