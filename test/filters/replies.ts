/** The filter of the tests of local replies and calls: the path says in which hook. */

import { bytesConfig, defineFilter, encodeUtf8, fetch, Response } from "proxy-wasm-ts";

const reply = (where: string) =>
  new Response(`from ${where}`, { status: 418, headers: { "x-where": where }, grpcStatus: 7 });

export default defineFilter({
  config: bytesConfig((bytes) => [...bytes]),
  state: () => ({ path: "" }),
  requestBody: "whole",

  async onRequestHeaders(request, { config, log }) {
    request.state.path = request.path;
    switch (request.path) {
      case "/request-headers":
        return reply("request headers");
      case "/request-headers-later":
        await fetch("/", { cluster: "other" });
        return reply("request headers later");
      case "/config":
        return new Response(config.join(" "));
      case "/close":
        request.close();
        return undefined;
      case "/calls": {
        const answers = await Promise.all(
          ["a", "b", "c"].map((name) =>
            fetch(`/${name}`, {
              cluster: "other",
              method: "POST",
              headers: { "x-name": name },
              body: encodeUtf8(name),
              trailers: { "x-trailer": name },
            }),
          ),
        );
        const chained = await fetch(`/${answers.map((answer) => answer.text()).join("-")}`, { cluster: "other" });
        log.info(`answers ${answers.map(({ trailers }) => trailers.get("x-end") ?? "none").join()}`);
        return new Response(chained.text());
      }
      default:
        return undefined;
    }
  },

  onRequestBody: (request) => (request.state.path === "/request-body" ? reply("request body") : undefined),
  onRequestTrailers: (request) => (request.state.path === "/request-trailers" ? reply("request trailers") : undefined),

  async onResponseHeaders(response) {
    switch (response.state.path) {
      case "/response-headers":
        response.state.path = ""; // the reply passes through here, too
        return reply("response headers");
      case "/response-headers-later":
        response.state.path = "";
        await fetch("/", { cluster: "other" });
        return reply("response headers later");
      default:
        return undefined;
    }
  },

  async onResponseTrailers(response) {
    if (response.state.path === "/slow-trailers") {
      const answer = await fetch("/x", { cluster: "other" });
      response.trailers.set("x-called", answer.text());
    }
  },
});
