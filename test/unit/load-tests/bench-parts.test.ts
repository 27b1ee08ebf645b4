import { describe, expect, it } from 'vitest';
import { Receiver, Sender } from 'ws';
import { parseOptions } from '../../../load-tests/bench/options.ts';
import { pingsIn } from '../../../load-tests/bench/pings.ts';
import { cpuMs, pssKib } from '../../../load-tests/bench/process-usage.ts';
import { median, quantile, spread } from '../../../load-tests/bench/statistics.ts';
import {
  alignedTable,
  type Finding,
  findingsTable,
  minSubscribersForMemory,
  smallRunNote,
} from '../../../load-tests/bench/table.ts';
import { pongFrame, textFrame } from '../../../load-tests/bench/text-frame.ts';

describe('parseOptions', () => {
  it('has a default for every flag', () => {
    expect(parseOptions([])).toMatchObject({
      subscribers: 15_000,
      transports: ['sse', 'websocket'],
      servers: ['bare', 'sse', 'ws', 'manifeed'],
      paces: ['none'],
    });
  });

  it('runs a gateway of each pace where both are asked for', () => {
    expect(parseOptions(['--pace', 'both'])).toMatchObject({ paces: ['none', 'paced'] });
  });

  it.each([
    [['--subscribers', 'many'], /read --subscribers: "many": must be an integer from 1 to 1000000/],
    [['--transport', 'smoke'], /read --transport: "smoke": must be one of sse, websocket, both/],
    [['--servers', 'bare,nginx'], /read --servers: "nginx": must be one of/],
    [['--pace', 'slow'], /read --pace: "slow": must be one of none, paced, both/],
  ])('refuses %j and says what would be right', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});

describe('findingsTable', () => {
  const finding: Finding = {
    server: 'manifeed sse',
    subscribers: 300,
    opensPerSecond: 1,
    openCpuUs: 1,
    kibPerSubscriber: -25.86,
    settledKibPerSubscriber: -3.5,
    deliveries: 1,
    cpuUsPerDelivery: 1,
    ratio: 1.84,
    bytesPerDelivery: 1,
    latencyP50Ms: 1,
    latencyP99Ms: 1,
    idleCpuPercent: 1,
    longestStallMs: 1,
  };
  const columnOf = (head: string, subscribers: number) => {
    const [heads = '', , row = ''] = findingsTable([{ ...finding, subscribers }]).split('\n');
    return row.split('|')[heads.split('|').findIndex((cell) => cell.trim() === head)]?.trim();
  };

  it.each(['KiB/subscriber', 'after GC'])(
    'shows no memory of subscribers too few to tell, and says what is needed: %s',
    (head) => {
      expect(columnOf(head, 300)).toBe('too few to tell');
      expect(columnOf(head, minSubscribersForMemory - 1)).toBe('too few to tell');
      expect(columnOf(head, minSubscribersForMemory)).toMatch(/^-/);
      expect(smallRunNote(300)).toMatch(/memory needs 10000/);
      expect(smallRunNote(minSubscribersForMemory)).toBeNull();
    },
  );
});

describe('statistics', () => {
  it('takes quantiles by nearest rank', () => {
    const sorted = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([quantile(sorted, 0), quantile(sorted, 0.5), quantile(sorted, 0.99), quantile(sorted, 1)]).toEqual(
      [1, 50, 99, 100],
    );
    expect(spread([3, 1, 2])).toEqual({ p50: 2, p99: 3 });
    expect(median([9, 1, 5])).toBe(5);
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe('textFrame', () => {
  it.each([0, 5, 125, 126, 4000])('makes a masked frame of %i bytes that ws reads', async (length) => {
    const text = 'x'.repeat(length);
    const receiver = new Receiver({
      isServer: true,
      maxPayload: 65_535,
      maxFragments: 1,
      maxBufferedChunks: 16,
    });
    const message = new Promise((resolve) => receiver.on('message', (data) => resolve(String(data))));
    receiver.write(textFrame(text));
    expect(await message).toBe(text);
  });

  it('refuses what its length field does not hold', () => {
    expect(() => textFrame('x'.repeat(65_536))).toThrow(/must be at most 65535/);
  });
});

describe('pingsIn', () => {
  const frame = (opcode: number, text: string) =>
    Buffer.concat(
      Sender.frame(Buffer.from(text), { fin: true, rsv1: false, opcode, mask: false, readOnly: true }),
    );

  it.each([1, 125, 126, 500])('finds pings before and after a text of %i bytes', (length) => {
    const chunk = Buffer.concat([frame(9, 'one'), frame(1, 'x'.repeat(length)), frame(9, 'two')]);
    expect(pingsIn(chunk).map(String)).toEqual(['one', 'two']);
    expect(pingsIn(frame(1, 'x'.repeat(length)))).toEqual([]);
  });

  it('looks into nothing that does not begin with a frame, nor beyond the end', () => {
    expect(pingsIn(Buffer.from('from the middle'))).toEqual([]);
    expect(pingsIn(frame(9, 'cut off').subarray(0, 4))).toEqual([]);
    expect(pingsIn(Buffer.alloc(0))).toEqual([]);
  });
});

describe('pongFrame', () => {
  it('is a pong that ws reads', async () => {
    const receiver = new Receiver({
      ...{ isServer: true, maxPayload: 125, maxFragments: 1, maxBufferedChunks: 16 },
    });
    const pong = new Promise((resolve) => receiver.on('pong', (data) => resolve(String(data))));
    receiver.write(pongFrame(Buffer.from('12')));
    expect(await pong).toBe('12');
  });
});

describe('alignedTable', () => {
  it('is Markdown with columns of one width', () => {
    expect(
      alignedTable([
        ['server', 'ms'],
        ['bare', '10.5'],
      ]),
    ).toBe('| server |   ms |\n| ------ | ---: |\n| bare   | 10.5 |');
  });
});

describe('process usage', () => {
  it('reads a living process where there is a /proc, and gives NaN for one that is not there', () => {
    const hasProc = process.platform === 'linux';
    expect(cpuMs(process.pid) > 0).toBe(hasProc);
    expect(pssKib(process.pid) > 1000).toBe(hasProc);
    expect(cpuMs(2 ** 30)).toBeNaN();
    expect(pssKib(2 ** 30)).toBeNaN();
  });
});
