import { setImmediate as nextTurn } from 'node:timers/promises';
import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { longTarget, maxParsed, parseFew, takeTurns } from '../../../src/http/server.ts';

const long = `/?${'a'.repeat(longTarget)}`;

/** A server that notes what it handles. @param onWait runs when a request has begun to wait */
async function open(onWait: (destroy: () => void) => void = () => {}) {
  const handled: string[] = [];
  const server = fastify({ forceCloseConnections: true, http: { maxHeaderSize: 64 * 1024 } });
  const hook = takeTurns();
  server.addHook('onRequest', (request, reply, done) => {
    let isDone = false;
    hook(request, reply, () => {
      isDone = true;
      done();
    });
    if (!isDone) onWait(() => Object.defineProperty(request.raw.socket, 'destroyed', { value: true }));
  });
  server.get('/', async ({ url }) => {
    handled.push(url);
    return '';
  });
  await server.ready();
  return { server, handled };
}

describe('long targets', () => {
  it('are handled one in a turn, and short ones at once', async () => {
    let waited = 0;
    const { server, handled } = await open(() => {
      waited += 1;
    });
    await Promise.all([long, long, '/?short', long].map((url) => server.inject(url)));
    expect(waited).toBe(2);
    expect(handled.sort()).toEqual([long, long, long, '/?short']);
    await server.close();
  });

  it('are not handled when their client has left while they waited', async () => {
    const { server, handled } = await open((destroy) => destroy());
    void server.inject(long);
    void server.inject(long);
    while (handled.length === 0) await nextTurn();
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
    expect(handled).toHaveLength(1);
    await server.close();
  });
});

describe('parseFew', () => {
  it('reads the first parameters, as the router does', () => {
    expect({ ...parseFew('a=1+2&b=%41&b=2') }).toEqual({ a: '1 2', b: ['A', '2'] });
    expect({ ...parseFew('') }).toEqual({});
    const many = Array.from({ length: 10_000 }, (_, n) => `k${n}=1`).join('&');
    expect(Object.keys(parseFew(many))).toHaveLength(maxParsed);
  });
});
