/** Whether two clocks agree. Pure. */
import { type Finding, failed, fine } from '../finding.ts';

/** Clocks set by NTP agree better, ms. */
const toleratedMs = 5_000;

/** A time that an answer told, and when the request for it was sent and answered by this machine's clock. */
export interface Stamp {
  /** ms since the epoch. */
  readonly toldMs: number;
  /** The time was rounded down to this, ms. */
  readonly precisionMs: number;
  readonly sentAt: number;
  readonly cameAt: number;
}

/** Whose clock: of what answered first, which may be a proxy, or of the gateway itself. */
type Whose = 'answering server' | 'gateway';

/** Whether it agrees with this machine's. */
export function judgeClock({ toldMs, precisionMs, sentAt, cameAt }: Stamp, about: Whose): Finding {
  // The answer was made at some time between the two, and the time that it told is up to the precision too low.
  const ahead = Math.max(0, toldMs - cameAt);
  const behind = Math.max(0, sentAt - (toldMs + precisionMs));
  const offMs = Math.max(ahead, behind);
  if (offMs <= toleratedMs) return fine('clock', "its clock and this machine's agree", { about });
  const seconds = Math.round(offMs / 1_000);
  return failed(
    'clock',
    `its clock is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} this machine's`,
    'Have NTP set both, and those of all gateways and of Redis: which one is wrong cannot be seen from here',
    { about, docs: 'docs/operating.md#clocks' },
  );
}
