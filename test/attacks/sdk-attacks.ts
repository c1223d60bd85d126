/** The same with the SDK's own functions in C. A filter gives them: tests read the names of the attacks in Node. */

import type * as sdk from "proxy-wasm-ts";

import type { Attack } from "./attacks.ts";

export type SdkFunctions = Pick<typeof sdk, "hash" | "hmac" | "jsonField" | "URLSearchParams">;

const MEGABYTE = 2 ** 20;
const time = (run: Attack["run"]): Attack => ({ end: "time", run });
const forever = (run: () => unknown) => () => {
  for (;;) {
    run();
  }
};

export const sdkAttacks: Readonly<Record<string, Attack>> = {
  "sdk.hash": time(({ hash }) => {
    const bytes = new Uint8Array(48 * MEGABYTE);
    forever(() => hash("sha512", bytes))();
  }),
  "sdk.hmac": time(({ hmac }) => {
    const key = "k".repeat(MEGABYTE);
    forever(() => hmac("sha1", key, key))();
  }),
  "sdk.hashOfLittle": time(({ hash }) => {
    forever(() => hash("md5", ""))();
  }),
  "sdk.jsonFieldOfLongString": time(({ jsonField }) => {
    const json = `["${"x".repeat(8 * MEGABYTE)}"]`;
    forever(() => jsonField(json, "a"))();
  }),
  "sdk.jsonFieldOfManyValues": time(({ jsonField }) => {
    const json = `[${"[],".repeat(MEGABYTE)}0]`;
    forever(() => jsonField(json, "a"))();
  }),
  "sdk.jsonFieldOfEscapedNames": time(({ jsonField }) => {
    const json = `{${'"\\u0061":1,'.repeat(MEGABYTE / 4)}"a":0}`;
    forever(() => jsonField(json, "a"))();
  }),
  "sdk.queryOfManyParameters": {
    end: ["time", "heap"],
    run: ({ URLSearchParams }) => new URLSearchParams("&a=%41".repeat(2 * MEGABYTE)),
  },
  "sdk.longQuery": time(({ URLSearchParams }) => {
    const query = `a=${"%41".repeat(MEGABYTE)}`;
    forever(() => new URLSearchParams(query).toString().length)();
  }),
};
