import { Status } from "../../src/abi/index.ts";
import { bytesToByteString } from "./byte-string.ts";
import type { HostCalls } from "./imports.ts";

/** A value of the shared data, and the number that the next write has to give when it wants to replace just this one. */
export interface SharedValue {
  readonly value: Uint8Array;
  readonly cas: number;
}

/** The shared data of all VMs, as proxy-wasm-cpp-host (shared_data.cc) keeps it. Keys are byte strings. */
export class SharedData {
  readonly #byVm = new Map<string, Map<string, SharedValue>>();
  #nextCas = 1;

  get(vmId: string, key: string): SharedValue | undefined {
    return this.#byVm.get(vmId)?.get(key);
  }

  /** @param cas - 0 writes whatever is there; a key that is missing is written with any */
  set(vmId: string, key: string, value: Uint8Array, cas: number): Status {
    const present = this.get(vmId, key);
    if (present !== undefined && cas !== 0 && cas !== present.cas) {
      return Status.CasMismatch;
    }
    const values = this.of(vmId);
    this.#byVm.set(vmId, values.set(key, { value, cas: this.#nextCas }));
    this.#nextCas = (this.#nextCas + 1) >>> 0 || 1;
    return Status.Ok;
  }

  of(vmId: string): Map<string, SharedValue> {
    return this.#byVm.get(vmId) ?? new Map<string, SharedValue>();
  }

  deleteVm(vmId: string): void {
    this.#byVm.delete(vmId);
  }
}

export function sharedDataCalls(
  data: SharedData,
  vmId: string,
): Pick<HostCalls, "proxy_get_shared_data" | "proxy_set_shared_data"> {
  return {
    proxy_get_shared_data: ({ key }) => data.get(vmId, bytesToByteString(key)) ?? Status.NotFound,
    proxy_set_shared_data: ({ key, value, cas }) => data.set(vmId, bytesToByteString(key), value, cas),
  };
}
