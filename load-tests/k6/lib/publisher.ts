/** Publishes one change: the tag moves to a digest that it never had. */
import http from 'k6/http';
import { measures } from './measures.ts';
import type { Settings } from './settings.ts';

/** A digest for this run and moment; unique as long as one publisher makes one a millisecond at most. */
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
    // Subscribers take their latency from it.
    occurredAt: new Date().toISOString(),
  });
  const response = await http.asyncRequest('POST', `${settings.url}/v1/hooks/${settings.hook}`, body, {
    headers,
  });
  measures.published.add(response.status >= 200 && response.status < 300);
}
