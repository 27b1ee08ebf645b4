/** Times and sizes as people write them. */

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const unitBytes: Readonly<Record<string, number>> = {
  ...{ '': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9 },
  ...{ KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 },
};
const durationGrammar = /^([0-9]{1,12}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)$/;
const sizeGrammar = /^([0-9]{1,15})(B|KB|MB|GB|KiB|MiB|GiB|)$/;

/** `500ms`, `60s`, `10m`, `12h`, `30d` to milliseconds. Null if it is no duration. */
export function parseDurationMs(text: string): number | null {
  const ms = parseQuantity(durationGrammar.exec(text), unitMs);
  return ms === null ? null : Math.round(ms);
}

function parseQuantity(
  match: RegExpExecArray | null,
  units: Readonly<Record<string, number>>,
): number | null {
  const factor = units[match?.[2] ?? 'none'];
  return match === null || factor === undefined ? null : Number(match[1]) * factor;
}

/** Uses the largest unit that leaves no fraction: 90000 is `90s`. */
export function formatDuration(ms: number): string {
  const [unit, factor] = Object.entries(unitMs).findLast(([, each]) => ms >= each && ms % each === 0) ?? [
    'ms',
    1,
  ];
  return `${ms / factor}${unit}`;
}

/** `1048576`, `1MiB`, `64KiB` to bytes. Null if it is no size. */
export function parseSizeBytes(text: string): number | null {
  return parseQuantity(sizeGrammar.exec(text), unitBytes);
}
