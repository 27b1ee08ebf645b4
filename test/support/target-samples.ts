/** Deliveries for the tests of kinds. */
import type { RepositoryName } from '../../src/event/reference.ts';
import type { WireChange } from '../../src/event/wire-change.ts';
import type { HttpAnswer, HttpRequest } from '../../src/target/call/http.ts';
import type { ChangeDelivery, Reach, ResetDelivery } from '../../src/target/kind.ts';

/** A change as the wire has it. */
export function wireChange(given: Partial<WireChange> = {}): WireChange {
  return {
    position: 'abcdefgh-7',
    type: 'tag.updated',
    registry: 'docker.io',
    repository: 'library/nginx',
    tag: '1.27',
    digest: `sha256:${'a'.repeat(64)}`,
    previousDigest: `sha256:${'b'.repeat(64)}`,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    size: 10_229,
    occurredAt: '2026-06-01T08:00:00.000Z',
    recordedAt: '2026-06-01T08:00:01.500Z',
    origin: 'poll',
    ...given,
  };
}

/** A delivery of one change. */
export function delivery(
  given: Partial<WireChange> = {},
  more: Partial<ChangeDelivery> = {},
): ChangeDelivery {
  const change = wireChange(given);
  return {
    ...{ kind: 'changes', id: change.position, target: 'tool', attempt: 1 },
    ...{ nowMs: Date.UTC(2026, 5, 1, 8, 0, 5), change, changes: [change] },
    ...more,
  };
}

/** @param repositories what the target is about */
export function resetDelivery(repositories: readonly RepositoryName[] = []): ResetDelivery {
  const atMs = Date.UTC(2026, 5, 1, 9);
  return {
    ...{ kind: 'reset', id: 'reset-bcdefghi-12', target: 'tool', attempt: 1, nowMs: atMs + 5_000, atMs },
    ...{ reason: 'epoch', position: 'bcdefghi-12', floor: 'bcdefghi-0' },
    repositories: async () => repositories,
  };
}

/** An answer of a tool. */
export function answer(
  status: number,
  text = '',
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return { status, headers, text, isWhole: true };
}

/** Answers each request in turn, the last answer again and again, and keeps the requests. */
export function scriptedReach(
  ...answers: readonly HttpAnswer[]
): Reach & { readonly sent: HttpRequest[]; readonly allowed: number[] } {
  const sent: HttpRequest[] = [];
  const allowed: number[] = [];
  const unexpected = () => Promise.reject(new Error('answer by script: must be a request over HTTP'));
  return {
    ...{ sent, allowed, allow: (everyMs: number) => void allowed.push(everyMs) },
    run: unexpected,
    find: async ({ pattern, text }) => new RegExp(pattern, 'm').test(text),
    mail: unexpected,
    async http(request) {
      const reply = answers[Math.min(sent.length, answers.length - 1)];
      sent.push(request);
      if (reply === undefined) throw new Error('answer by script: no answer: must have one');
      return reply;
    },
  };
}
