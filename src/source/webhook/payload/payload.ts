/** From bytes to JSON: the steps before and after verification. */
import { isUtf8 } from 'node:buffer';
import { ManifeedError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Steps } from '../kind.ts';
import { parseInSteps } from './json-in-steps.ts';
import { doInSlices } from './steps.ts';

/**
 * The bytes of the JSON: a form's `payload` member, decoded. Gitea signs that and not the form, so it is
 * unwrapped before the signature is checked. Linear in the body, which is capped.
 *
 * @throws BODY_INVALID if a form has no `payload`
 */
export function* unwrapForm(body: Buffer): Steps<Buffer> {
  // URLSearchParams would build a million empty members before we could refuse.
  const text = body.toString('latin1');
  const start = text.startsWith('payload=') ? 0 : text.indexOf('&payload=') + 1;
  if (start === 0 && !text.startsWith('payload=')) {
    throw new ManifeedError('BODY_INVALID', 'read webhook form: no member "payload": must hold the JSON');
  }
  const end = text.indexOf('&', start);
  const member = text.slice(start + 'payload='.length, end === -1 ? undefined : end);
  return yield* percentDecode(member);
}

const decodedAtOnce = 64 * 1024;

/** By char codes, not substrings: this runs before verification, and four million "%" must not block others. */
function* percentDecode(member: string): Steps<Buffer> {
  const bytes = Buffer.allocUnsafe(member.length);
  let length = 0;
  let pauseAt = decodedAtOnce;
  for (let index = 0; index < member.length; index += 1) {
    if (index >= pauseAt) {
      pauseAt += decodedAtOnce;
      yield;
    }
    const code = member.charCodeAt(index);
    const high = code === 0x25 ? hexValue(member.charCodeAt(index + 1)) : -1;
    const low = high === -1 ? -1 : hexValue(member.charCodeAt(index + 2));
    if (low !== -1) {
      bytes[length] = high * 16 + low;
      index += 2;
    } else bytes[length] = code === 0x2b ? 0x20 : code;
    length += 1;
  }
  return bytes.subarray(0, length);
}

/** The value of one hexadecimal digit; -1 for anything else, also for the NaN beyond the end. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Payloads up to this size are parsed at once, in a few milliseconds at worst. */
const maxBytesAtOnce = 64 * 1024;

/** @throws BODY_INVALID if it is no UTF-8 or JSON, never quoting it; BODY_TOO_LARGE as `parseInSteps` */
export async function parseJson(payload: Buffer, clock: Clock): Promise<unknown> {
  if (!isUtf8(payload)) {
    throw new ManifeedError('BODY_INVALID', 'read webhook body: not UTF-8: must be JSON in UTF-8');
  }
  const text = payload.toString('utf8');
  // A byte order mark is not JSON (RFC 8259, 8.1), but a parser may ignore it; some .NET senders write one.
  const json = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  try {
    return payload.length <= maxBytesAtOnce ? JSON.parse(json) : await doInSlices(parseInSteps(json), clock);
  } catch (error) {
    if (error instanceof ManifeedError) throw error;
    throw new ManifeedError(
      'BODY_INVALID',
      `read webhook body: ${payload.length} bytes that are no complete JSON: must be one JSON text`,
    );
  }
}
