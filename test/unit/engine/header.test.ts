import { expect, test } from "vitest";

import { abiHeader } from "../../../build/engine/header.ts";

test("the header has the ABI's numbers and host calls in C", () => {
  const header = abiHeader();
  expect(header).toContain("  PROXY_STATUS_BAD_ARGUMENT = 2,\n");
  expect(header).toContain("  PROXY_MAP_TYPE_HTTP_CALL_RESPONSE_HEADERS = 6,\n");
  expect(header).toContain(
    "IMPORT(proxy_get_header_map_value) uint32_t proxy_get_header_map_value(uint32_t map_type, " +
      "const char *key_data, size_t key_size, char **value_data, size_t *value_size);\n",
  );
  expect(header).toContain("IMPORT(proxy_done) uint32_t proxy_done(void);\n");
});
