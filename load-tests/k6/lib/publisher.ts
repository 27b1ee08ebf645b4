/** Publishes one change: moves the tag to a new digest. */
import http from 'k6/http';
import { measures } from './measures.ts';
import type { Settings } from './settings.ts';

/** Unique if there is one publisher, which makes at most one per millisecond. */
function freshDigest(count: number): string {
  const run = Date.now().toString(16).padStart(16, '0');
  return `sha256:${run}${count.toString(16).padStart(16, '0')}${'0'.repeat(32)}`;
}

let count = 0;

export async function publish(settings: Settings): Promise<void> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (settings.hookToken !== '') headers.Authorization = `Bearer ${settings.hookToken}`;
  const body = JSON.stringify({
    reference: `${settings.repository}:latest`,
    digest: freshDigest(++count),
    mediaType: 'application/vnd.oci.image.index.v1+json',
    size: 10229,
    // Subscribers compute their latency from it.
    occurredAt: new Date().toISOString(),
  });
  const response = await http.asyncRequest('POST', `${settings.url}/v1/hooks/${settings.hook}`, body, {
    headers,
  });
  measures.published.add(response.status >= 200 && response.status < 300);
}
