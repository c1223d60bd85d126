// Runs on Node versions that the rest cannot run on: syntax and functions of Node 14 only, and no imports.

const OLDEST = 20;

/**
 * What to say to the user of a Node that is too old; undefined when it is new enough.
 *
 * @param version - as in `process.versions.node`
 */
export function unsupportedNode(version: string): string | undefined {
  const major = Number(version.split(".")[0]);
  return major >= OLDEST
    ? undefined
    : `proxy-wasm-ts needs Node ${OLDEST} or newer, and this is Node ${version}. ` +
        `Install a newer one (nodejs.org, or "nvm install ${OLDEST}") and run the command again.`;
}
