/** What a poller needs of any registry: the same suite for the fake one and for a real one. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Change } from '../../src/event/change.ts';
import { type Rig, registryOf, rig } from '../support/poll-rig.ts';

/** What the suite does with a registry. */
export interface AnyRegistry {
  readonly host: string;
  push(repository: string, tag: string, content: string): Promise<string>;
  /** Deletes what the tag points at. */
  remove(repository: string, tag: string): Promise<void>;
  close(): Promise<void>;
}

export function pollsRegistry(name: string, open: () => Promise<AnyRegistry>): void {
  describe(`a poller of ${name}`, () => {
    let registry: AnyRegistry;
    let running: Rig | undefined;
    beforeEach(async () => {
      registry = await open();
    });
    afterEach(async () => {
      await running?.close();
      await registry.close();
    });

    async function watch(tags: readonly string[], more: { announceExisting?: boolean } = {}): Promise<Rig> {
      running = await rig({
        registries: [registryOf(registry.host)],
        watch: [{ repository: `${registry.host}/team/app`, tags, ...more }],
      });
      await running.poller.start();
      return running;
    }

    const brief = ({ type, tag, digest, previousDigest, origin }: Change) => ({
      type,
      tag,
      digest,
      previousDigest,
      origin,
    });

    it('fills the index silently at the first look and then makes one change of each push', async () => {
      const one = await registry.push('team/app', '1.0', 'one');
      await registry.push('team/app', '1.1', 'two');
      const { until, observations, changes, ledger } = await watch(['*']);
      await until(() => observations.some(({ kind }) => kind === 'baseline'));
      expect(changes).toEqual([]);
      const { tags } = await ledger.listTags({ limit: 10 });
      expect(tags.map(({ tag }) => tag)).toEqual(['1.0', '1.1']);

      const moved = await registry.push('team/app', '1.0', 'three');
      await until(() => changes.length === 1);
      const created = await registry.push('team/app', 'latest', 'four');
      await until(() => changes.length === 2);
      const seen = observations.length;
      await until(() => observations.length > seen + 9);
      expect(changes.map(brief)).toEqual([
        { type: 'tag.updated', tag: '1.0', digest: moved, previousDigest: one, origin: 'poll' },
        { type: 'tag.created', tag: 'latest', digest: created, previousDigest: null, origin: 'poll' },
      ]);
      expect(changes[0]).toMatchObject({ mediaType: 'application/vnd.oci.image.manifest.v1+json' });
      expect(changes[0]?.size).toBeGreaterThan(50);
    });

    it('announces what is there where the watch says so', async () => {
      await registry.push('team/app', '1.0', 'one');
      const { until, changes } = await watch(['*'], { announceExisting: true });
      await until(() => changes.length === 1);
      expect(changes[0]).toMatchObject({ type: 'tag.created', tag: '1.0' });
    });

    it('sees a tag go and come back', async () => {
      await registry.push('team/app', 'keep', 'keep');
      const digest = await registry.push('team/app', 'gone', 'gone');
      const { until, observations, changes } = await watch(['*']);
      await until(() => observations.some(({ kind }) => kind === 'baseline'));
      await registry.remove('team/app', 'gone');
      await until(() => changes.length === 1);
      expect(changes[0]).toMatchObject({ type: 'tag.deleted', tag: 'gone', previousDigest: digest });
      await registry.push('team/app', 'gone', 'gone');
      await until(() => changes.length === 2);
      expect(changes[1]).toMatchObject({ type: 'tag.created', tag: 'gone', digest });
    });

    it('announces an exact tag that was not there at the first look', async () => {
      await registry.push('team/app', 'other', 'other');
      const { until, observations, changes } = await watch(['2.0']);
      await until(() => observations.some(({ kind }) => kind === 'baseline'));
      const digest = await registry.push('team/app', '2.0', 'two');
      await until(() => changes.length === 1);
      expect(changes.map(brief)).toEqual([
        { type: 'tag.created', tag: '2.0', digest, previousDigest: null, origin: 'poll' },
      ]);
    });

    it('learns at its next start what moved while it was down, and only that', async () => {
      const before = await registry.push('team/app', '1.0', 'one');
      await registry.push('team/app', '1.1', 'same');
      const first = await watch(['*']);
      await first.until(() => first.observations.some(({ kind }) => kind === 'baseline'));
      await first.close();
      const digest = await registry.push('team/app', '1.0', 'moved');
      running = await rig(
        {
          registries: [registryOf(registry.host)],
          watch: [{ repository: `${registry.host}/team/app`, tags: ['*'] }],
        },
        { ledger: first.ledger },
      );
      const { until, changes, observations, poller } = running;
      await poller.start();
      await until(() => observations.length > 8);
      expect(changes.map(brief)).toEqual([
        { type: 'tag.updated', tag: '1.0', digest, previousDigest: before, origin: 'poll' },
      ]);
    });
  });
}
