/** Fifty targets, one of which hangs: what the others' deliveries take must not depend on it. */
import { afterEach, expect, it } from 'vitest';
import { digest } from '../../support/gateway.ts';
import { changeIn, TargetWorld, webhookOf } from '../../support/target-gateway.ts';

const world = new TargetWorld();

afterEach(() => world.end());

it('49 targets get 40 changes each while one hangs, and none waits for it', async () => {
  const sink = await world.sink();
  const hanging = await world.sink(() => ({ hang: true }));
  const names = Array.from({ length: 49 }, (_, at) => `t${at}`);
  const { gateway } = await world.gateway([
    webhookOf(hanging, { name: 'hangs', timeout: '1h' }),
    ...names.map((name) => webhookOf(sink, { name, url: `${sink.url}/${name}` })),
  ]);
  const entries = Array.from({ length: 40 }, (_, at) => ({
    reference: `registry.example.com/team/app:t${at}`,
    digest: digest(String(at)),
  }));
  await gateway.publish(...entries);
  const requests = await sink.received(49 * entries.length, 60_000);
  for (const name of names) {
    const own = requests.filter(({ target }) => target === `/${name}`);
    expect(new Set(own.map((request) => changeIn(request).tag)).size).toBe(entries.length);
    expect(own).toHaveLength(entries.length);
  }
  await hanging.received(4);
  expect(hanging.requests).toHaveLength(4);
});
