import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { http, request } from '../../../../src/target/kinds/http.ts';
import { answer, delivery, scriptedReach, wireChange } from '../../../support/target-samples.ts';

const url = 'https://tool.example.com/api';

/** Settings as the configuration gives them. */
function settingsOf(members: object) {
  return http.members.parse({ url, ...members }) as z.output<typeof http.members> &
    Parameters<typeof request>[1];
}

const hostile = wireChange({ mediaType: '"}\r\n<b>&[x](y)é' });

describe('the request of an http target', () => {
  it('is a POST without a body by default', () => {
    expect(request(delivery(), settingsOf({}))).toEqual({ method: 'POST', url, headers: {}, body: null });
  });

  it('has placeholders escaped for where they stand', () => {
    const given = delivery({ mediaType: hostile.mediaType });
    const settings = {
      url: `${url}/\${change.repository}?type=\${change.mediaType}`,
      headers: { 'x-type': `is \${change.mediaType}` },
    };
    const json = request(
      given,
      settingsOf({ ...settings, json: { a: [`<\${change.mediaType}>`, 1, null], b: true } }),
    );
    expect(json.url).toBe(`${url}/library%2Fnginx?type=%22%7D%0D%0A%3Cb%3E%26%5Bx%5D(y)%C3%A9`);
    expect(json.headers).toEqual({
      'content-type': 'application/json',
      'x-type': 'is "}%0D%0A<b>&[x](y)%C3%A9',
    });
    expect(JSON.parse(json.body ?? '')).toEqual({ a: [`<${hostile.mediaType}>`, 1, null], b: true });
    const form = request(given, settingsOf({ form: { type: `\${change.mediaType}`, x: 'a&b' } }));
    expect(form.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect([...new URLSearchParams(form.body ?? '')]).toEqual([
      ['type', hostile.mediaType],
      ['x', 'a&b'],
    ]);
    expect(request(given, settingsOf({ text: `is \${change.mediaType}` })).body).toBe(
      `is ${hostile.mediaType}`,
    );
  });

  it.each([
    ['none', '_a_ "}\r\n<b>&[x](y)é'],
    ['html', '_a_ &#34;}\r\n&#60;b&#62;&#38;[x](y)é'],
    ['slack', '_a_ "}\r\n&lt;b&gt;&amp;[x](y)é'],
    ['markdown', '_a_ "\\}\r\n\\<b\\>&\\[x\\]\\(y\\)é'],
  ])('escapes values for the markup %s, and leaves the text around them', (markup, body) => {
    const settings = settingsOf({ text: `_a_ \${change.mediaType}`, markup });
    expect(request(delivery({ mediaType: hostile.mediaType }), settings).body).toBe(body);
  });

  it.each([
    ['id', 'abcdefgh-7'],
    ['type', 'tag.updated'],
    ['action', 'updated'],
    ['image', 'nginx'],
    ['reference', 'docker.io/library/nginx:1.27'],
    ['tag', '1.27'],
    ['size', '10229'],
    ['count', '1'],
    ['title', 'nginx: 1.27 updated'],
    ['message', 'docker.io/library/nginx:1.27 updated: sha256:aaaaaaaaaaaa, was sha256:bbbbbbbbbbbb'],
  ])(`knows \${change.%s}`, (name, value) => {
    expect(request(delivery(), settingsOf({ text: `\${change.${name}}` })).body).toBe(value);
  });

  it('leaves what is escaped as the text that it is', () => {
    const literal = `$\${change.tag}`;
    const text = `\${change.tag} ${literal} $${literal} $\${change.oops} $\${change`;
    const sent = `1.27 \${change.tag} $\${change.tag} \${change.oops} \${change`;
    const settings = settingsOf({
      url: `${url}/${literal}/\${change.tag}`,
      json: [text],
      headers: { a: text },
    });
    expect(http.faults?.(settings)).toEqual([]);
    expect(request(delivery(), settings)).toMatchObject({
      ...{ url: `${url}/\${change.tag}/1.27`, headers: { a: sent }, body: JSON.stringify([sent]) },
    });
    expect(request(delivery(), settingsOf({ text })).body).toBe(sent);
    expect(request(delivery(), settingsOf({ form: { text } })).body).toBe(
      new URLSearchParams({ text: sent }).toString(),
    );
    expect(http.describe(delivery(), settings)).toMatch(/^POST https:\/\/tool\.example\.com\/\*\*\*1\.27\n/);
    const [fault] = http.faults?.(settingsOf({ json: { [literal]: 1 } })) ?? [];
    expect(fault?.message).toBe('a placeholder in the name of a member: must be in a value');
  });

  it('has nothing where nothing is known, and says that it is a test', () => {
    const settings = settingsOf({
      text: `\${change.type},\${change.tag},\${change.digest},\${change.reference}`,
    });
    const bare = delivery({ tag: null, digest: null, type: 'manifest.deleted' }, { kind: 'test' });
    expect(request(bare, settings).body).toBe('test,,,docker.io/library/nginx');
  });

  it('sends what is no Unicode as its replacement', () => {
    const settings = { url: `${url}/\${change.mediaType}`, headers: { 'x-type': `\${change.mediaType}` } };
    const { url: sent, headers } = request(delivery({ mediaType: 'a\ud800' }), settingsOf(settings));
    expect([sent, headers['x-type']]).toEqual([`${url}/a%EF%BF%BD`, 'a%EF%BF%BD']);
  });

  it('shows of its URL only the placeholders in a dry run', () => {
    const url = `https://h.test:8443/k3y/\${change.tag}/x?token=t0k&tag=\${change.tag}`;
    expect(http.describe(delivery(), settingsOf({ url }))).toBe('POST https://h.test:8443/***1.27***1.27');
    const host = { url: 'https://h.test' };
    expect(http.describe(delivery(), settingsOf(host))).toBe('POST https://h.test/');
  });

  it('carries the token and the headers, which no dry run shows', () => {
    const settings = settingsOf({
      token: 't',
      headers: { 'x-key': `kkk \${change.tag}`, 'content-type': 'a/b' },
      text: 'x',
    });
    expect(request(delivery(), settings).headers).toEqual({
      ...{ authorization: 'Bearer t', 'x-key': 'kkk 1.27', 'content-type': 'a/b' },
    });
    expect(http.describe(delivery(), settings)).toContain('x-key: ***\n');
    expect(http.describe(delivery(), settings)).not.toContain('kkk');
  });
});

describe('the settings of an http target', () => {
  it.each([
    [{ url: `${url}/\${change.repo}` }, 'url', `\${change.repo}`],
    [{ json: { a: [{ b: `\${change.tag} \${change.oops}` }] } }, 'json.a[0].b', `\${change.oops}`],
    [{ form: { a: `\${change}` } }, 'form.a', `\${change`],
    [{ headers: { 'x-a': `\${change.toString}` } }, 'headers.x-a', `\${change.toString}`],
  ])('with the unknown placeholder of %j stop the start', (members, key, placeholder) => {
    expect(http.faults?.(settingsOf(members))).toEqual([
      { key, message: expect.stringContaining(`${placeholder}: must be one of \${change.id}, `) },
    ]);
  });

  it.each([
    [`to \${change.tag`, [`\${change.tag: must end with "}"`]],
    [
      `to \${change.tag:-x}!`,
      [`\${change.tag:-…: must be without ":-", because a placeholder has no default`],
    ],
    [`\${change.tga}`, [expect.stringMatching(/: must be one of .*: did you mean \$\{change\.tag\}\?$/)]],
    [`\${change.a1} \${change.b1} \${change.digest}`, [expect.any(String), expect.any(String)]],
  ])('say of the placeholders in %j what is wrong', (text, messages) => {
    const faults = http.faults?.(settingsOf({ text, json: undefined })) ?? [];
    expect(faults).toEqual(messages.map((message) => ({ key: 'text', message })));
  });

  it.each([
    [{ Host: 'a' }, 'headers.Host', 'must be left out, because it is the host of url'],
    [{ 'Content-Length': '1' }, 'headers.Content-Length', 'must be left out, because the connection sets it'],
    [{ 'x-a': '1', 'X-A': '2' }, 'headers.X-A', 'must differ from headers.x-a: case does not count'],
    [
      { Authorization: 'a' },
      'headers.Authorization',
      'must be left out, because token is sent in it: must have one of the two',
    ],
  ])('refuse the headers %j', (headers, key, message) => {
    expect(http.faults?.(settingsOf({ headers, token: 't' }))).toEqual([{ key, message }]);
  });

  it('take headers in any case, and send and show them in lower case', () => {
    const settings = settingsOf({ headers: { 'X-Key': 'kkk', 'Content-Type': 'a/b' }, text: 'x' });
    expect(http.faults?.(settings)).toEqual([]);
    expect(request(delivery(), settings).headers).toEqual({ 'content-type': 'a/b', 'x-key': 'kkk' });
    expect(http.describe(delivery(), settings)).toBe(
      `POST ${url}\ncontent-type: ***\nx-key: ***\n\nx`.replace(url, 'https://tool.example.com/***'),
    );
  });

  it.each([
    [{ url: `http://\${change.registry}/x` }, ['url']],
    [{ url: `http://a\${change.tag}?b` }, ['url']],
    [{ url: `http://a?\${change.tag}` }, []],
    [{ json: {}, text: 'a' }, ['text']],
    [{ json: null, form: {} }, ['form']],
    [{ method: 'GET', form: {} }, ['form']],
    [{ method: 'GET' }, []],
    [{ text: `$change \${changes} \${other}` }, []],
  ])('%j have faults in %j', (members, keys) => {
    expect(http.faults?.(settingsOf(members)).map(({ key }) => key)).toEqual(keys);
  });

  it.each([
    [{ headers: { 'x a': '1' } }],
    [{ headers: { '': '1' } }],
    [{ headers: { 'x-a': 'a\r\nb' } }],
    [{ success: { status: [] } }],
    [{ success: { status: [20] } }],
    [{ success: { jsn: {} } }],
    [{ retry: { json: { a: {} } } }],
    [{ method: 'TRACE' }],
  ])('refuse %j', (members) => {
    expect(http.members.safeParse({ url, ...members }).success).toBe(false);
  });
});

describe('the answer of an http target', () => {
  it.each([
    [
      answer(200, '{"result":{"ok":false}}'),
      'success.json does not match: result.ok is false: {"result":{"ok":false}}',
    ],
    [answer(200, '{"result":{}}'), 'success.json does not match: result.ok is missing: {"result":{}}'],
    [
      answer(200, '{"result":{"ok":[1]}}'),
      'success.json does not match: result.ok is no single value: {"result":{"ok":[1]}}',
    ],
    [answer(200, 'hello'), 'success.json does not match: the answer is no JSON: hello'],
    [{ ...answer(200, '{"a'), isWhole: false }, 'success.json does not match: the answer is too long: {"a'],
    [answer(500, 'hello'), 'hello'],
  ])('that is no success says what is missing: %j', async (given, why) => {
    const settings = settingsOf({ success: { json: { 'result.ok': true } } });
    const verdict = await http.deliver(delivery(), settings, scriptedReach(given));
    expect(verdict).toEqual({ kind: 'retry', why: `status ${given.status}: ${why}` });
  });

  it.each([
    [{}, answer(299), 'accepted'],
    [{}, answer(302), 'retry'],
    [{}, answer(404), 'retry'],
    [{}, answer(410), 'stop'],
    [{ success: { status: [200] } }, answer(204), 'retry'],
    [{ success: { status: [404] } }, answer(404), 'accepted'],
    [{ success: { json: { 'a.b': true } } }, answer(200, '{"a":{"b":true}}'), 'accepted'],
    [{ success: { json: { 'a.b': true } } }, answer(200, '{"a":{"b":"true"}}'), 'retry'],
    [{ success: { json: { 'a.0': 1, c: null } } }, answer(200, '{"a":[1],"c":null}'), 'accepted'],
    [{ success: { json: { ok: true } } }, answer(200, '<html>'), 'retry'],
    [{ success: { json: { ok: true } } }, answer(500, '{"ok":true}'), 'retry'],
    [{ success: { json: { toString: null } } }, answer(200, '{}'), 'retry'],
    [{ success: { json: { ok: true } } }, { ...answer(200, '{"ok":true}'), isWhole: false }, 'retry'],
    [{ retry: { status: [429, 503] } }, answer(503), 'retry'],
    [{ retry: { status: [429, 503] } }, answer(400), 'refused'],
    [{ retry: { json: { again: true } } }, answer(400, '{"again":true}'), 'retry'],
    [{ retry: { json: { again: true } } }, answer(400, '{}'), 'refused'],
    [{ stop: { status: [403, 404] } }, answer(404), 'stop'],
    [{ stop: { status: [403, 404] } }, answer(410), 'retry'],
  ])('by the rules %j is judged: %j: %s', async (rules, given, kind) => {
    const reach = scriptedReach(given);
    expect((await http.deliver(delivery(), settingsOf(rules), reach)).kind).toBe(kind);
  });

  it('says when to come back', async () => {
    const reach = scriptedReach(answer(429, '', { 'retry-after': '2.5' }));
    expect(await http.deliver(delivery(), settingsOf({}), reach)).toMatchObject({
      kind: 'retry',
      afterMs: 2_500,
    });
  });
});
