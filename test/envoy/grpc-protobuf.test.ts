import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { buildFilter } from "../../build/pipeline.ts";
import { BlockedUsersSchema, CheckRequestSchema, CheckResponseSchema } from "../../examples/grpc-protobuf/auth_pb.ts";
import { tempProject } from "../temp-project.ts";
import { startFilter } from "./filter.ts";
import { all, startGrpcUpstream } from "./grpc-upstream.ts";
import type { GrpcMethod } from "./grpc-upstream.ts";

const check: GrpcMethod = async ({ messages, send }) => {
  const { token, path } = fromBinary(CheckRequestSchema, Buffer.concat(await all(messages)));
  if (token === "") {
    return { "grpc-status": "16", "grpc-message": "no token" };
  }
  const answer = {
    allowed: path !== "/admin",
    user: token.toUpperCase(),
    roles: ["a", "b"],
    expiresAt: 2n ** 64n - 1n,
  };
  send(toBinary(CheckResponseSchema, create(CheckResponseSchema, answer)));
  return undefined;
};

const watchBlocked: GrpcMethod = async ({ send, reset }) => {
  send(toBinary(BlockedUsersSchema, create(BlockedUsersSchema, { added: ["EVE", "MALLORY"] })));
  send(toBinary(BlockedUsersSchema, create(BlockedUsersSchema, { removed: ["MALLORY"] })));
  await reset;
  return undefined;
};

test("the example with protobuf messages asks a real service", async () => {
  await using project = await tempProject({});
  const outfile = project.path("filter.wasm");
  await buildFilter({ entry: "examples/grpc-protobuf/filter.ts", outfile });
  await using auth = await startGrpcUpstream({
    "/example.auth.v1.Auth/Check": check,
    "/example.auth.v1.Auth/WatchBlocked": watchBlocked,
  });
  await using filter = await startFilter(outfile, { clusters: { auth: auth.url }, http2: ["auth"] });
  await filter.envoy.waitForFilterLog(/blocked users: EVE$/);
  const ask = async (path: string, token?: string) =>
    (await fetch(filter.url + path, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }))
      .status;
  expect(await ask("/cart", "anna")).toBe(200);
  expect(filter.upstream.requests.at(-1)?.headers).toMatchObject({
    "x-user": "ANNA",
    "x-roles": "a,b",
    "x-expires": "18446744073709551615",
  });
  expect(await ask("/cart")).toBe(401);
  expect(await ask("/admin", "anna")).toBe(403);
  expect(await ask("/cart", "mallory")).toBe(200);
  expect(await ask("/cart", "eve")).toBe(403);
});
