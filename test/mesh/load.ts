import { Agent } from "node:http";

import type { Answer } from "./mesh.ts";
import { request } from "./mesh.ts";

/** Requests one after the other, from a few clients at the same time, each with a connection that it keeps. */
export interface Load {
  /** Every answer so far. */
  readonly answers: readonly Answer[];
  /** Lets the requests that are under way end. @throws Error of a request that was not answered */
  stop(): Promise<void>;
}

const CLIENTS = 4;
const PAUSE_MS = 10;

export function startLoad(): Load {
  const answers: Answer[] = [];
  const agent = new Agent({ keepAlive: true });
  let goesOn = true;
  const client = async () => {
    while (goesOn) {
      answers.push(await request(agent));
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  // The error is stop's to throw.
  clients.catch(() => undefined);
  return {
    answers,
    stop: async () => {
      goesOn = false;
      try {
        await clients;
      } finally {
        agent.destroy();
      }
    },
  };
}
