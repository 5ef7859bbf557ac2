import { buildConnector, type Dispatcher } from "undici";

type Controller = Dispatcher.DispatchController;

/**
 * Has answers wait for their callers, but never when their connection ends. undici 7 ends the whole
 * process where a connection that closes after its answer does so while that answer waits, and cuts
 * the answer where it does not close by itself (nodejs/undici#5360, mended in undici 8).
 */
export class Backpressure {
  readonly #waiting = new Set<Controller>();
  #ending = false;

  /** Opens connections whose end is heard of here before undici hears of it. */
  connector(options: buildConnector.BuildOptions): buildConnector.connector {
    const connect = buildConnector(options);
    return (target, callback) =>
      connect(target, (...outcome) => {
        const [, socket] = outcome;
        socket?.on("end", () => this.#resumeAll()).on("error", keepAnError);
        callback(...outcome);
      });
  }

  /** No more of an answer is read until it is resumed. */
  pause(controller: Controller): void {
    if (this.#ending) return;
    this.#waiting.add(controller);
    controller.pause();
  }

  resume(controller: Controller): void {
    this.forget(controller);
    controller.resume();
  }

  /** The answer is over. */
  forget(controller: Controller): void {
    this.#waiting.delete(controller);
  }

  /** Whose connection it is that ends is not known; the others wait again after their next bytes. */
  #resumeAll(): void {
    this.#ending = true;
    for (const controller of this.#waiting) this.resume(controller);
    this.#ending = false;
  }
}

/**
 * undici takes a reset for the end of an answer that has no length: half an answer would pass for a
 * whole one. It goes by the code, so it does not see that until it has decided.
 */
function keepAnError(error: Error & { code?: string | undefined }): void {
  const { code } = error;
  error.code = undefined;
  queueMicrotask(() => error.code = code);
}
