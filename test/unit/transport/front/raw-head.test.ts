import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxRawHeadBytes, readRawHead } from '../../../../src/transport/front/raw-head.ts';

const read = readRawHead;
const plain = 'GET /v1/events?a=b HTTP/1.1\r\nHost: x\r\n\r\n';

describe('readRawHead', () => {
  it('reads what nearly every client sends', () => {
    expect(read(plain)).toEqual({ path: '/v1/events', query: 'a=b', headers: { host: 'x' } });
    const head = read('GET /v1/socket HTTP/1.1\r\nhost:x\r\nAccept:\t*/* \r\nOrigin:\r\n\r\n');
    expect(head?.headers).toEqual({ host: 'x', accept: '*/*', origin: '' });
  });

  it('passes over headers that mean nothing to a stream, whatever their names', () => {
    for (const name of ['X', 'Cookie', 'Accepts', '__proto__', 'constructor', 'toString']) {
      const head = read(plain.replace('Host', `${name}: 1\r\n${name}: 2\r\nHost`));
      expect(head, name).toEqual({ path: '/v1/events', query: 'a=b', headers: { host: 'x' } });
    }
  });

  it.each([
    ['another method', plain.replace('GET', 'POST')],
    ['HTTP/1.0', plain.replace('1.1', '1.0')],
    ['no Host', plain.replace('Host', 'Hast')],
    ['a header twice', plain.replace('Host', 'Accept: 1\r\naccept: 2\r\nHost')],
    ['a body', plain.replace('Host', 'Content-Length: 2\r\nHost')],
    ['chunks', plain.replace('Host', 'Transfer-Encoding: chunked\r\nHost')],
    // By this one the tests choose the ordinary road.
    ['TE', plain.replace('Host', 'TE: trailers\r\nHost')],
    ['a folded header', plain.replace('Host', 'X: 1\r\n 2\r\nHost')],
    ['a bare line feed', plain.replaceAll('\r\n', '\n')],
    ['a space before the colon', plain.replace('Host:', 'Host :')],
    ['a control character', plain.replace('x\r', '\x01\r')],
    ['bytes over ASCII', plain.replace('x\r', '\xe9\r')],
    ['something behind it', `${plain}GET`],
    ['half of it', plain.slice(0, -1)],
    ['absolute form', plain.replace('/v1', 'http://x/v1')],
    ['an encoded path', plain.replace('v1', '%761')],
    ['more than it reads', plain.replace('x\r', `${'x'.repeat(maxRawHeadBytes)}\r`)],
    [
      'too many headers',
      plain.replace('Host', `${Array.from({ length: 80 }, (_, n) => `X${n}: 1\r\n`).join('')}Host`),
    ],
  ])('leaves %s to node:http', (_what, text) => {
    expect(read(text)).toBeNull();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        read(Buffer.from(bytes).toString('latin1'));
        read(`GET /v1/events HTTP/1.1\r\n${Buffer.from(bytes).toString('latin1')}\r\n\r\n`);
      }),
      { numRuns: 300 },
    );
  });
});
