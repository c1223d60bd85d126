/**
 * Stands in for the module's engine and shim in native mode: a script that runs before the bundle of SDK and filter, which then makes
 * the same host calls from Node.
 *
 * It follows src/shim file by file. What differs: a callback has no deadline, and the heap no limit of its own.
 */

import { installBase64 } from "./base64.ts";
import { boundary } from "./boundary.ts";
import { exposeModule } from "./exports.ts";
import { functions, time } from "./functions.ts";
import { reportRejection } from "./hooks.ts";
import { vm } from "./state.ts";
import { installClock, installStacks } from "./globals.ts";

const used = new Set<string>();

const shim = new Proxy(functions, {
  get(target, name) {
    used.add(String(name));
    return Reflect.get(target, name) as unknown;
  },
});

installClock(() => Number(time(0) / 1_000_000n));
installStacks();
installBase64();
boundary.onUnhandledRejection(reportRejection);
(globalThis as unknown as { proxyWasmShim: unknown }).proxyWasmShim = shim;

boundary.onStarted(() => {
  boundary.runMicrotasks();
  vm.building = false;
  // The SDK has kept what it needs of the functions.
  Reflect.deleteProperty(globalThis, "proxyWasmShim");
  exposeModule(used);
});
