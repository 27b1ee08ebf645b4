import { isGlob } from '../../event/glob.ts';

type Row = readonly [key: string, count: number];

/**
 * What a gateway tells the others: `[[key, count]…, …]`, exact keys, globs, and how many subscribers each key left out
 * has on average. Sent are the `maxKeys` keys with the most subscribers. There may be 200,000 keys, twice a second:
 * only those that are sent are sorted.
 */
export function encodeCounts(counts: ReadonlyMap<string, number>, maxKeys: number): string {
  const { least, room } = leastTold(counts, maxKeys);
  const told: Row[] = [];
  let [leftRoom, left, sum] = [room, 0, 0];
  for (const [key, count] of counts) {
    if (count <= 0) continue;
    if (count > least || (count === least && leftRoom > 0)) {
      if (count === least) leftRoom -= 1;
      told.push([key, count]);
    } else {
      left += 1;
      sum += count;
    }
  }
  told.sort(compareCounts);
  const elsewhere = left === 0 ? 0 : Math.round(sum / left);
  return JSON.stringify([
    told.filter(([key]) => !isGlob(key)),
    told.filter(([key]) => isGlob(key)),
    elsewhere,
  ]);
}

/** The smallest count that is still sent, and how many keys of that count there is room for. */
function leastTold(
  counts: ReadonlyMap<string, number>,
  maxKeys: number,
): { readonly least: number; readonly room: number } {
  const keysOf = new Map<number, number>();
  for (const count of counts.values()) keysOf.set(count, (keysOf.get(count) ?? 0) + 1);
  let room = maxKeys;
  // Few numbers differ: as many as the square root of all subscribers, at most.
  for (const count of [...keysOf.keys()].sort((a, b) => b - a)) {
    const keys = keysOf.get(count) ?? 0;
    if (keys >= room) return { least: count, room };
    room -= keys;
  }
  return { least: 0, room: 0 };
}

/** Highest count first, then by name, so that equal counts make equal payloads. */
function compareCounts(a: Row, b: Row): number {
  return b[1] - a[1] || (a[0] < b[0] ? -1 : 1);
}
