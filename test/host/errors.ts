/** The test host cannot do what it was asked to; the message says what, and how to fix it. */
export class TestHostError extends Error {
  override readonly name = "TestHostError";
}

/** A request that ended without a response: its stream was reset. */
export class StreamResetError extends Error {
  override readonly name = "StreamResetError";
}

/** There is no answer from a service; the message is Envoy's "reset reason". */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
