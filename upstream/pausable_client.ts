import { type buildConnector, Client, type Dispatcher } from "undici";

type Controller = Dispatcher.DispatchController;

/**
 * Pauses the response on one connection, and resumes it when the connection ends. Without that,
 * undici 7 ends the whole process if a connection closes after its response while that response is
 * paused, or truncates the response (nodejs/undici#5360, fixed in undici 8).
 */
export class ResponsePause {
  #paused: Controller | undefined;
  #isConnectionEnding = false;

  /** Stops reading the response until it is resumed; does nothing while the connection ends. */
  pause(controller: Controller): void {
    if (this.#isConnectionEnding) return;
    this.#paused = controller;
    controller.pause();
  }

  resume(controller: Controller): void {
    this.clear();
    controller.resume();
  }

  /** Forgets the paused response, which has ended. */
  clear(): void {
    this.#paused = undefined;
  }

  /** Resumes the paused response; called when the connection ends, before undici learns of it. */
  connectionEnding(): void {
    this.#isConnectionEnding = true;
    this.#paused?.resume();
    this.clear();
    this.#isConnectionEnding = false;
  }
}

/** Options for a dispatch by a {@linkcode PausableClient}. */
export interface PausableDispatchOptions extends Dispatcher.DispatchOptions {
  /** Receives the object that can pause its response. */
  readonly responseHandler?: { setPause(pause: ResponsePause): void };
}

/**
 * A connection of undici with workarounds for two bugs of undici 7: pausing a response while its
 * connection ends (see {@linkcode ResponsePause}), and a reset that passes for the end of a
 * response.
 */
export class PausableClient extends Client {
  readonly #pause: ResponsePause;

  constructor(origin: URL, options: object, connect: buildConnector.connector) {
    const pause = new ResponsePause();
    super(origin, {
      ...options,
      connect: (target: buildConnector.Options, callback: buildConnector.Callback) =>
        connect(target, (...result) => {
          const [, socket] = result;
          socket?.on("end", () => pause.connectionEnding()).on("error", hideResetCode);
          callback(...result);
        }),
    });
    this.#pause = pause;
  }

  override dispatch(
    options: PausableDispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    options.responseHandler?.setPause(this.#pause);
    return super.dispatch(options, handler);
  }
}

/**
 * Keeps undici from treating a reset as the regular end of a response without a length, which would
 * make half a response pass for a complete one. undici checks the error's code synchronously, so
 * the code is removed until it has done so.
 */
function hideResetCode(error: Error & { code?: string | undefined }): void {
  const { code } = error;
  if (code !== "ECONNRESET") return;
  error.code = undefined;
  queueMicrotask(() => error.code = code);
}
