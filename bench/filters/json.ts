import { defineFilter } from "proxy-wasm-ts";

interface Order {
  status: string;
}

/** Parses the request's body, changes one field, and writes it back. */
export default defineFilter({
  requestBody: "rewrite",

  onRequestBody(request) {
    const order = request.body.json() as Order;
    order.status = "checked";
    request.body.set(JSON.stringify(order));
  },
});
