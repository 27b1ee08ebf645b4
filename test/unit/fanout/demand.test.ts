import { expect, test } from 'vitest';
import { Demand } from '../../../src/fanout/demand.ts';

const turn = () => new Promise(setImmediate);

test('a few repositories are told of at once', () => {
  const told: unknown[] = [];
  const demand = new Demand((...each) => told.push(each));
  demand.tell('a', ['1']);
  demand.tell('a', null);
  expect(told).toEqual([
    ['a', ['1']],
    ['a', null],
  ]);
});

test('a thousand are told of over several turns, each with the newest word', async () => {
  const told = new Map<string, readonly string[] | null>();
  let inThisTurn = 0;
  let most = 0;
  const demand = new Demand((key, scopes) => {
    told.set(key, scopes);
    most = Math.max(most, ++inThisTurn);
  });
  for (let n = 0; n < 1_000; n++) demand.tell(`r${n}`, ['1']);
  for (let n = 0; n < 1_000; n++) demand.tell(`r${n}`, n % 2 === 0 ? null : ['1', '2']);
  expect(demand.waiting).toBeLessThanOrEqual(1_000);
  inThisTurn = 0;
  while (demand.waiting > 0) {
    await turn();
    inThisTurn = 0;
  }
  expect(most).toBeLessThanOrEqual(64);
  expect(told.size).toBe(1_000);
  expect([told.get('r998'), told.get('r999')]).toEqual([null, ['1', '2']]);
});
