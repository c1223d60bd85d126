/** What Istio's fetcher says of images that it cannot use. docs/DEPLOY.md quotes it: quotes.test.ts compares. */
export const FETCH_ERRORS = {
  "a wrong checksum": "which does not match:",
  "a cut layer": "failed to read plugin.wasm: unexpected EOF",
  "a layer cut in the registry": "does not match expected size",
  "a layer of zstd": "invalid media type application/vnd.oci.image.layer.v1.tar+zstd",
  "a third layer": "number of layers must be 2 but got 3",
  "another file name": "plugin.wasm not found in the archive",
  "no module": "fetched Wasm binary from",
  "another platform": "no child with platform linux/amd64 in index",
  "an unknown tag": "MANIFEST_UNKNOWN: manifest unknown",
  "no login": "UNAUTHORIZED: authentication required",
  "a realm that is no URL": "rejected unsafe bearer realm",
  "an unknown authority": "x509: certificate signed by unknown authority",
  "nobody there": "connect: connection refused",
} as const;

export type FetchError = keyof typeof FETCH_ERRORS;
