/** How many requests may read at the same time: of one client, and of all. */
import { describe, expect, it } from 'vitest';
import { askerLimits, Readers, readerLimits } from '../../../src/reading/readers.ts';
import { grantOf } from '../../support/list-world.ts';

const grant = grantOf(['**']);

/** Requests of one kind, and how to end the oldest of them. */
function placesOf(kind: 'enter' | 'ask') {
  const readers = new Readers();
  const ends: (() => void)[] = [];
  const take = (client: string) => {
    readers[kind]({ grant, client, isGone: () => false, onEnd: (callback) => ends.push(callback) });
  };
  return { take, endOne: () => ends.shift()?.() };
}

describe.each([
  ['that read many rows', 'enter', readerLimits],
  ['for one row', 'ask', askerLimits],
] as const)('requests %s', (_name, kind, { perClient, inAll }) => {
  it(`are ${perClient} of one client, and others are not refused for it`, () => {
    const { take, endOne } = placesOf(kind);
    for (let n = 0; n < perClient; n += 1) take('a');
    expect(() => take('a')).toThrowError(expect.objectContaining({ code: 'TOO_MANY_REQUESTS' }));
    take('b');
    endOne();
    take('a');
  });

  it(`are ${inAll} of all clients, until one of them ends`, () => {
    const { take, endOne } = placesOf(kind);
    for (let n = 0; n < inAll; n += 1) take(`client ${n % Math.ceil(inAll / perClient)}`);
    expect(() => take('late')).toThrowError(expect.objectContaining({ code: 'TOO_MANY_CONNECTIONS' }));
    endOne();
    take('late');
    expect(() => take('later')).toThrowError(expect.objectContaining({ code: 'TOO_MANY_CONNECTIONS' }));
  });
});
