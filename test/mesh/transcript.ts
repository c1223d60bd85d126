/** Shows who runs the tests what a user would see. */

/** A command and what it has printed. @returns that */
export function showCommand(command: string, output: string): string {
  console.log(`$ ${command}\n${output.trimEnd()}`);
  return output;
}

/** What a program has logged. @returns that */
export function showLog(name: string, lines: string): string {
  console.log(lines.trimEnd().replaceAll(/^/gm, `${name} | `));
  return lines;
}
