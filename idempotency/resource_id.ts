import { Tokenizer, TokenType } from "@streamparser/json";

type Bytes = Uint8Array<ArrayBuffer>;

/** Ids of the API; anything else is not put into a path. */
const ID = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * Reads the `id` member of a JSON object from a stream that is passed on unchanged.
 *
 * @param onId called once: with the id as soon as it was read; with undefined if the stream ends,
 * breaks or is given up before that
 */
export function readIdOf(
  stream: ReadableStream<Bytes>,
  onId: (id: string | undefined) => unknown,
): ReadableStream<Bytes> {
  const reader = stream.getReader();
  const search = new IdSearch();
  let isTold = false;
  function tell(id: string | undefined): void {
    if (isTold) return;
    isTold = true;
    onId(id);
  }
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          tell(undefined);
          return controller.close();
        }
        if (!isTold) {
          const id = search.add(value);
          if (id !== undefined || search.hasFailed) tell(id);
        }
        controller.enqueue(value);
      } catch (error) {
        tell(undefined);
        controller.error(error);
      }
    },
    async cancel(reason) {
      tell(undefined);
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/** Finds the member `id` of the outermost object; holds no more than one token of the JSON. */
class IdSearch {
  hasFailed = false;
  #id: string | undefined;
  #depth = 0;
  /** The last three tokens at the outermost level: `"id"`, `:`, its value. */
  #recent: unknown[] = [];
  readonly #tokenizer = new Tokenizer();

  constructor() {
    this.#tokenizer.onToken = ({ token, value }) => this.#onToken(token, value);
    this.#tokenizer.onError = () => void (this.hasFailed = true);
  }

  add(chunk: Uint8Array): string | undefined {
    if (!this.hasFailed) this.#tokenizer.write(chunk);
    return this.#id;
  }

  #onToken(token: TokenType, value: unknown): void {
    const isOpening = token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET;
    if (isOpening) this.#depth++;
    if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) this.#depth--;
    if (this.#depth !== 1) return;
    this.#recent = [...this.#recent.slice(-2), value];
    const [name, colon, id] = this.#recent;
    if (name === "id" && colon === ":" && typeof id === "string" && ID.test(id)) this.#id ??= id;
  }
}
