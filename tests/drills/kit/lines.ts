/** Bytes → lines of text. */
export class TextLineStream {
  readonly readable: ReadableStream<string>;
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>;

  constructor() {
    let rest = "";
    const decoder = new TextDecoderStream();
    const splitter = new TransformStream<string, string>({
      transform(chunk, controller) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) controller.enqueue(line);
      },
    });
    this.writable = decoder.writable;
    this.readable = decoder.readable.pipeThrough(splitter);
  }
}
