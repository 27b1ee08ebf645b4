import { expect, test } from 'vitest';
import { nameHead } from '../../../../src/transport/front/head-name.ts';

const head = (line: string) =>
  Buffer.from(`GET /v1/socket HTTP/1.1\r\nHost: x\r\n${line}\r\nAccept: */*\r\n\r\n`, 'latin1');
const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';

test('naming a head leaves its bytes as they are: another parser may read them', () => {
  const named = head(key);
  expect(nameHead(named)?.key).toBe('dGhlIHNhbXBsZSBub25jZQ==');
  expect(named).toEqual(head(key));
});

test('heads that differ in any byte but the key have different names', () => {
  const lines = [key, key.toLowerCase(), `${key}=`, `${key} `, 'X: \x80', 'X: \xe9', 'X: ?', 'X: \0'];
  const digests = lines.map((line) => nameHead(head(line))?.digest);
  expect(new Set(digests).size).toBe(lines.length);
});
