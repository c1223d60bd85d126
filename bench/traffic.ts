import type { FilterName } from "./modules.ts";

/** The requests that a filter is measured with, and the responses to them. */
export interface Traffic {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** undefined: none. */
  readonly requestBody?: string;
  readonly responseBody: string;
  /** What the filter makes of the bodies. */
  readonly upstreamSees: string;
  readonly clientSees: string;
  /** How many calls the filter makes for a request. */
  readonly calls: number;
}

export const CALL_RESPONSE = "from back-python\n";
const RESPONSE = "from upstream\n";
const KIB = 1024;

const GET: Traffic = {
  method: "GET",
  path: "/jump",
  responseBody: RESPONSE,
  upstreamSees: "",
  clientSees: RESPONSE,
  calls: 0,
};

export const TRAFFIC: Readonly<Record<FilterName, Traffic>> = {
  header: GET,
  call: { ...GET, calls: 1 },
  jump: { ...GET, calls: 1 },
  body: post("/text", textOf(KIB)),
  rewrite: rewritten("/page", pageOf(8 * KIB)),
  json: { ...post("/order", orderOf(8 * KIB)), upstreamSees: checked(orderOf(8 * KIB)) },
};

function post(path: string, requestBody: string): Traffic {
  return { ...GET, method: "POST", path, requestBody, upstreamSees: requestBody };
}

function rewritten(path: string, responseBody: string): Traffic {
  const clientSees = responseBody.replaceAll("http://internal.example", "https://www.example.com");
  return { ...GET, path, responseBody, clientSees };
}

function checked(order: string): string {
  return JSON.stringify({ ...(JSON.parse(order) as object), status: "checked" });
}

/** A text of so many bytes. */
export function textOf(bytes: number): string {
  return "All work and no play makes a dull benchmark.\n".repeat(Math.ceil(bytes / 45)).slice(0, bytes);
}

/** A page of about so many bytes with a link in each half KiB. */
export function pageOf(bytes: number): string {
  const link = '<a href="http://internal.example/jump">jump</a>\n';
  const part = `${link}${textOf(KIB / 2 - link.length)}`;
  return `<html><body>\n${part.repeat(Math.ceil(bytes / part.length))}</body></html>\n`;
}

/** JSON of about so many bytes: strings, numbers, lists, objects. Each library writes it in the same length. */
export function orderOf(bytes: number): string {
  const items: object[] = [];
  const order = { id: 4711, status: "new", customer: { name: "Ada Lovelace", vip: true, note: null }, items };
  for (let at = 0; JSON.stringify(order).length < bytes; at++) {
    items.push({
      sku: `A-${1000 + at}`,
      name: `part number ${at}`,
      quantity: (at % 7) + 1,
      price: at + 0.5,
      tags: ["a", "b"],
    });
  }
  return JSON.stringify(order);
}
