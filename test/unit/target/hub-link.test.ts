import { describe, expect, it } from 'vitest';
import { ManifeedError } from '../../../src/errors.ts';
import type { WireChange } from '../../../src/event/wire-change.ts';
import { HubLink, type TargetHub } from '../../../src/target/hub-link.ts';
import type { Target } from '../../../src/target/target.ts';
import { filterOf, openWorld } from '../../support/hub-world.ts';
import { recordingLog } from '../../support/recording-log.ts';

async function linked() {
  const world = await openWorld();
  const log = recordingLog();
  const script = { refuses: false, drains: 0 };
  const changes: WireChange[] = [];
  const { hub, clock } = world;
  const guarded: TargetHub = {
    head: hub.head,
    connect: (options) => hub.connect(options),
    disconnect: (subscriber) => hub.disconnect(subscriber),
    subscribe(subscriber, request) {
      if (script.refuses) throw new ManifeedError('TOO_MANY_REQUESTS', 'subscribe: too many filters');
      hub.subscribe(subscriber, request);
    },
  };
  const target: Pick<Target, 'name' | 'filter' | 'paced'> = {
    ...{ name: 'tool', filter: filterOf(), paced: false },
  };
  const linkTo = (taken: WireChange[]) =>
    new HubLink({
      ...{ target, hub: guarded, clock, log },
      receiver: { take: ({ change }) => taken.push(change) > 0, passed() {}, reset() {} },
      cursor: () => ({ epoch: hub.head.epoch, low: taken.length }),
      onDraining: () => script.drains++,
    });
  return { world, log, script, changes, link: linkTo(changes), linkTo, hub };
}

describe('the link of a target to the hub', () => {
  it('is tried again when the hub refuses it', async () => {
    const { world, log, script, changes, link, hub } = await linked();
    script.refuses = true;
    link.open();
    expect([...hub.table]).toEqual([]);
    expect(log.lines.map(({ message }) => message)).toEqual(['subscribe target: refused: trying again']);
    script.refuses = false;
    await world.push('team/a');
    await world.pass(1_000, 500);
    expect(changes.map(({ repository }) => repository)).toEqual(['team/a']);
  });

  it('is made again when the hub ends it, after what the target has', async () => {
    const { world, changes, link, hub } = await linked();
    link.open();
    await world.settle();
    await world.push('team/a');
    await world.settle();
    for (const subscriber of hub.table) hub.dismiss(subscriber, 'UNAVAILABLE', 0);
    await world.push('team/b');
    await world.pass(1_000, 500);
    expect(changes.map(({ repository }) => repository)).toEqual(['team/a', 'team/b']);
  });

  it('says when the gateway drains, and is not made again', async () => {
    const { world, script, link, hub } = await linked();
    link.open();
    await world.settle();
    for (const subscriber of hub.table) hub.dismiss(subscriber, 'DRAINING', 0);
    await world.pass(2_000, 500);
    expect(script.drains).toBe(1);
    expect([...hub.table]).toEqual([]);
  });

  it('shares each new change with the links of all other targets', async () => {
    const { world, changes, link, linkTo } = await linked();
    const others: WireChange[] = [];
    link.open();
    linkTo(others).open();
    await world.settle();
    await world.push('team/a');
    await world.settle();
    expect(changes).toHaveLength(1);
    expect(others[0]).toBe(changes[0]);
  });

  it('is not made again after it was closed', async () => {
    const { world, script, link, hub } = await linked();
    script.refuses = true;
    link.open();
    link.close();
    link.close();
    script.refuses = false;
    await world.pass(2_000, 500);
    expect([...hub.table]).toEqual([]);
  });
});
