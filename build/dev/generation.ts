import type { IncomingMessage, ServerResponse } from "node:http";

import { TestHost } from "../../test/host/index.ts";
import type { FilterSource, TestHostOptions } from "../../test/host/index.ts";
import type { RequestSummary } from "../../test/host/request-trace.ts";

/** A filter with a configuration, at work. New requests go to the newest; the others end with their last request. */
export class Generation {
  readonly #host: TestHost;
  #requests = 0;
  #onIdle: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  private constructor(host: TestHost) {
    this.#host = host;
  }

  /** @throws TestHostError when the filter does not start, with its log */
  static async start(filter: FilterSource, options: TestHostOptions): Promise<Generation> {
    return new Generation(await TestHost.load(filter, options));
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<RequestSummary> {
    this.#requests++;
    try {
      return await this.#host.serve(request, response);
    } finally {
      this.#requests--;
      if (this.#requests === 0) {
        this.#onIdle?.();
      }
    }
  }

  /** No further requests come: ends the filter when the last one has ended. */
  async retire(): Promise<void> {
    if (this.#requests > 0) {
      await new Promise<void>((resolve) => (this.#onIdle = resolve));
    }
    await this.close();
  }

  /** Ends its requests, and the filter. */
  close(): Promise<void> {
    return (this.#closed ??= this.#host.close());
  }
}
