/** An export as NDJSON: one row per line. Files are checked here, and trusted inside. */
import { z } from 'zod';
import { ManifeedError } from '../errors.ts';
import { changeTypes } from '../event/change.ts';
import { parseMediaType } from '../event/media-type.ts';
import { maxPlatforms, type Platforms } from '../event/platform.ts';
import { checkSchema, formatFaultPath } from '../lib/schema-faults.ts';
import { cursorSchema, wishSchema } from './cursor-codec.ts';
import { targetNameGrammar } from './cursors.ts';
import {
  digestSchema,
  namesSchema,
  originSchema,
  pendingSchema,
  tagSchema,
  timeSchema,
} from './pending-codec.ts';
import { isMoved, isPlatforms } from './stored-change.ts';
import { type LedgerRow, transferFormat } from './transfer.ts';

/** Longest line accepted, in characters; real ones have at most some two thousand. */
export const maxLineLength = 64 * 1024;

const name = z.string().min(1).max(1_024);
const count = z.number().int().nonnegative();
const mediaType = z.string().max(1_024).nullable().transform(parseMediaType);
const target = { digest: digestSchema.nullable(), mediaType, size: count.nullable() };
const platformsSchema = z.custom<Platforms>(
  isPlatforms,
  `must be platforms with their digests, at most ${maxPlatforms}`,
);
const movedSchema = z.custom<readonly string[]>(isMoved, 'must be a list of platforms, such as linux/amd64');
/** Absent in exports of earlier versions. */
const said = { saidAt: timeSchema.nullable().default(null), saidBy: name.nullable().default(null) };

const rowSchema = z.discriminatedUnion('row', [
  z.strictObject({
    row: z.literal('header'),
    format: z.literal([1, 2, transferFormat]),
    epoch: z.string().regex(/^[0-9a-z]{1,32}$/),
    head: count,
    floor: count,
    recordedAt: timeSchema,
    stampedAt: timeSchema.exactOptional(),
  }),
  z.strictObject({
    row: z.literal('change'),
    sequence: count,
    type: z.enum(changeTypes),
    ...namesSchema,
    tag: tagSchema.nullable(),
    ...target,
    previousDigest: digestSchema.nullable(),
    occurredAt: timeSchema,
    recordedAt: timeSchema,
    origin: originSchema,
    platforms: platformsSchema.nullable().exactOptional(),
    movedPlatforms: movedSchema.exactOptional(),
  }),
  z.strictObject({
    row: z.literal('tag'),
    ...namesSchema,
    tag: tagSchema,
    ...target,
    present: z.boolean(),
    asOf: timeSchema,
    lookedAt: timeSchema.nullable().default(null),
    checkedAt: timeSchema.nullable().default(null),
    ...said,
    firstSeenAt: timeSchema,
    updatedAt: timeSchema,
    sequence: count,
  }),
  z.strictObject({
    row: z.literal('manifest'),
    ...namesSchema,
    digest: digestSchema,
    present: z.boolean(),
    mediaType: mediaType.default(null),
    size: count.nullable().default(null),
    asOf: timeSchema,
    ...said,
  }),
  z.strictObject({ row: z.literal('baseline'), ...namesSchema, scope: name }),
  z.strictObject({ row: z.literal('listed'), ...namesSchema, wholeAt: timeSchema, readAt: timeSchema }),
  z.strictObject({ row: z.literal('delivery'), key: name, at: timeSchema }),
  z.strictObject({ row: z.literal('pending'), observation: pendingSchema }),
  z.strictObject({
    row: z.literal('target'),
    name: z.string().regex(targetNameGrammar),
    cursor: cursorSchema,
    wish: wishSchema,
  }),
  z.strictObject({ row: z.literal('end'), rows: count }),
]);

/** One line, with its line feed. */
export function encodeRow(row: LedgerRow): string {
  return `${JSON.stringify(row)}\n`;
}

/** The rows of an NDJSON file in chunks of any size; skips empty lines. @throws BODY_INVALID naming the line */
export async function* decodeRows(chunks: AsyncIterable<string | Uint8Array>): AsyncGenerator<LedgerRow> {
  const decoder = new TextDecoder('utf-8', { fatal: false });
  let rest = '';
  let line = 0;
  for await (const chunk of chunks) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      line += 1;
      if (text.trim() !== '') yield decodeRow(text, line);
    }
    if (rest.length > maxLineLength) throw refuse(line + 1, `more than ${maxLineLength} characters`);
  }
  if (rest.trim() !== '') yield decodeRow(rest, line + 1);
}

function decodeRow(text: string, line: number): LedgerRow {
  if (text.length > maxLineLength) throw refuse(line, `${text.length} characters`);
  const parsed = checkSchema(rowSchema, parseJson(text, line));
  if (parsed.ok) return parsed.data;
  const [{ path, found, rule }] = parsed.faults;
  throw refuse(line, `${formatFaultPath(path) || 'row'}: ${found}, ${rule}`);
}

function parseJson(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refuse(line, 'no JSON');
  }
}

function refuse(line: number, found: string): ManifeedError {
  return new ManifeedError(
    'BODY_INVALID',
    `import ledger: line ${line}: ${found}: must be a row that an export wrote (format 1 to ${transferFormat})`,
  );
}
