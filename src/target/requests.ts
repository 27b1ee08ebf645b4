/** What kinds share in making requests. */
import type { HttpAnswer, HttpRequest } from './call/http.ts';
import type { ChangeDelivery, Kind, Verdict } from './kind.ts';

/** A POST of JSON. */
export function postJson(
  url: string,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpRequest & { readonly body: string } {
  const body = JSON.stringify(value);
  return { method: 'POST', url, headers: { 'content-type': 'application/json', ...headers }, body };
}

/** The two members of a kind that sends one request. */
export function sending<Settings>(
  request: (delivery: ChangeDelivery, settings: Settings) => HttpRequest,
  judge: (answer: HttpAnswer, delivery: ChangeDelivery) => Verdict,
): Pick<Kind<Settings>, 'deliver' | 'describe'> {
  return {
    async deliver(delivery, settings, reach) {
      return judge(await reach.http(request(delivery, settings)), delivery);
    },
    describe: (delivery, settings) => showRequest(request(delivery, settings)),
  };
}

/** The request as text, as an HTTP message has it. */
export function showRequest({ method, url, headers, body }: HttpRequest): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${url}`, ...lines, ...(body === null ? [] : ['', body])].join('\n');
}
