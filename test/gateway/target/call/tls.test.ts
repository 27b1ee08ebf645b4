import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { HttpCaller } from '../../../../src/target/call/http.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../../fixtures/poll/${name}`, import.meta.url), 'utf8');
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

it('trusts the configured certificate authority, and no unknown one', async () => {
  const options = { key: fixture('localhost.key.pem'), cert: fixture('localhost.cert.pem') };
  const server = createServer(options, (_request, response) => response.end('safe'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => server.close());
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const get = (ca?: string) => {
    const caller = new HttpCaller({ connections: 1, ca });
    ends.unshift(() => caller.close());
    const request = { method: 'GET', url, headers: {}, body: null } as const;
    return caller.send(request, new AbortController().signal);
  };
  expect(await get(options.cert)).toMatchObject({ status: 200, text: 'safe' });
  await expect(get()).rejects.toMatchObject({ kind: 'network' });
});
