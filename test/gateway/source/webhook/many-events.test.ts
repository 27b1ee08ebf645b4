/** F10: what a body with too many events, or with as many as are taken, costs everybody else. */
import { expect, test } from 'vitest';
import { ManifeedError } from '../../../../src/errors.ts';
import type { Clock } from '../../../../src/lib/clock.ts';
import type { HookOptions } from '../../../../src/source/webhook/kind.ts';
import { doInSlices } from '../../../../src/source/webhook/payload/steps.ts';
import { makeTestServer, standingClock, storing, type TestServer } from '../../../support/webhook.ts';
import { readDelivery, refusal } from '../../../support/webhook-read.ts';

const batch = { 'content-type': 'application/cloudevents-batch+json' };

/** Each puts a list where its kind has one. */
const bodies: [kind: string, headers: Record<string, string>, body: (list: unknown[]) => unknown][] = [
  ['distribution', {}, (list) => ({ events: list })],
  ['gitlab', {}, (list) => ({ events: list })],
  ['harbor', {}, (list) => ({ type: 'PUSH_ARTIFACT', event_data: { resources: list } })],
  ['harbor', batch, (list) => list],
  ['acr', {}, (list) => list],
  ['acr', batch, (list) => list],
  ['quay', {}, (list) => ({ docker_url: 'quay.io/a/b', updated_tags: list })],
  ['zot', batch, (list) => list],
  ['cloudevents', batch, (list) => list],
  ['manifeed', {}, (list) => list],
];

test.each(bodies)('%s %j: of a list that is too long not one element is looked at', (kind, headers, make) => {
  let looks = 0;
  const list = new Proxy(new Array(1_000_000).fill({}), {
    get(target, key, receiver) {
      if (typeof key === 'string' && /^\d+$/.test(key)) looks += 1;
      return Reflect.get(target, key, receiver);
    },
  });
  const delivery = { body: Buffer.alloc(0), json: make(list), headers };
  const read = () => readDelivery(delivery, { name: 'h', kind, registry: 'r.test' });
  expect(refusal(read)).toBe('BODY_TOO_LARGE');
  expect(looks).toBe(0);
});

/** Each look at it finds a millisecond gone. */
function hastyClock(): Clock {
  let elapsed = 0;
  return { ...standingClock, monotonic: () => elapsed++ };
}

/** How often others may run while the delivery is taken. */
async function turnsDuring(server: TestServer, url: string, payload: string, type = 'application/json') {
  let turns = 0;
  let answered = false;
  const count = () => {
    turns += 1;
    if (!answered) setImmediate(count);
  };
  setImmediate(count);
  const headers = { 'content-type': type };
  const { statusCode: status } = await server.app.inject({ method: 'POST', url, headers, payload });
  answered = true;
  return { status, turns };
}

const formOf = (count: number) => encodeURIComponent(`{"a":[${'{"b":1},'.repeat(count)}1]}`);
const deepForm = '%7b'.repeat(1_000_000);

test.each([
  ['JSON', 'application/json', () => `{"a":[${'{"b":1},'.repeat(100_000)}1]}`, 10_000],
  ['JSON that does not end', 'application/json', () => `{"a":[${'{"b":1},'.repeat(100_000)}`, 3],
  ['a form', 'application/x-www-form-urlencoded', () => `payload=${formOf(100_000)}`, 10_000],
  ['a form that nests too deep', 'application/x-www-form-urlencoded', () => `payload=${deepForm}`, 5],
])('others run while a large body of %s is read', async (_what, type, make, least) => {
  const server = await makeTestServer([{ name: 'g', kind: 'gitea', verify: 'none' }], {
    clock: hastyClock(),
  });
  const { turns } = await turnsDuring(server, '/v1/hooks/g', make(), type);
  expect(turns).toBeGreaterThan(least);
  await server.app.close();
});

test('a delivery that cannot be stored whole is not acknowledged', async () => {
  let calls = 0;
  const server = await makeTestServer([{ name: 'm', kind: 'manifeed', verify: 'none' }], {
    ledger: storing(async (observations) => {
      calls += 1;
      if (calls === 3) throw new ManifeedError('UNAVAILABLE', 'record: disk full: must have room');
      return { outcomes: observations.map(() => 'changed') };
    }),
  });
  const digest = `sha256:${'0'.repeat(64)}`;
  const payload = Array.from({ length: 10_000 }, (_, tag) => ({ reference: `r.test/a:${tag}`, digest }));
  const answer = await server.app.inject({ method: 'POST', url: '/v1/hooks/m', payload });
  expect([answer.statusCode, calls]).toEqual([503, 3]);
  await server.app.close();
});

test('others run every few milliseconds while 10,000 events are read', async () => {
  const hook: HookOptions = { name: 'd', kind: 'distribution', registry: 'r.test', verify: 'none' };
  const server = await makeTestServer([hook], { clock: hastyClock() });
  const event = (index: number) => ({ action: 'push', target: { repository: 'a', tag: `t${index}` } });
  const events = Array.from({ length: 10_000 }, (_, index) => event(index));
  const { status, turns } = await turnsDuring(server, '/v1/hooks/d', JSON.stringify({ events }));
  expect(status).toBe(202);
  // One look at the clock an event, a pause every five milliseconds.
  expect(turns).toBeGreaterThan(1_500);
  await server.app.close();
});

test('work in slices ends with what the work returns or throws', async () => {
  function* work(end: () => string) {
    for (let step = 0; step < 100; step += 1) yield;
    return end();
  }
  expect(
    await doInSlices(
      work(() => 'done'),
      hastyClock(),
    ),
  ).toBe('done');
  const broken = doInSlices(
    work(() => {
      throw new Error('broken');
    }),
    hastyClock(),
  );
  await expect(broken).rejects.toThrow('broken');
});
