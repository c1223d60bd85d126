import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { TestHost } from "proxy-wasm-ts/testing";
import type { GrpcServices } from "proxy-wasm-ts/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

import { buildFilter } from "../../build/pipeline.ts";
import { tempProject } from "../../test/temp-project.ts";
import type { TempProject } from "../../test/temp-project.ts";
import { BlockedUsersSchema, CheckRequestSchema, CheckResponseSchema } from "./auth_pb.ts";
import type { CheckRequest } from "./auth_pb.ts";

let project: TempProject;
beforeAll(async () => {
  project = await tempProject({});
  await buildFilter({ entry: "examples/grpc-protobuf/filter.ts", outfile: project.path("filter.wasm") });
});
afterAll(() => project[Symbol.asyncDispose]());

/** The auth service, and what it was asked. */
function auth(blocked: readonly string[] = []): { grpc: GrpcServices; asked: CheckRequest[] } {
  const asked: CheckRequest[] = [];
  const services = {
    "example.auth.v1.Auth/Check": (message: Uint8Array) => {
      const request = fromBinary(CheckRequestSchema, message);
      asked.push(request);
      if (request.token === "") {
        throw Object.assign(new Error("no token"), { code: 16 });
      }
      const user = request.token.toUpperCase();
      const expiresAt = 18_446_744_073_709_551_615n;
      const allowed = request.path !== "/admin";
      return toBinary(
        CheckResponseSchema,
        create(CheckResponseSchema, { allowed, user, roles: ["a", "\u00e9"], expiresAt }),
      );
    },
    "example.auth.v1.Auth/WatchBlocked": {
      stream: async function* () {
        yield toBinary(BlockedUsersSchema, create(BlockedUsersSchema, { added: [...blocked] }));
        await new Promise(() => undefined);
      },
    },
  };
  return { grpc: { auth: services }, asked };
}

test("a request goes on with what the service says of its user", async () => {
  const { grpc, asked } = auth();
  const seen: (string | null)[] = [];
  await using host = await TestHost.load(project.path("filter.wasm"), {
    grpc,
    upstream: ({ headers }) => {
      seen.push(headers.get("x-user"), headers.get("x-expires"));
      return new Response("hello");
    },
  });
  const headers = { authorization: "Bearer anna", "user-agent": "test" };
  expect((await host.fetch("http://shop/cart", { headers })).status).toBe(200);
  expect(asked).toMatchObject([{ token: "anna", path: "/cart", headers: { "user-agent": "test" } }]);
  expect(seen).toEqual(["ANNA", "18446744073709551615"]);
});

test("others are answered with 401 or 403", async () => {
  const { grpc } = auth();
  await using host = await TestHost.load(project.path("filter.wasm"), { grpc });
  expect((await host.fetch("http://shop/cart")).status).toBe(401);
  const headers = { authorization: "Bearer anna" };
  expect((await host.fetch("http://shop/admin", { headers })).status).toBe(403);
});

test("a user who is blocked by the stream is refused", async () => {
  const { grpc } = auth(["ANNA"]);
  await using host = await TestHost.load(project.path("filter.wasm"), { grpc });
  const status = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await host.fetch("http://shop/cart", { headers })).status;
  };
  await expect.poll(() => host.logs.map(({ message }) => message)).toContain("blocked users: ANNA");
  expect(await status("anna")).toBe(403);
  expect(await status("ben")).toBe(200);
});
