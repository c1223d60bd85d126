/** In the place of an upstream: answers with the request as it arrived there. */
export async function echo(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = [...request.headers].map(([name, value]) => `${name}: ${value}\n`).join("");
  const body = await request.text();
  return new Response(`${request.method} ${pathname}${search}\n${headers}${body === "" ? "" : `\n${body}`}`, {
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
