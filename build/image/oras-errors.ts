/** What oras says when it cannot push, and what to do about it. */

import { CommandError } from "../errors.ts";
import type { PushOptions } from "./oras.ts";

interface Reason {
  readonly pattern: RegExp;
  readonly when?: (options: PushOptions) => boolean;
  readonly text: (registry: string, options: PushOptions) => string;
}

/** The first that fits. */
const REASONS: readonly Reason[] = [
  {
    pattern: /connection refused/,
    text: (registry) =>
      `nothing listens at ${registry}: the connection was refused. Look at the registry's host and port.`,
  },
  {
    pattern: /no such host|server misbehaving|name resolution/,
    text: (registry) => `there is no host ${registry}. Look at the registry's name, and at this machine's DNS.`,
  },
  {
    pattern: /server gave HTTP response to HTTPS client/,
    text: () => "the registry speaks plain HTTP. Add --plain-http, if the network in between is yours.",
  },
  {
    // What servers with TLS answer to plain HTTP.
    pattern: /HTTP request to an HTTPS server|\b400\b/,
    when: ({ plainHttp }) => plainHttp,
    text: () => "the registry speaks HTTPS, as it seems. Leave out --plain-http.",
  },
  {
    pattern: /x509: |certificate/,
    text: (_registry, { caFile }) =>
      caFile === undefined
        ? "the registry's certificate is signed by nobody that this machine knows. Name its authority with --ca-file FILE.pem."
        : `the registry's certificate does not fit the authority in ${caFile}. Look at both, and at the name in the certificate.`,
  },
  {
    pattern: /\b401\b|unauthorized|basic credential not found/i,
    text: (registry, { login }) =>
      login === undefined
        ? `the registry wants a login that it does not get. Run "oras login ${registry}", or add --username NAME --password-stdin.`
        : `the registry does not accept the password of ${JSON.stringify(login.username)}. Look at both.`,
  },
  {
    pattern: /\b403\b|denied|forbidden/i,
    text: (_registry, { login }) =>
      `the registry does not let ${login === undefined ? "this login" : JSON.stringify(login.username)} write there. ` +
      "Ask for the right to push, or look at the image's path.",
  },
  {
    pattern: /\b405\b|unsupported|read-only/i,
    text: () =>
      "the registry takes nothing: it is read-only, or a mirror. Push to the registry that it mirrors, or later.",
  },
  {
    pattern: /\b(?:404|name unknown|not found)\b/i,
    text: (registry) => `${registry} has no such place. Look at the image's path; some registries want it made first.`,
  },
  {
    pattern: /\b(?:429|5\d\d)\b|timeout|deadline exceeded|\bEOF\b|reset by peer/,
    text: () => "the registry did not answer as it should. Try again later; its own log says more.",
  },
];

/** @param output - everything that oras wrote */
export function orasFailure(name: string, output: string, options: PushOptions): CommandError {
  const said = output
    .split("\n")
    .filter(
      (line) => line.trim() !== "" && !/^(?:Copying|Copied|Uploading|Uploaded|Exists|Skipped|Mounted)\b/.test(line),
    )
    .join("\n")
    .trim();
  const registry = name.slice(0, name.indexOf("/"));
  const reason = REASONS.find(({ pattern, when }) => pattern.test(said) && when?.(options) !== false);
  const text = reason === undefined ? "oras says why below." : reason.text(registry, options);
  return new CommandError(`cannot push ${name}: ${text}\noras: ${said.replace(/^Error: /, "")}`);
}
