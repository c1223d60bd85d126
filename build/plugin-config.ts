import { readFile } from "node:fs/promises";

import { displayPath, messageWithFrame } from "./code-frame.ts";
import { CommandError, fileErrorReason } from "./errors.ts";

/**
 * Reads a plugin configuration, as it will be given to the filter.
 *
 * @param file - one whose name ends in .json must be JSON; any other is text
 * @throws CommandError when it cannot be read, or is not JSON
 */
export async function readPluginConfig(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new CommandError(
      `cannot read ${displayPath(file)}: ${fileErrorReason(cause)}. Name the file of the plugin configuration.`,
      { cause },
    );
  });
  if (!/\.json$/i.test(file)) {
    return text;
  }
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new CommandError(jsonMessage(file, text, cause), { cause });
  }
  return text.trim();
}

/** Node names the place in some of its messages. */
function jsonMessage(file: string, text: string, error: unknown): string {
  const reason = (error instanceof Error ? error.message : String(error)).replace(/ \(line \d+ column \d+\)$/, "");
  const found = / at position (\d+)/.exec(reason)?.[1];
  const hint = "A configuration that is no JSON goes into a file with another ending.";
  if (text.trim() === "") {
    return `${displayPath(file)} - error: the plugin configuration is empty, which is no JSON. ${hint}`;
  }
  const at = found === undefined ? text.trimEnd().length : Number(found);
  const before = text.slice(0, at).split("\n");
  const position = { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  const what = reason.replace(/(, "[^]*" is not valid JSON| in JSON)?( at position \d+)?$/, "");
  return messageWithFrame(position, `the plugin configuration is no JSON: ${what}. ${hint}`, text, 1);
}
