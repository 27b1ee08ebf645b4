/** `--canary`: a publication that has to come back over a stream. It is a real change, and is taken back afterwards. */
import { FeedError, openFeed, type Token } from '../../../../client/src/index.ts';
import { innermost } from '../../asking/system-cause.ts';
import { type Finding, failed, fine, warning } from '../finding.ts';
import type { Means } from '../means.ts';
import { frontTrouble } from '../trouble.ts';
import { answerOrError, question } from './question.ts';

export interface Canary {
  /** Where it is published; its kind must be `manifeed`. */
  readonly hook: string;
  /** The hook's. */
  readonly hookToken: Token | undefined;
  /** `host/name`; nobody should have a use for it. */
  readonly repository: string;
}

/** Time from the publication to the stream, and for the stream to begin, ms. A lone subscriber is not paced. */
export const canaryMs = 10_000;
const tag = 'canary';
const docs = 'docs/commands.md#doctor';

/** Sends it, waits for it, and deletes it. */
export async function* examineCanary(canary: Canary, means: Means): AsyncGenerator<Finding> {
  const { connection, clock, fetch, random } = means;
  const digest = `sha256:${Array.from({ length: 64 }, () => Math.floor(random() * 16).toString(16)).join('')}`;
  const over = new AbortController();
  await using feed = openFeed(connection.url, { token: connection.token, fetch, clock });
  const events = feed.events({ repository: canary.repository, tag }, { signal: over.signal });
  const came = async (fits: (event: Awaited<ReturnType<typeof events.next>>['value']) => boolean) => {
    const cancel = clock.after(canaryMs, () => over.abort());
    try {
      for (;;) {
        const { value, done } = await events.next();
        if (done === true) return false;
        if (fits(value)) return true;
      }
    } finally {
      cancel();
    }
  };
  const begun = await answerOrError(came((event) => event?.kind === 'ready'));
  if (begun !== true) {
    yield noStream(begun === false ? null : begun, canary);
    return;
  }
  const startedAt = clock.monotonic();
  const published = await publish(means, canary, { digest });
  if (published !== null) {
    yield published;
    return;
  }
  const back = await answerOrError(
    came((event) => event?.kind === 'change' && event.change.digest === digest),
  );
  if (back === true) {
    const tookMs = Math.ceil(clock.monotonic() - startedAt);
    yield fine('canary', `it was published, and came back after ${tookMs} ms`);
  } else yield lost();
  const removed = await publish(means, canary, { action: 'delete' });
  if (removed !== null) {
    const text = `${canary.repository}:${tag} was not taken back (${removed.text})`;
    yield warning('canary', text, `Run manifeed publish ${canary.repository}:${tag} --delete`, { docs });
  }
}

/** @returns what was wrong; null: it is stored */
async function publish(
  means: Means,
  { hook, hookToken, repository }: Canary,
  what: { readonly digest: string } | { readonly action: 'delete' },
): Promise<Finding | null> {
  const body = { reference: `${repository}:${tag}`, ...what };
  const answer = await answerOrError(
    question(means, `/v1/hooks/${hook}`, { body, token: hookToken ?? null }),
  );
  if (!(answer instanceof FeedError)) return null;
  const about = hook;
  if (answer.code === 'UNAUTHORIZED')
    return failed(
      'canary',
      'the webhook refuses the token',
      'Give the token of the webhook with --hook-token-file',
      { about, docs },
    );
  if (answer.code === 'NOT_FOUND')
    return failed(
      'canary',
      'there is no such webhook',
      'Name one of the kind manifeed with --hook, or configure one (webhooks)',
      { about, docs },
    );
  const front = frontTrouble(answer);
  if (front !== null) {
    const { text, remedy, ...more } = front;
    return failed('canary', text, remedy, { about, ...more });
  }
  return failed('canary', answer.message, 'See the log of the gateway: it names the reason', { about, docs });
}

function noStream(error: FeedError | null, { repository }: Canary): Finding {
  if (error !== null && (error.code === 'DENIED' || error.code === 'REGISTRY_UNKNOWN')) {
    const remedy = 'Name a repository that the token may see with --repository';
    return failed('canary', `no stream of ${repository} (${innermost(error).message})`, remedy, { docs });
  }
  const why = error === null ? `not ready within ${canaryMs / 1_000} s` : innermost(error).message;
  const remedy = 'Mend what is said of the transports first';
  return failed('canary', `nothing was published: the stream did not begin (${why})`, remedy, { docs });
}

function lost(): Finding {
  return failed(
    'canary',
    `it was stored, but did not come back within ${canaryMs / 1_000} s`,
    'See manifeed_delivery_delay_seconds; behind a load balancer, see that all gateways share one ledger',
    { docs: 'docs/operating.md#what-should-i-look-at-when' },
  );
}
