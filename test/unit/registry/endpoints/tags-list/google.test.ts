/** Google's list. */
import { beforeEach, describe, expect, it } from 'vitest';
import { digestOf, lookedAt, manifestType } from '../../../../support/ledger-samples.ts';
import { ListWorld, nginx } from '../../../../support/list-world.ts';
import { bare, list } from '../../../../support/tag-lists.ts';

const start = '2026-01-01T00:00:00.000Z';

let world: ListWorld;
beforeEach(async () => {
  world = await ListWorld.open();
});

describe("Google's list", () => {
  it('has every digest with its tags, numbers as strings, and tags without a digest by name only', async () => {
    await world.record(lookedAt('latest', 'one', 0, nginx));
    world.clock.advance(5);
    await world.record(lookedAt('a', 'one', 0, nginx), bare('b', 'two'), { ...bare('c'), digest: null });
    const uploaded = Date.parse(start);
    expect(JSON.parse((await world.ask(`${list}?manifest=true`)).text)).toEqual({
      child: [],
      manifest: {
        [digestOf('one')]: {
          imageSizeBytes: '0',
          layerId: '',
          mediaType: manifestType,
          tag: ['a', 'latest'],
          timeCreatedMs: '0',
          timeUploadedMs: String(uploaded),
        },
        [digestOf('two')]: {
          ...{ imageSizeBytes: '0', layerId: '', mediaType: '', tag: ['b'] },
          ...{ timeCreatedMs: '0', timeUploadedMs: String(uploaded + 5) },
        },
      },
      name: 'library/nginx',
      tags: ['a', 'b', 'c', 'latest'],
    });
  });

  it('is whole or refused', async () => {
    await world.tags('a', 'b', 'c');
    expect((await world.ask(`${list}?manifest=true&n=3`)).status).toBe(200);
    for (const query of ['n=2', 'n=0', 'last=a'])
      expect(await world.ask(`${list}?manifest=true&${query}`)).toMatchObject({
        status: 400,
        code: 'UNSUPPORTED',
        next: null,
      });
    expect(JSON.parse((await world.ask(`${list}?manifest=false`)).text).manifest).toBeUndefined();
  });
});
