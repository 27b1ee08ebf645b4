/** As long as the gateway's change, so that bytes are comparable. */
import { randomBytes } from 'node:crypto';

export const benchRepository = 'registry.example.com:5000/bench/application';
export const benchTag = 'latest';

/** Occurs in every frame with a change, over SSE and WebSocket, and in no other bytes. */
export const changeMarker = 'type":"tag.';

export function randomDigest(): string {
  return `sha256:${randomBytes(32).toString('hex')}`;
}

/** About 480 bytes of JSON. */
export function sampleChange(sequence: number): string {
  const now = new Date().toISOString();
  return JSON.stringify({
    position: `7f3k9qzd-${sequence}`,
    type: 'tag.updated',
    registry: 'registry.example.com:5000',
    repository: 'bench/application',
    tag: benchTag,
    digest: randomDigest(),
    previousDigest: randomDigest(),
    mediaType: 'application/vnd.oci.image.index.v1+json',
    size: 10229,
    occurredAt: now,
    recordedAt: now,
    origin: 'publish:publish',
  });
}

export function sseFrame(sequence: number, change: string): string {
  return `id: 7f3k9qzd-${sequence}\ndata: ${change}\n\n`;
}

export function webSocketMessage(sequence: number, change: string): string {
  return `{"type":"change","resume":"7f3k9qzd-${sequence}","change":${change}}`;
}
