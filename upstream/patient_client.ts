import { type buildConnector, Client, type Dispatcher } from "undici";

type Controller = Dispatcher.DispatchController;

/**
 * Has an answer wait for its caller, but not when its connection ends. undici 7 ends the whole
 * process where a connection that closes after its answer does so while that answer waits, and cuts
 * the answer where it does not close by itself (nodejs/undici#5360, mended in undici 8).
 */
export class Backpressure {
  #waiting: Controller | undefined;
  #isEnding = false;

  /** No more of the answer is read until it is resumed. */
  pause(controller: Controller): void {
    if (this.#isEnding) return;
    this.#waiting = controller;
    controller.pause();
  }

  resume(controller: Controller): void {
    this.forget();
    controller.resume();
  }

  /** The answer is over. */
  forget(): void {
    this.#waiting = undefined;
  }

  /** The connection ends; to be told before undici is. */
  end(): void {
    this.#isEnding = true;
    this.#waiting?.resume();
    this.forget();
    this.#isEnding = false;
  }
}

/** What is dispatched to a {@linkcode PatientClient}. */
export interface PatientDispatch extends Dispatcher.DispatchOptions {
  /** Told where its answer may wait. */
  readonly exchange?: { waitsOn(backpressure: Backpressure): void };
}

/** One connection at a time; its answers wait for their callers. */
export class PatientClient extends Client {
  readonly #backpressure: Backpressure;

  constructor(origin: URL, options: object, connect: buildConnector.connector) {
    const backpressure = new Backpressure();
    super(origin, {
      ...options,
      connect: (target: buildConnector.Options, callback: buildConnector.Callback) =>
        connect(target, (...outcome) => {
          const [, socket] = outcome;
          socket?.on("end", () => backpressure.end()).on("error", keepReset);
          callback(...outcome);
        }),
    });
    this.#backpressure = backpressure;
  }

  override dispatch(options: PatientDispatch, handler: Dispatcher.DispatchHandler): boolean {
    options.exchange?.waitsOn(this.#backpressure);
    return super.dispatch(options, handler);
  }
}

/**
 * undici takes a reset for the end of an answer that has no length: half an answer would pass for a
 * whole one. It goes by the code, which it does not see until it has decided.
 */
function keepReset(error: Error & { code?: string | undefined }): void {
  const { code } = error;
  if (code !== "ECONNRESET") return;
  error.code = undefined;
  queueMicrotask(() => error.code = code);
}
