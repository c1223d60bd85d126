import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";

import { displayPath } from "../code-frame.ts";
import { formatBytes } from "../format.ts";
import { pushImage } from "../image/oras.ts";
import type { PushOptions } from "../image/oras.ts";
import { parseTag } from "../image/reference.ts";
import { UsageError } from "./command.ts";
import type { Command } from "./command.ts";
import { IMAGE_OPTIONS, IMAGE_OPTIONS_HELP, imageOf, readAnnotations, readFormat } from "./image-options.ts";

const DEFAULT_MODULE = "dist/filter.wasm";

const HELP = `Usage: proxy-wasm-ts push IMAGE [FILE.wasm] [options]

Packs a Proxy-Wasm module into an image and pushes it to a registry with the program oras. IMAGE is a whole name with a tag, such as
registry.example.com/team/filter:v1; FILE.wasm is ${DEFAULT_MODULE} by default. Prints the image's name with its digest, which a
manifest should pin: a tag can be moved. The tag is set last, when the registry has all of the image.

Options:
${IMAGE_OPTIONS_HELP}
      --username NAME        log in to the registry; default: what oras login, docker login or a credential helper knows
      --password-stdin       the password of --username, or a token, is read from standard input
      --registry-config FILE a file of logins (such as ~/.docker/config.json) in the place of yours
      --ca-file FILE         the certificate of the authority that has signed the registry's
      --insecure             do not check the registry's certificate
      --plain-http           HTTP instead of HTTPS, for a registry on your own machine or network
      --oras FILE            the program oras; default: the environment's ORAS, or oras on the PATH
  -h, --help                 show this

Exit status: 0 pushed, 1 the image cannot be made or pushed, 2 wrong usage`;

const OPTIONS = {
  ...IMAGE_OPTIONS,
  username: { type: "string", short: "u" },
  "password-stdin": { type: "boolean" },
  "registry-config": { type: "string" },
  "ca-file": { type: "string" },
  insecure: { type: "boolean" },
  "plain-http": { type: "boolean" },
  oras: { type: "string" },
} as const;

export const pushCommand: Command = {
  help: HELP,
  run: async (args, print) => {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [name, file = DEFAULT_MODULE, ...rest] = positionals;
    if (name === undefined || rest.length > 0) {
      throw new UsageError(
        `push takes the name of an image and a module, not ${name === undefined ? "nothing" : positionals.join(" ")}`,
      );
    }
    const target = parseTag(name);
    const format = readFormat(values.format);
    const annotations = readAnnotations(values.annotation);
    const image = await imageOf(file, format, annotations, print);
    const options: PushOptions = {
      plainHttp: values["plain-http"] === true,
      insecure: values.insecure === true,
      caFile: values["ca-file"],
      registryConfig: values["registry-config"],
      login: await readLogin(values.username, values["password-stdin"] === true),
      oras: values.oras ?? nonEmpty(process.env["ORAS"]),
    };
    const digest = await pushImage(image, target, options);
    const size = image.layers.reduce((sum, { bytes }) => sum + bytes.length, 0);
    print.err(`pushed ${displayPath(file)} to ${name} (${format}, ${formatBytes(size)}). Pin it by its digest:`);
    print.out(`${target.registry}/${target.repository}@${digest}`);
  },
};

async function readLogin(username: string | undefined, stdin: boolean): Promise<PushOptions["login"]> {
  if (username === undefined && !stdin) {
    return undefined;
  }
  if (username === undefined || !stdin) {
    throw new UsageError(
      "--username and --password-stdin go together: a password on the command line is seen by others",
    );
  }
  // As `echo` and files have it: with a line end, which no password has.
  const password = (await text(process.stdin)).replace(/\r?\n$/, "");
  if (password === "") {
    throw new UsageError("--password-stdin: there is no password on standard input");
  }
  return { username, password };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}
