import { defineFilter } from "proxy-wasm-ts";

/** Puts the outside's address in the place of the inside's, wherever a page names it. */
export default defineFilter({
  responseBody: "rewrite",

  onResponseBody(response) {
    const page = response.body.text();
    response.body.set(page.replaceAll("http://internal.example", "https://www.example.com"));
  },
});
