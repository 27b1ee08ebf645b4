/** The gateway's end of the stores beside the log: each call is a request to the worker. */
import type { Clock } from '../../lib/clock.ts';
import type { ReadGate } from '../../lib/read-gate.ts';
import { checkedCursors } from '../checked-cursors.ts';
import type { TargetCursors } from '../cursors.ts';
import type { ManifestStore } from '../manifests.ts';
import type { SqliteLink } from './link.ts';
import type { GroupWriter } from './writer.ts';

export function manifestsOf(link: SqliteLink, gate: ReadGate): ManifestStore {
  return {
    async get(digest) {
      const manifest = await gate.pass(() => link.ask('getManifest', digest));
      if (manifest === null || manifest.bytes === null) return manifest;
      // A Buffer crosses threads as a plain array of bytes.
      const { buffer, byteOffset, length } = manifest.bytes;
      return { ...manifest, bytes: Buffer.from(buffer, byteOffset, length) };
    },
    claim: async () => true,
    release: async () => {},
    parents: (child) => gate.pass(() => link.ask('manifestParents', child)),
    async put(manifest) {
      let isDone = await link.ask('putManifest', manifest);
      // Each step is its own request, so that commits get in between.
      while (!isDone) isDone = await link.ask('shrinkManifests');
    },
  };
}

interface CursorsOptions {
  readonly link: SqliteLink;
  readonly writer: GroupWriter;
  readonly gate: ReadGate;
  readonly clock: Clock;
  /** @throws UNAVAILABLE once the ledger is closed */
  readonly assertOpen: (action: string) => void;
}

export function cursorsOf({ link, writer, gate, clock, assertOpen }: CursorsOptions): TargetCursors {
  return checkedCursors({
    async claimTargets(names, holder, leaseMs) {
      assertOpen('claim targets');
      return link.ask('claimTargets', names, holder, leaseMs, clock.now(), clock.monotonic());
    },
    async renewTargets(held, leaseMs) {
      assertOpen('renew the leases of targets');
      return link.ask('renewTargets', held, leaseMs, clock.now(), clock.monotonic());
    },
    async saveCursors(moves) {
      assertOpen('save cursors');
      return writer.save({ kind: 'save', moves });
    },
    async releaseTargets(held) {
      assertOpen('release targets');
      await link.ask('releaseTargets', held);
    },
    async wishTarget(name, change) {
      assertOpen('keep what is wanted of a target');
      return link.ask('wishTarget', name, change, clock.now(), clock.monotonic());
    },
    listTargets: () => gate.pass(() => link.ask('listTargets', clock.now(), clock.monotonic())),
  });
}
