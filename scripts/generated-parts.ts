/**
 * A document with what was generated between its marks, `<!-- generated: NAME -->` and `<!-- end: NAME -->`.
 *
 * @param name - how messages call the document
 * @throws Error when a mark is missing
 */
export function withGeneratedParts(document: string, parts: Readonly<Record<string, string>>, name: string): string {
  let text = document;
  for (const [part, content] of Object.entries(parts)) {
    const [start, end] = [`<!-- generated: ${part} -->`, `<!-- end: ${part} -->`];
    const [from, to] = [text.indexOf(start), text.indexOf(end)];
    if (from < 0 || to < from) {
      throw new Error(`${name} has no "${start}" with "${end}" after it`);
    }
    text = `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`;
  }
  return text;
}
