/** Any tool with an HTTP API: a request with placeholders, and rules that say what the answer means. */
import { z } from 'zod';
import { choice, mappingRule, text } from '../../config/settings/values.ts';
import { answerRules, judgeBy } from '../answer-rules.ts';
import type { HttpRequest } from '../call/http.ts';
import { type ChangeDelivery, type Kind, pushTypes, type SettingFault } from '../kind.ts';
import { bearer, completeUrl, token } from '../members.ts';
import { showRequest } from '../requests.ts';
import { type Escape, faultsOfTemplate, fill, mapStrings, splitAtPlaceholders } from '../template.ts';

const placed = `Placeholders such as \`\${change.repository}\` are replaced`;
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
const headerRule = 'must have names of headers: letters, digits and "-", at most 64';
/** RFC 9110, 7.6.1, and those by which the body is framed. */
const ofConnection: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'expect', 'keep-alive', 'proxy-connection', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade'],
]);

const members = z.strictObject({
  url: completeUrl().describe(`Where to send; complete. ${placed}, percent-encoded`),
  method: choice(['DELETE', 'GET', 'PATCH', 'POST', 'PUT']).default('POST').describe('Method of the request'),
  token: token().optional().describe('Bearer token'),
  headers: z
    .record(
      z.string().regex(headerName),
      text('printable ASCII characters', /^[\x20-\x7e]+$/).meta({ secret: true }),
      { error: mappingRule('header names to values', headerRule) },
    )
    .optional()
    .describe(`More headers, whose values are secret. ${placed}`),
  json: z
    .unknown()
    .optional()
    .meta({ secret: 'variables' })
    .describe(`Body: any value, sent as JSON. ${placed} in its strings`),
  form: z
    .record(z.string(), text('a string'), { error: 'must be a mapping of names to strings' })
    .optional()
    .meta({ secret: 'variables' })
    .describe(`Body: a form. ${placed} in its values`),
  text: text('a text').optional().meta({ secret: 'variables' }).describe(`Body: a text. ${placed}`),
  markup: choice(['none', 'html', 'markdown', 'slack'])
    .default('none')
    .describe('For which markup the values in the body are escaped'),
  ...answerRules,
});

type Settings = z.output<typeof members>;

const entities: Escape = (value) => value.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);

const markups: Readonly<Record<Settings['markup'], Escape>> = {
  none: (value) => value,
  html: entities,
  // Slack, "Formatting message text": only these three.
  slack: (value) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  // CommonMark 2.4: any ASCII punctuation may be escaped.
  markdown: (value) => value.replace(/[\\`*_{}[\]()<>#+!|~@-]/g, '\\$&'),
};

/** Percent-encodes what may not stand in a header. */
const forHeader: Escape = (value) => value.replace(/[^\x20-\x7e]+/gu, encodeURIComponent);

export function request(delivery: ChangeDelivery, settings: Settings): HttpRequest {
  const { url, method, token, headers = {}, markup } = settings;
  const own = Object.entries(headers).map(([name, value]) => [
    name.toLowerCase(),
    fill(value, delivery, forHeader),
  ]);
  const { type, body } = bodyOf(settings, (template) => fill(template, delivery, markups[markup]));
  const common = { ...(type === null ? {} : { 'content-type': type }), ...(token && bearer(token)) };
  return {
    ...{ method, url: fill(url, delivery, encodeURIComponent), body },
    headers: { ...common, ...Object.fromEntries(own) },
  };
}

function bodyOf({ json, form, text }: Settings, filled: (template: string) => string) {
  if (json !== undefined) return { type: 'application/json', body: JSON.stringify(mapStrings(json, filled)) };
  if (text !== undefined) return { type: 'text/plain; charset=utf-8', body: filled(text) };
  if (form === undefined) return { type: null, body: null };
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) fields.set(name, filled(value));
  return { type: 'application/x-www-form-urlencoded', body: fields.toString() };
}

/** A header that the connection or another member sets, or that is there twice: their case does not count. */
function faultsOfHeaders({ headers = {}, token }: Settings): readonly SettingFault[] {
  const names = Object.keys(headers);
  const lower = names.map((name) => name.toLowerCase());
  return names.flatMap((name, index) => {
    const key = `headers.${name}`;
    const id = name.toLowerCase();
    const first = names[lower.indexOf(id)];
    if (first !== name && lower.indexOf(id) !== index)
      return [{ key, message: `must differ from headers.${first}: case does not count` }];
    if (ofConnection.has(id)) return [{ key, message: 'must be left out, because the connection sets it' }];
    if (id === 'host') return [{ key, message: 'must be left out, because it is the host of url' }];
    if (id !== 'authorization' || token === undefined) return [];
    return [{ key, message: 'must be left out, because token is sent in it: must have one of the two' }];
  });
}

/** An unknown placeholder, more than one body, or a body of a GET. */
function faults(settings: Settings): readonly SettingFault[] {
  const { url, headers, method, json, form, text } = settings;
  const wrong = [
    ...Object.entries({ url, headers, json, form, text }).flatMap(([key, value]) =>
      faultsOfTemplate(key, value),
    ),
    ...faultsOfHeaders(settings),
  ];
  // A change must not choose the host that gets the headers.
  if (/^[^:]*:\/\/[^/?]*\$\{/.test(url))
    wrong.push({ key: 'url', message: 'a placeholder in the host: must be in path or query' });
  const bodies = Object.entries({ json, form, text }).filter(([, body]) => body !== undefined);
  const [body] = bodies.slice(method === 'GET' ? 0 : 1);
  if (body === undefined) return wrong;
  const why = method === 'GET' ? 'method is GET' : 'there is another body';
  return [...wrong, { key: body[0], message: `must be without it, because ${why}` }];
}

/** Of path and query only the placeholders stay: the rest may be a secret. */
function withoutLiterals(url: string): string {
  const [, origin = '', rest = ''] = /^([^:]*:\/\/[^/?]*)\/?(.*)$/s.exec(url) ?? [];
  return `${origin}/${splitAtPlaceholders(rest)
    .map((piece, at) => (at % 2 === 1 || piece === '' ? piece : '***'))
    .join('')}`;
}

export const http: Kind<Settings> = {
  name: 'http',
  members,
  templates: ['url', 'headers', 'json', 'form', 'text'],
  defaults: { timeoutMs: 30_000, coalesceMs: 5_000, concurrency: 1, types: pushTypes },
  deletes: true,
  replays: true,
  needsReference: false,
  faults,
  async deliver(delivery, settings, reach) {
    return judgeBy(settings, await reach.http(request(delivery, settings)), delivery.nowMs);
  },
  describe(delivery, settings) {
    const { headers, ...others } = request(delivery, settings);
    const own = Object.keys(settings.headers ?? {}).map((name) => [name.toLowerCase(), '***']);
    const url = fill(withoutLiterals(settings.url), delivery, encodeURIComponent);
    return showRequest({ ...others, url, headers: { ...headers, ...Object.fromEntries(own) } });
  },
};
