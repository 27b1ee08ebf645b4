/** The bytes of changes, as the gateway's own functions write them for each transport. */
import type { Change } from '../../src/event/change.ts';
import { type Digest, parseDigest } from '../../src/event/digest.ts';
import { changeToJson } from '../../src/event/encode.ts';
import { textFrame } from '../../src/transport/websocket/frame.ts';

/** Changes in one recording; it is sent again and again. */
export const recorded = 1_000;
export const epoch = 'r3c0rded';

/** A change of usual size: half a kilobyte of JSON. */
function changeOf(sequence: number): Change {
  return {
    ...{ epoch, sequence, type: 'tag.updated', registry: 'registry.example.com' },
    ...{ repository: `team/service-${sequence % 100}`, tag: `1.27.${sequence}` },
    ...{ digest: digestOf(sequence), previousDigest: digestOf(sequence - 1) },
    ...{ mediaType: 'application/vnd.oci.image.index.v1+json', size: 10_229 },
    ...{ occurredAt: Date.UTC(2026, 0, 1), recordedAt: Date.UTC(2026, 0, 1), origin: 'webhook:harbor-prod' },
  };
}

function digestOf(seed: number): Digest | null {
  return parseDigest(`sha256:${seed.toString(16).padStart(64, '0')}`);
}

const changes = Array.from({ length: recorded }, (_, index) => {
  const json = changeToJson(changeOf(index + 1));
  return { position: `${epoch}-${index + 1}`, json };
});
const head = `${epoch}-${recorded}`;

/** What a stream begins with, and the changes that follow. */
export interface Recording {
  readonly begin: Buffer;
  readonly changes: Buffer;
}

/** Over SSE. */
export const sse: Recording = {
  begin: Buffer.from(
    `retry: 1000\n\nevent: ready\nid: ${epoch}-0\ndata: {"position":"${epoch}-0","heartbeatMs":20000}\n\n`,
  ),
  changes: Buffer.from(changes.map(({ position, json }) => `id: ${position}\ndata: ${json}\n\n`).join('')),
};

/** Over WebSocket. */
export const webSocket: Recording = {
  begin: textFrame(`{"type":"ready","id":"feed","position":"${epoch}-0","heartbeatMs":20000}`),
  changes: Buffer.concat(
    changes.map(({ position, json }) =>
      textFrame(`{"type":"change","resume":"${position}","change":${json}}`),
    ),
  ),
};

/** The same as an answer to a long-poll that asks for `n` changes. */
export function answer(n: number): { readonly body: string; readonly link: string } {
  const at = new Date(Date.UTC(2026, 0, 1)).toISOString();
  const updates = changes.slice(0, n).map(({ json }) => `${json.slice(0, -1)},"timestamp":"${at}"}`);
  return { body: `[${updates.join(',')}]`, link: `</v2/updates?after=${head}>; rel="next"` };
}
