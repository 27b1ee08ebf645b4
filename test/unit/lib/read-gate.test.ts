import { describe, expect, test } from 'vitest';
import { ReadGate } from '../../../src/lib/read-gate.ts';

/** A read that ends when told to. */
function openRead() {
  let end: (value: string) => void = () => {};
  const reading = new Promise<string>((resolve) => {
    end = resolve;
  });
  return { read: () => reading, end: () => end('read') };
}

describe('ReadGate', () => {
  test('lets so many through at a time, the others in order as those end', async () => {
    const gate = new ReadGate(2, 10);
    const started: number[] = [];
    const reads = [openRead(), openRead(), openRead(), openRead()];
    const passing = reads.map(({ read }, i) =>
      gate.pass(() => {
        started.push(i);
        return read();
      }),
    );
    expect(started).toEqual([0, 1]);
    reads[1]?.end();
    await passing[1];
    expect(started).toEqual([0, 1, 2]);
    for (const { end } of reads) end();
    expect(await Promise.all(passing)).toEqual(['read', 'read', 'read', 'read']);
    expect(started).toEqual([0, 1, 2, 3]);
  });

  test('refuses a read when too many wait', async () => {
    const gate = new ReadGate(1, 1);
    const [first, second] = [openRead(), openRead()];
    const passing = [gate.pass(first.read), gate.pass(second.read)];
    await expect(gate.pass(first.read)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    first.end();
    second.end();
    await Promise.all(passing);
    await expect(gate.pass(first.read)).resolves.toBe('read');
  });

  test('a read that fails gives its turn on', async () => {
    const gate = new ReadGate(1, 1);
    const failing = gate.pass(() => Promise.reject(new Error('disk')));
    const next = gate.pass(async () => 'read');
    await expect(failing).rejects.toThrow('disk');
    await expect(next).resolves.toBe('read');
  });
});
