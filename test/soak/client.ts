/** One request of the soak test, and whether what came of it is what its kind says. */

import type { Agent, IncomingMessage } from "node:http";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { BIG_BYTES } from "./kinds.ts";
import type { Kind } from "./kinds.ts";
import { PATTERN } from "./servers.ts";
import type { Server } from "./servers.ts";

/** What a request needs. */
export interface Place {
  readonly origins: Readonly<Record<"parts" | "whole", string>>;
  readonly upstream: Server;
  readonly called: Server;
}

export interface Asked {
  readonly kind: Kind;
  readonly id: string;
  /** The attack's name. */
  readonly attack: string | undefined;
}

export interface Outcome {
  readonly status: number | "closed" | "left";
  /** The VM that answered, and its configuration. */
  readonly vm?: string | undefined;
  readonly generation?: string | undefined;
  /** What is not as it should be. */
  readonly wrong: readonly string[];
}

const PAUSE_MS = 10;

/** @param agent - has one connection, which it keeps; a client that leaves has one of its own */
export function ask(place: Place, agent: Agent, { kind, id, attack }: Asked): Promise<Outcome> {
  const { leaves, bodyBytes = 0 } = kind;
  const headers = {
    "x-kind": kind.name,
    "x-id": id,
    ...(kind.calls === undefined ? {} : { "x-calls": kind.calls }),
    ...(kind.upstream === undefined ? {} : { "x-upstream": kind.upstream }),
    ...(kind.reply === undefined ? {} : { "x-reply": "1" }),
    ...(attack === undefined ? {} : { "x-attack": attack }),
    ...(bodyBytes === 0 ? {} : { "content-length": String(bodyBytes) }),
  };
  const path = kind.upstream === "never" ? "/impatient" : "/";
  const url = `${place.origins[kind.listener ?? "parts"]}${path}`;
  return new Promise((resolve) => {
    let leaving = false;
    const outgoing = request(url, {
      method: bodyBytes === 0 ? "GET" : "POST",
      agent: leaves === undefined ? agent : false,
      headers,
    });
    const leave = () => {
      leaving = true;
      outgoing.destroy();
    };
    outgoing.once("error", (error) => {
      resolve(leaving ? { status: "left", wrong: [] } : { status: "closed", wrong: unexpected(kind, String(error)) });
    });
    outgoing.once("response", (incoming) => {
      if (leaves === "receiving") {
        incoming.once("data", leave);
        incoming.once("error", () => undefined);
        incoming.once("close", () => {
          resolve({ status: "left", wrong: [] });
        });
        return;
      }
      void receive(incoming, kind, id).then(resolve);
    });
    if (leaves === "called" || leaves === "asked") {
      void (leaves === "called" ? place.called : place.upstream).arrival(id).then(leave);
      outgoing.end();
    } else if (leaves === "sending") {
      outgoing.write(PATTERN.subarray(0, bodyBytes / 2));
      void place.upstream
        .arrival(id)
        .then(() => sleep(PAUSE_MS))
        .then(leave);
    } else {
      outgoing.end(PATTERN.subarray(0, bodyBytes));
    }
  });
}

function unexpected({ name, status }: Kind, what: string): string[] {
  return status === "closed" ? [] : [`${name}: ${what}`];
}

async function receive(incoming: IncomingMessage, kind: Kind, id: string): Promise<Outcome> {
  const { statusCode = 0, headers } = incoming;
  const chunks: Buffer[] = [];
  const whole = await new Promise<boolean>((resolve) => {
    incoming.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
    });
    incoming.once("end", () => {
      resolve(true);
    });
    incoming.once("error", () => {
      resolve(false);
    });
  });
  const wrong: string[] = [];
  const check = (what: string, seen: unknown, expected: unknown) => {
    if (seen !== expected) {
      wrong.push(`${kind.name}: ${what} is ${String(seen)}, not ${String(expected)}`);
    }
  };
  const { status = 200, reachesUpstream = true } = kind;
  check("the status", statusCode, status);
  check("a whole answer", whole, kind.cut !== true);
  if (status === 200) {
    check("x-id", headers["x-id"], id);
    check("x-called", headers["x-called"], kind.called);
    check("having been worked on", headers["x-worked"] !== undefined, reachesUpstream);
    const body = expectedBody(kind);
    if (body !== undefined) {
      check("the body as it should be", Buffer.concat(chunks).equals(body), true);
    }
  } else if (kind.reply === true) {
    check("the body", Buffer.concat(chunks).toString(), `answer to ${id}`);
  }
  const vm = headers["x-vm"]?.toString();
  const generation = headers["x-generation"]?.toString();
  if (vm === undefined) {
    wrong.push(`${kind.name}: ${statusCode} without the filter: ${Buffer.concat(chunks).subarray(0, 100).toString()}`);
  }
  return { status: statusCode, vm, generation, wrong };
}

function expectedBody({ upstream = "ok", listener, bodyBytes = 0, cut }: Kind): Buffer | undefined {
  if (cut === true) {
    return undefined;
  }
  const sent = PATTERN.subarray(0, bodyBytes);
  const body = upstream === "echo" ? sent : upstream === "big" ? PATTERN.subarray(0, BIG_BYTES) : Buffer.from("ok");
  return listener === "whole" ? Buffer.from(`<${body.toString().toUpperCase()}>`) : body;
}
