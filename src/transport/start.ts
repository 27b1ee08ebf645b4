import { invalidParameter } from '../errors.ts';
import { parsePosition } from '../event/position.ts';
import type { Start } from '../fanout/subscriber.ts';
import { detached } from '../lib/detached.ts';
import { quote } from './parameters.ts';

/**
 * Where a subscription begins. `after` wins over `since`. A malformed position throws; one that can't be honoured
 * does not: the stream reports it.
 *
 * @param now ms since the epoch; a `since` in its future is refused
 * @throws PARAMETER_INVALID
 */
export function toStart(
  params: { readonly after?: string | undefined; readonly since?: string | undefined },
  now: number,
): Start {
  if (params.after !== undefined && params.after !== '') {
    const position = parsePosition(params.after);
    if (position === null) {
      throw invalidParameter('after', `parse after: ${quote(params.after)}: must be <epoch>-<sequence>`);
    }
    return { kind: 'after', ...position };
  }
  if (params.since !== undefined && params.since !== '')
    return { kind: 'since', time: parseSince(params.since, now) };
  return { kind: 'live' };
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt ](?:[01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;
/** A client's clock may be this far ahead of ours. */
const allowedSkewMs = 5_000;

function parseSince(text: string, now: number): number {
  // In a query a plus sign means a space: `+02:00` arrives as ` 02:00`.
  const repaired = text.replace(/ (\d{2}:\d{2})$/, '+$1');
  const valid = rfc3339.test(repaired) && isDate(repaired.slice(0, 10));
  const time = valid ? Date.parse(repaired.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(time)) {
    throw invalidParameter(
      'since',
      `parse since: ${quote(text)}: must be RFC 3339, like 2026-11-23T20:00:00Z`,
    );
  }
  if (time > now + allowedSkewMs) {
    throw invalidParameter('since', `parse since: ${quote(text)}: lies in the future: must not be after now`);
  }
  return Math.min(time, now);
}

/** Whether `yyyy-mm-dd` exists: `Date.parse` reads 30 February as 2 March. */
function isDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** An invalid id counts as a position that can't be honoured: a 400 would stop EventSource for good. */
export function toResume(lastEventId: string): Start {
  return { kind: 'after', ...(parsePosition(detached(lastEventId)) ?? { epoch: '', sequence: 0 }) };
}
