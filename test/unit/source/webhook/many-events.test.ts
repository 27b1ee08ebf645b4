/** F10: what a body with too many events, or with as many as are taken, costs everybody else. */
import { expect, test } from 'vitest';
import type { Clock } from '../../../../src/lib/clock.ts';
import type { HookOptions } from '../../../../src/source/webhook/kind.ts';
import { kinds } from '../../../../src/source/webhook/kinds.ts';
import { doAtOnce, doInSlices, isSteps } from '../../../../src/source/webhook/steps.ts';
import { makeTestServer, noon, standingClock } from '../../../support/webhook.ts';
import { refusal } from '../../../support/webhook-read.ts';

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
  const delivery = { body: Buffer.alloc(0), json: make(list), headers, arrivedAt: noon };
  const read = () => {
    const said = kinds.get(kind)?.normalise(delivery, { name: 'h', kind, registry: 'r.test' });
    return said !== undefined && isSteps(said) ? doAtOnce(said) : said;
  };
  expect(refusal(read)).toBe('BODY_TOO_LARGE');
  expect(looks).toBe(0);
});

/** Each look at it finds a millisecond gone. */
function hastyClock(): Clock {
  let elapsed = 0;
  return { ...standingClock, monotonic: () => elapsed++ };
}

test('others run every few milliseconds while 10,000 events are read', async () => {
  const hook: HookOptions = { name: 'd', kind: 'distribution', registry: 'r.test', verify: 'none' };
  const server = await makeTestServer([hook], { clock: hastyClock() });
  const event = (index: number) => ({ action: 'push', target: { repository: 'a', tag: `t${index}` } });
  const events = Array.from({ length: 10_000 }, (_, index) => event(index));
  let turns = 0;
  let answered = false;
  const count = () => {
    turns += 1;
    if (!answered) setImmediate(count);
  };
  setImmediate(count);
  const answer = await server.app.inject({ method: 'POST', url: '/v1/hooks/d', payload: { events } });
  answered = true;
  expect(answer.json()).toMatchObject({ accepted: 10_000, pending: 10_000 });
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
