import { readFile } from "node:fs/promises";

import * as esbuild from "esbuild";

import { displayPath } from "./code-frame.ts";
import { CommandError, fileErrorReason } from "./errors.ts";
import { firstMessage } from "./steps/bundle-errors.ts";

/**
 * Reads a plugin configuration, as it will be given to the filter.
 *
 * @param file - absolute path of a file; one whose name ends in .json must be JSON, any other is text
 * @throws CommandError when it cannot be read, or is not JSON
 */
export async function readPluginConfig(file: string): Promise<string> {
  const text = await readConfigFile(file);
  if (!/\.json$/i.test(file)) {
    return text;
  }
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new CommandError(await jsonMessage(file, text), { cause });
  }
  return text.trim();
}

/** @throws CommandError when it cannot be read */
export async function readConfigFile(file: string): Promise<string> {
  return await readFile(file, "utf8").catch((cause: unknown) => {
    throw new CommandError(
      `cannot read ${displayPath(file)}: ${fileErrorReason(cause)}. Name the file of the plugin configuration.`,
      { cause },
    );
  });
}

/** Node does not always tell the place of a mistake. */
async function jsonMessage(file: string, text: string): Promise<string> {
  const hint = "A configuration that is no JSON goes into a file with another ending.";
  const what = "the plugin configuration is no JSON";
  try {
    await esbuild.transform(text, { loader: "json", sourcefile: file, logLevel: "silent" });
  } catch (error) {
    const message = text.trim() === "" ? undefined : firstMessage(error, (reason) => `${what}: ${reason}. ${hint}`);
    if (message !== undefined) {
      return message;
    }
  }
  return `${displayPath(file)} - error: ${text.trim() === "" ? `${what}: it is empty` : what}. ${hint}`;
}
