import { describe, expect, test } from 'vitest';
import type { LedgerRow } from '../../../src/ledger/transfer.ts';
import { decodeRows, encodeRow, maxLineLength } from '../../../src/ledger/transfer-codec.ts';

async function decode(...chunks: (string | Uint8Array)[]): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = [];
  async function* source() {
    yield* chunks;
  }
  for await (const row of decodeRows(source())) rows.push(row);
  return rows;
}

const delivery: LedgerRow = { row: 'delivery', key: 'zażółć', at: 1 };
const end: LedgerRow = { row: 'end', rows: 1 };

describe('decodeRows', () => {
  test('gives back the rows, however the bytes are cut, with or without a last line feed', async () => {
    const bytes = Buffer.from(encodeRow(delivery) + encodeRow(end));
    const single = [...bytes].map((byte) => Uint8Array.of(byte));
    expect(await decode(...single)).toEqual([delivery, end]);
    expect(await decode(bytes.subarray(0, -1))).toEqual([delivery, end]);
  });

  test('passes over empty lines and Windows line ends', async () => {
    expect(await decode(`\n${encodeRow(delivery).trim()}\r\n\r\n`)).toEqual([delivery]);
  });

  test('names the line and the member that is wrong', async () => {
    const lines = `${encodeRow(end)}{"row":"delivery","key":"k","at":"now"}\n`;
    await expect(decode(lines)).rejects.toThrow(/line 2: at: /);
    await expect(decode('{"row":"secret"}\n')).rejects.toMatchObject({ code: 'BODY_INVALID' });
    await expect(decode('{"row":"end","rows":1,"more":2}\n')).rejects.toMatchObject({ code: 'BODY_INVALID' });
    await expect(decode('no json\n')).rejects.toThrow(/line 1: no JSON/);
  });

  test('gives back platforms, and refuses what no index could hold', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const change = {
      ...{ row: 'change', sequence: 1, type: 'tag.updated', registry: 'r.test', repository: 'app', tag: 'x' },
      ...{
        digest,
        previousDigest: null,
        mediaType: null,
        size: null,
        occurredAt: 1,
        recordedAt: 1,
        origin: 'poll',
      },
    };
    const line = (more: object) => `${JSON.stringify({ ...change, ...more })}\n`;
    const known = { platforms: { 'linux/arm64': digest }, movedPlatforms: ['linux/arm64'] };
    expect(await decode(line(known), line({ platforms: null }), line({}))).toEqual([
      { ...change, ...known },
      { ...change, platforms: null },
      change,
    ]);
    for (const platforms of [
      { 'linux/arm64': 'none' },
      { linux: digest },
      { 'linux/arm64/v8': digest },
      [],
      1,
    ])
      await expect(decode(line({ platforms }))).rejects.toThrow(/line 1: platforms: /);
    for (const movedPlatforms of [['linux'], [1], {}])
      await expect(decode(line({ platforms: {}, movedPlatforms }))).rejects.toThrow(/line 1: movedPlatforms/);
  });

  test('refuses a line over the bound before it is all in memory', async () => {
    let given = 0;
    async function* endless() {
      for (;;) {
        given += 1;
        yield 'x'.repeat(10_000);
      }
    }
    await expect(decodeRows(endless()).next()).rejects.toThrow(`more than ${maxLineLength} characters`);
    expect(given).toBeLessThan(10);
    await expect(decode(`${' '.repeat(maxLineLength)}{}\n`)).rejects.toMatchObject({ code: 'BODY_INVALID' });
  });
});
