import { messageOf } from '../../errors.ts';
import { formatPosition, parsePosition } from '../../event/position.ts';
import { asCount, asList, asText, broken, encodeForLua } from '../../redis/reply.ts';
import { checkedCursors } from '../checked-cursors.ts';
import { encodeCursor, readCursor } from '../cursor-codec.ts';
import {
  type HeldTarget,
  type Lease,
  lostCursor,
  maxLeaseMs,
  type TargetCursors,
  type TargetRow,
  type TargetWish,
  type WishChange,
} from '../cursors.ts';
import { compareText } from '../tag-order.ts';
import { refuseTargets } from '../target-table.ts';
import type { LedgerRow } from '../transfer.ts';
import { chunked } from './replies.ts';
import type { RedisStore } from './store.ts';

type TargetLine = Extract<LedgerRow, { row: 'target' }>;

/** The cursor port in Redis. Each call is one script, `lua/targets.lua`. */
export function redisCursors(store: RedisStore, maxTargets: number): TargetCursors {
  const run = async (
    op: string,
    action: string,
    args: unknown,
    more: Readonly<Record<string, unknown>> = {},
  ) =>
    asList(await store.run('targets', action, { op, maxTargets, maxLeaseMs, ...more }, [encodeForLua(args)]));
  return checkedCursors({
    async claimTargets(names, holder, leaseMs) {
      const reply = await run('claim', 'claim targets', names, { holder, leaseMs }).catch(
        (error: unknown) => {
          throw noRoom(error, maxTargets) ?? error;
        },
      );
      return rowsOf(reply).map(({ held }) => held);
    },
    async renewTargets(held, leaseMs) {
      const more = { leaseMs, isQuick: true };
      const reply = await run('renew', 'renew the leases of targets', held.map(forScript), more);
      return rowsOf(reply).map(({ held: { name, wish } }) => ({ name, wish }));
    },
    async saveCursors(moves) {
      const args = moves.map(({ cursor, took, ...lease }) => [
        ...forScript(lease),
        encodeCursor(cursor),
        took === undefined ? '' : String(took),
      ]);
      return (await run('save', 'save cursors', args, { isQuick: true })).map((saved) => saved === '1');
    },
    async releaseTargets(held) {
      await run('release', 'release targets', held.map(forScript));
    },
    async wishTarget(name, change) {
      const [row] = rowsOf(await run('wish', 'keep what is wanted of a target', wishForScript(name, change)));
      return row?.row ?? null;
    },
    async listTargets() {
      const rows = rowsOf(await run('list', 'list targets', [])).map(({ row }) => row);
      return rows.sort((a, b) => compareText(a.name, b.name));
    },
  });
}

/** Forgets targets that nobody holds, and that were claimed so long ago, ms. */
export async function trimTargets(store: RedisStore, maxAgeMs: number): Promise<void> {
  const call = { op: 'trim', maxTargets: 0, maxLeaseMs, maxAgeMs };
  await store.run('targets', 'trim the ledger', call, ['[]']);
}

/** All targets, as of one moment. */
export async function exportTargets(store: RedisStore): Promise<readonly TargetLine[]> {
  const call = { op: 'list', maxTargets: 0, maxLeaseMs };
  const rows = rowsOf(asList(await store.run('targets', 'export ledger', call, ['[]'])));
  return rows.map(({ row: { name, cursor, wish } }) => ({ row: 'target', name, cursor, wish }));
}

/** Puts these in the place of all targets. At most 1,000. */
export async function importTargets(store: RedisStore, targets: readonly TargetLine[]): Promise<void> {
  const call = { op: 'import', maxTargets: 0, maxLeaseMs };
  await store.run('targets', 'import ledger', call, [encodeForLua(targets.map(lineForScript))]);
}

function lineForScript({ name, cursor, wish }: TargetLine) {
  const { paused, disabled, goTo, replay, number } = wish;
  const wished = goTo === null ? '' : `${formatPosition(goTo.epoch, goTo.sequence)} ${goTo.number}`;
  const texts = [String(number), paused ? '1' : '', optional(disabled), wished, optional(replay)];
  // Nobody has its fence or its lease; the script says when it was seen.
  return [name, ['0', '0', '0', '', encodeCursor(cursor), ...texts]];
}

function forScript({ name, fence }: Lease): readonly string[] {
  return [name, String(fence)];
}

function wishForScript(name: string, { paused, disabled, goTo, replay }: WishChange) {
  const position = goTo === null ? '' : goTo && formatPosition(goTo.epoch, goTo.sequence);
  const flag = paused === undefined ? null : paused ? '1' : '';
  return [name, flag, optional(disabled), position ?? null, optional(replay)];
}

function optional(text: string | null | undefined): string | null {
  return text === undefined ? null : text === null ? '' : `=${text}`;
}

/** The rows of `lua/targets.lua`. */
function rowsOf(reply: readonly unknown[]) {
  return chunked(reply, 12).map(readRow);
}

function readRow(values: readonly unknown[]): { readonly held: HeldTarget; readonly row: TargetRow } {
  const [name = '', fence, isNew, holder = '', heldFor, seenAge, cursorText = '', ...wishTexts] =
    values.map(asText);
  // Its checksum was right, so no decay made it: the target begins anew all the same.
  const cursor = readCursor(cursorText) ?? lostCursor;
  const wish = readWishTexts(wishTexts);
  return {
    held: { name, fence: asCount(fence), cursor, wish, isNew: isNew === '1' },
    row: {
      ...{ name, cursor, wish },
      holder: holder === '' ? null : holder,
      heldForMs: asCount(heldFor),
      seenAgeMs: seenAge === '' ? null : asCount(seenAge),
    },
  };
}

function readWishTexts(texts: readonly string[]): TargetWish {
  const [number, paused, disabled = '', goTo = '', replay = ''] = texts;
  return {
    paused: paused === '1',
    disabled: readOptional(disabled),
    goTo: goTo === '' ? null : readGoTo(goTo),
    replay: readOptional(replay),
    number: asCount(number),
  };
}

function readOptional(text: string): string | null {
  return text === '' ? null : text.slice(1);
}

function readGoTo(text: string): TargetWish['goTo'] {
  const [positionText = '', number] = text.split(' ');
  const position = parsePosition(positionText);
  if (position === null) throw broken('a position and a number', text);
  return { ...position, number: asCount(number) };
}

/** For the script's refusal TARGETS; null: it failed for another reason. */
function noRoom(error: unknown, maxTargets: number): unknown {
  const cause = error instanceof Error ? messageOf(error.cause) : '';
  const [, known, more] = /^TARGETS (\d+) (\d+)/.exec(cause) ?? [];
  return known === undefined ? null : refuseTargets(Number(known), Number(more), maxTargets);
}
