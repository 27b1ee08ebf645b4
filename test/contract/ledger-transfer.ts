import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TailEvent } from '../../src/ledger/ledger.ts';
import { type LedgerRow, wholeExport } from '../../src/ledger/transfer.ts';
import { decodeRows, encodeRow } from '../../src/ledger/transfer-codec.ts';
import { baselined, manifestGone, manifestSeen, tagGone, tagSeen, where } from '../support/ledger-samples.ts';
import type { Opened, OpenLedger } from './ledger.ts';
import { minuteMs, until, World } from './ledger-world.ts';

/** What every ledger that can be exported and imported must do. */
export function ledgerTransferContract(name: string, open: OpenLedger): void {
  describe(`ledger transfer contract: ${name}`, () => {
    const world = new World(open);
    const { record, minutes, later } = world;
    let other: Opened;

    beforeEach(async () => {
      await world.begin();
      other = await world.openOther();
    });
    afterEach(async () => {
      await other.close();
      await world.end();
    });

    /** Two targets: one that is on its way and shall go elsewhere, one that is disabled. */
    const serve = async () => {
      const { cursors } = world.ledger;
      const { epoch } = await world.ledger.bounds();
      const held = await cursors.claimTargets(['hooks', 'flux'], 'g1', minuteMs);
      await cursors.saveCursors(
        held.map((target) => ({ ...target, cursor: { epoch, low: 3, done: [5, 9] } })),
      );
      await cursors.wishTarget('hooks', { paused: true, goTo: { epoch, sequence: 4 }, replay: 'r1' });
      await cursors.wishTarget('flux', { disabled: 'it answered “410”' });
    };

    /** A ledger with something of everything, its oldest changes gone. */
    const live = async () => {
      await record(tagSeen('old', 'zero', minutes(0)), tagSeen('old', 'one', minutes(0)));
      later(50);
      await record(
        tagSeen('a', 'one', minutes(41), { dedupeKey: 'd1' }),
        tagSeen('b', null, minutes(42)),
        tagSeen('c', 'two', minutes(43), { repository: 'other/repo', mediaType: null, size: null }),
        tagSeen('s', 'three', minutes(44), { silent: true }),
        tagGone('a', minutes(45), { dedupeKey: 'd2' }),
        manifestSeen('bare', minutes(45)),
        manifestGone('three', minutes(46)),
        baselined('*', minutes(46)),
      );
      later(11);
      await world.ledger.trim();
      await world.ledger.defer([tagSeen('p', null, minutes(47), { dedupeKey: 'd3' })]);
      await world.ledger.claimPending(1, minuteMs);
      await serve();
    };
    const exported = async (from: Opened['ledger']) => (await collect(from.exportRows())).map(encodeRow);
    const imported = (into: Opened['ledger'], text: string) => into.importRows(decodeRows(chunksOf(text)));

    test('a round trip through NDJSON keeps epoch, positions, index and everything remembered', async () => {
      await live();
      const lines = await exported(world.ledger);
      await imported(other.ledger, lines.join(''));

      expect(await other.ledger.bounds()).toEqual(await world.ledger.bounds());
      expect((await other.ledger.bounds()).floor).toBe(2);
      const again = await exported(other.ledger);
      expect(again.map(canonical).sort()).toEqual(lines.map(canonical).sort());
      expect(await other.ledger.read(2, 100)).toEqual(await world.ledger.read(2, 100));
      expect(await other.ledger.listTags({ limit: 100 })).toEqual(
        await world.ledger.listTags({ limit: 100 }),
      );
      expect(await other.ledger.baselines(where.registry, where.repository)).toEqual(['*']);
    });

    test('the imported ledger goes on where the exported one stood', async () => {
      await live();
      const { head } = await world.ledger.bounds();
      await imported(other.ledger, (await exported(world.ledger)).join(''));

      const { outcomes, changes } = await other.ledger.record([
        tagSeen('x', 'one', minutes(50), { dedupeKey: 'd1' }),
        tagSeen('a', 'one', minutes(44)),
        tagSeen('b', 'one', minutes(50)),
        manifestSeen('bare', minutes(50)),
        tagSeen('new', 'one', minutes(50)),
      ]);
      expect(outcomes).toEqual(['duplicate', 'stale', 'filled', 'unchanged', 'changed']);
      expect(changes.map(({ sequence }) => sequence)).toEqual([head + 1]);
      const pending = await other.ledger.claimPending(10, minuteMs);
      expect(pending.map(({ observation }) => observation.tag)).toEqual(['p']);
    });

    test('targets go on where they were, and nobody has them', async () => {
      await live();
      await imported(other.ledger, (await exported(world.ledger)).join(''));
      const facts = async (ledger: Opened['ledger']) =>
        (await ledger.cursors.listTargets()).map(({ name, cursor, wish }) => ({ name, cursor, wish }));
      expect(await facts(other.ledger)).toEqual(await facts(world.ledger));
      expect(await other.ledger.cursors.listTargets()).toMatchObject([
        { name: 'flux', holder: null, wish: { disabled: 'it answered “410”' } },
        { name: 'hooks', holder: null, cursor: { low: 3, done: [5, 9] }, wish: { paused: true } },
      ]);
      const [held] = await other.ledger.cursors.claimTargets(['hooks'], 'g2', minuteMs);
      expect(held).toMatchObject({ isNew: false, cursor: { low: 3 } });
      const { epoch } = await other.ledger.bounds();
      const cursor = { epoch, low: 9, done: [] };
      expect(
        await other.ledger.cursors.saveCursors([{ name: 'hooks', fence: held?.fence ?? 0, cursor }]),
      ).toEqual([true]);
    });

    test('targets that were claimed in the empty ledger do not hinder an import, and their epoch tells', async () => {
      await live();
      const held = await other.ledger.cursors.claimTargets(['hooks', 'other'], 'g2', minuteMs);
      const before = await other.ledger.bounds();
      await imported(other.ledger, (await exported(world.ledger)).join(''));
      expect(await other.ledger.cursors.renewTargets(held.slice(0, 1), minuteMs)).toEqual([]);
      const [hooks, another] = ['hooks', 'other'].map((name) => held.find((target) => target.name === name));
      if (hooks === undefined || another === undefined) throw new Error('claim two: both are free');
      const cursor = { epoch: before.epoch, low: 0, done: [] };
      expect(await other.ledger.cursors.saveCursors([{ ...hooks, cursor }])).toEqual([false]);
      const rows = await other.ledger.cursors.listTargets();
      expect(rows.find(({ name }) => name === 'hooks')?.cursor).toMatchObject({ low: 3 });
      // It is gone, or of the epoch before.
      const stale = rows.find(({ name }) => name === 'other')?.cursor.epoch;
      expect([undefined, before.epoch]).toContain(stale);
    });

    test('tails hear that everything known of the old epoch is void', async () => {
      await live();
      const heard: TailEvent[] = [];
      other.ledger.tail((event) => heard.push(event));
      await imported(other.ledger, (await exported(world.ledger)).join(''));
      await until(() => heard.length > 0);
      expect(heard).toMatchObject([{ kind: 'reset', bounds: await world.ledger.bounds() }]);
    });

    test('an export while changes pour in is whole and as of one moment', async () => {
      await live();
      const rows: LedgerRow[] = [];
      for await (const row of wholeExport(world.ledger.exportRows())) {
        rows.push(row);
        if (rows.length < 20) await record(tagSeen(`while-${rows.length}`, 'one', minutes(61)));
      }
      const names = rows.flatMap((row) => (row.row === 'tag' ? [row.tag] : []));
      expect(names.filter((tag) => tag.startsWith('while-'))).toEqual([]);
    });

    test('an export that is not read to its end can be followed by another', async () => {
      await live();
      for await (const _row of world.ledger.exportRows()) break;
      expect((await exported(world.ledger)).length).toBeGreaterThan(10);
    });

    test('a ledger that holds something is not imported into, and stays as it was', async () => {
      await live();
      await other.ledger.record([tagSeen('mine', 'one', minutes(1))]);
      const before = await exported(other.ledger);
      await expect(imported(other.ledger, (await exported(world.ledger)).join(''))).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      });
      expect(await exported(other.ledger)).toEqual(before);
    });

    test('an export that was cut off or altered leaves the ledger empty, and a whole one may follow', async () => {
      await live();
      const empty = await exported(other.ledger);
      const lines = await exported(world.ledger);
      const isChange = (line: string) => line.startsWith('{"row":"change"');
      const broken = [
        lines.slice(0, -1),
        lines.slice(1),
        lines.filter((line, i) => !isChange(line) || i % 2 === 0),
        [...lines, lines.at(-1) ?? ''],
        lines.map((line) => line.replace('"recordedAt":', '"recordedat":')),
        [...lines.slice(0, 5), '{"row":"chan'],
      ];
      for (const wrong of broken) {
        await expect(imported(other.ledger, wrong.join(''))).rejects.toMatchObject({ code: 'BODY_INVALID' });
        expect(await exported(other.ledger)).toEqual(empty);
      }
      await imported(other.ledger, lines.join(''));
      expect(await other.ledger.bounds()).toEqual(await world.ledger.bounds());
    });
  });
}

async function collect(rows: AsyncIterable<LedgerRow>): Promise<LedgerRow[]> {
  const all: LedgerRow[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

/** The same JSON with its members in order: they mean the same in any. */
function canonical(line: string): string {
  return JSON.stringify(JSON.parse(line), (_key, value: unknown) =>
    typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).sort()) : value,
  );
}

/** The text in pieces that end in the middle of lines. */
async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
}
