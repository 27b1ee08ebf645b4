import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { ManifeedError } from '../../../../../src/errors.ts';
import { BodyMemory } from '../../../../../src/source/webhook/body/memory.ts';
import { bodyIdleMs, readBody, UploadWatch } from '../../../../../src/source/webhook/body/read.ts';
import { fakeClock } from '../../../../support/fake-clock.ts';

const codeOf = (run: () => void): string => {
  try {
    run();
    return 'fits';
  } catch (error) {
    return error instanceof ManifeedError ? error.code : String(error);
  }
};

describe('the memory of bodies', () => {
  const budget = () => new BodyMemory({ maxBytes: 8_000, largestBodyBytes: 100 });

  test('gives an address an eighth, counts an IPv6 /64 as one, and takes the room back', () => {
    const bodies = budget();
    const first = bodies.open('2001:db8::1');
    first.resize(600);
    const second = bodies.open('2001:db8::2');
    expect(codeOf(() => second.resize(401))).toBe('UNAVAILABLE');
    expect(codeOf(() => second.resize(400))).toBe('fits');
    expect(codeOf(() => bodies.open('2001:db8:0:1::1').resize(600))).toBe('fits');
    first.release();
    first.release();
    second.resize(1_000);
    second.release();
    expect([bodies.usedBytes, bodies.addresses]).toEqual([600, 1]);
  });

  test('keeps half of itself for senders whose head has proved them', () => {
    const bodies = budget();
    for (let host = 1; host <= 4; host += 1) bodies.open(`192.0.2.${host}`).resize(1_000);
    expect(codeOf(() => bodies.open('192.0.2.5').resize(1))).toBe('UNAVAILABLE');
    const proven = bodies.open(null);
    expect(codeOf(() => proven.resize(4_000))).toBe('fits');
    expect(codeOf(() => proven.resize(4_001))).toBe('UNAVAILABLE');
    expect(bodies.usedBytes).toBe(8_000);
  });

  test('has room for the largest body of any hook, however small the shares are', () => {
    const bodies = new BodyMemory({ maxBytes: 1_000, largestBodyBytes: 900 });
    expect(codeOf(() => bodies.open('192.0.2.1').resize(900))).toBe('fits');
  });
});

describe('reading a body', () => {
  function begin(given: { announcedBytes?: number; maxBytes?: number; budgetBytes?: number } = {}) {
    const { announcedBytes, maxBytes = 100_000, budgetBytes = 1_000_000 } = given;
    const stream = new PassThrough();
    const clock = fakeClock();
    const watch = new UploadWatch(clock);
    const budget = new BodyMemory({ maxBytes: budgetBytes, largestBodyBytes: 0 });
    const memory = budget.open(null);
    const body = readBody(stream, { announcedBytes: announcedBytes ?? null, maxBytes, memory, watch });
    const result = body.then(
      (bytes) => bytes.toString('latin1'),
      (error: unknown) => (error instanceof ManifeedError ? error.code : String(error)),
    );
    return { stream, clock, budget, result };
  }
  const turn = () => new Promise(setImmediate);

  test('counts what has arrived and not what was announced', async () => {
    const { stream, budget, result } = begin({ announcedBytes: 100_000 });
    expect(budget.usedBytes).toBe(0);
    stream.write('x'.repeat(1_000));
    await turn();
    expect(budget.usedBytes).toBe(16 * 1024);
    stream.end('y'.repeat(39_000));
    expect(await result).toHaveLength(40_000);
    expect(budget.usedBytes).toBeLessThanOrEqual(80_000);
  });

  test('holds a body that comes byte by byte in no more memory than one that comes at once', async () => {
    const { stream, budget, result } = begin({ announcedBytes: 20_000 });
    for (let index = 0; index < 20_000; index += 1) stream.write(String(index % 10));
    stream.end();
    expect((await result).slice(-12)).toBe('890123456789');
    expect(budget.usedBytes).toBe(20_000);
  });

  test('ends as soon as the cap is passed, announced or not', async () => {
    expect(await begin({ announcedBytes: 100_001 }).result).toBe('BODY_TOO_LARGE');
    const chunked = begin({ maxBytes: 10 });
    chunked.stream.write('x'.repeat(11));
    expect(await chunked.result).toBe('BODY_TOO_LARGE');
  });

  test('ends where the budget has no room', async () => {
    const { stream, result } = begin({ budgetBytes: 20_000 });
    stream.write('x'.repeat(20_001));
    expect(await result).toBe('UNAVAILABLE');
  });

  test('ends an upload that has stopped, and none that goes on', async () => {
    const { stream, clock, result } = begin({ announcedBytes: 100 });
    for (let count = 0; count < 5; count += 1) {
      stream.write('x');
      await turn();
      clock.advance(bodyIdleMs - 1);
    }
    expect(clock.waiting).toBe(1);
    clock.advance(1_001);
    expect(await result).toBe('REQUEST_TIMEOUT');
    clock.advance(1_000);
    expect(clock.waiting).toBe(0);
  });

  test('ends when the sender leaves in the middle', async () => {
    const { stream, clock, result } = begin({ announcedBytes: 100 });
    stream.write('x');
    stream.destroy();
    expect(await result).toBe('BODY_INVALID');
    clock.advance(1_000);
    expect(clock.waiting).toBe(0);
  });
});
