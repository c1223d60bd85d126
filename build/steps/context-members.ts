/** `every` with a function first, or with one argument only: that of an array. */
const OF_AN_ARRAY = /\.every\(\s*(?:(?:async\s*)?(?:\([^()]*\)|[\w$]+)\s*=>|(?:async\s+)?function\b|[\w$.]+\s*\))/g;

/** A member, a part of a pattern, or a computed name. */
const EVERY = /\.every\b|[{,]\s*every\s*[,:}=]|["'`]every["'`]/;

/**
 * Whether a bundle's code uses `every` of a plugin's context. It is a member only then, since timers make a module export
 * `proxy_on_tick`. To find it by mistake costs bytes and a callback that no host calls, no more.
 */
export function usesEvery(script: string): boolean {
  return EVERY.test(script.replaceAll(OF_AN_ARRAY, ""));
}
