/** Stand-in for the part of `k6/http` that the scripts use. */
interface Params {
  readonly headers?: Readonly<Record<string, string>>;
}

async function asyncRequest(method: string, url: string, body: string, params: Params) {
  const response = await fetch(url, { method, body, headers: { ...params.headers } });
  return { status: response.status, body: await response.text() };
}

export default { asyncRequest };
