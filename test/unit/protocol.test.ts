/** PROTOCOL.md is held to the code: its table of errors, and its promises, each of which some test cites. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/errors.ts';
import { longPollSchema } from '../../src/transport/long-poll.ts';
import { streamShape } from '../../src/transport/request.ts';
import { authMessage, subscribeMessage, unsubscribeMessage } from '../../src/transport/websocket/messages.ts';

const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL('PROTOCOL.md', root), 'utf8');

function comeBack(closeCode: number, retryable: boolean): string {
  if (!retryable) return 'no';
  return closeCode >= 4200 ? 'now' : 'later';
}

describe('PROTOCOL.md', () => {
  it('lists every error with its status, close code and whether to come back', () => {
    const rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (\d+) \| (\w+) \|$/gm)];
    const listed = Object.fromEntries(
      rows.map(([, code, status, close, back]) => [code, [Number(status), Number(close), back]]),
    );
    const known = Object.entries(catalogue).map(([code, { status, closeCode, retryable }]) => [
      code,
      [status, closeCode, comeBack(closeCode, retryable)],
    ]);
    expect(listed).toEqual(Object.fromEntries(known));
  });

  it('keeps close codes in the ranges that tell a client what to do', () => {
    for (const [code, { closeCode, retryable }] of Object.entries(catalogue)) {
      expect(closeCode >= 4100, code).toBe(retryable);
      expect(closeCode, code).toBeLessThan(4300);
    }
  });

  it('names every parameter of a subscription', () => {
    const names = new Set([...Object.keys(streamShape), ...Object.keys(longPollSchema.shape)]);
    for (const name of names) expect(text, name).toMatch(new RegExp(`^\\| \`${name}\``, 'm'));
  });

  it('names the messages of a client, with every member', () => {
    const rows = [...text.matchAll(/^\| `(\{"type":"(?:subscribe|unsubscribe|auth)"[^`]*\})` \|/gm)];
    const listed = rows.map(([, row = '']) =>
      [...row.replace(/:"\w+"/, '').matchAll(/"(\w+)"/g)].map(([, name]) => name).sort(),
    );
    const known = [subscribeMessage, unsubscribeMessage, authMessage].map(({ shape }) =>
      Object.keys(shape).sort(),
    );
    expect(listed).toEqual(known);
  });

  it('names the types of all messages over WebSocket, and no other', () => {
    const listed = [...text.matchAll(/^\| `\{"type":"(\w+)"/gm)].map(([, type]) => type);
    const folder = new URL('src/transport/websocket/', root);
    const sources = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
    const types = /"type":"(\w+)"|\btype: (?:z\.literal\()?'(\w+)'/g;
    const known = sources.flatMap((source) =>
      [...source.matchAll(types)].map(([, inText, inCode]) => inText ?? inCode),
    );
    expect([...new Set(listed)].sort()).toEqual([...new Set(known)].sort());
  });

  it('promises nothing that no test cites', () => {
    const promised = [...text.matchAll(/^\| \*\*(G\d+)\*\* \|/gm)].map(([, name]) => name);
    expect(promised).toEqual(Array.from({ length: 25 }, (_, n) => `G${n + 1}`));
    const tests = readdirSync(new URL('test/', root), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => readFileSync(new URL(`test/${path}`, root), 'utf8'));
    const cited = new Set(
      tests.flatMap((test) => [...test.matchAll(/['"`](G\d+): /g)].map(([, name]) => name)),
    );
    for (const name of promised) expect([...cited], name).toContain(name);
  });
});
