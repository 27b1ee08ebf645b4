/** The ways in which a chaos push reaches a gateway: with and without the sender's time, with and without a key. */
import { randomUUID } from 'node:crypto';
import type { HistoryPush } from '../../support/history-check.ts';

/** The repository of all chaos pushes. No gateway polls its registry. */
export const pushedRegistry = 'r.test';
export const pushedName = 'chaos/app';

/** Webhooks of each chaos gateway, beside those of all tests. */
export const chaosHooks = [
  { name: 'publish', kind: 'manifeed', verify: 'none' },
  { name: 'registry', kind: 'distribution', verify: 'none' },
  { name: 'ahead', kind: 'distribution', verify: 'none' },
];

/** What a sender says of a push; the same at each attempt. */
export type Sent = Pick<HistoryPush, 'origin' | 'saidAt' | 'once'> & {
  readonly path: string;
  readonly body: string;
};

export type Sender = (tag: string, digest: string) => Sent;

const publishing = (more: () => { readonly occurredAt?: string; readonly id?: string }): Sender => {
  return (tag, digest) => {
    const said = more();
    const reference = `${pushedRegistry}/${pushedName}:${tag}`;
    return {
      path: '/v1/hooks/publish',
      body: JSON.stringify([{ reference, digest, ...said }]),
      origin: 'publish:publish',
      saidAt: said.occurredAt === undefined ? null : Date.parse(said.occurredAt),
      once: said.id !== undefined,
    };
  };
};

/** An event of the CNCF Distribution registry. */
export function registryEvent(host: string, repository: string, tag: string, digest: string, atMs: number) {
  const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, repository, tag };
  const event = { id: randomUUID(), timestamp: new Date(atMs).toISOString(), action: 'push', target };
  return JSON.stringify({ events: [{ ...event, request: { host } }] });
}

const registry = (name: string, aheadMs: number): Sender => {
  return (tag, digest) => {
    const saidAt = Date.now() + aheadMs;
    const body = registryEvent(pushedRegistry, pushedName, tag, digest, saidAt);
    return { path: `/v1/hooks/${name}`, body, origin: `webhook:${name}`, saidAt, once: true };
  };
};

const tenYearsMs = 10 * 365 * 86_400_000;
const now = () => new Date().toISOString();

export const dated = publishing(() => ({ occurredAt: now() }));

/** Those that push to the same tags. */
export const contenders: readonly Sender[] = [
  publishing(() => ({})),
  dated,
  registry('registry', 0),
  dated,
  registry('ahead', tenYearsMs),
  publishing(() => ({ id: randomUUID() })),
];
