/** Whether a 404 is the registry's own word. A proxy whose registry is away answers 404 too, and all tags would be gone. */
import { z } from 'zod';
import { jsonOrNothing } from '../lib/json.ts';
import { headerOf } from './rate-limit.ts';
import type { ClientRequest, RegistryClient, Reply } from './registry-client.ts';
import { UpstreamError } from './upstream-error.ts';

/** distribution-spec, "Error Codes". */
const errorSchema = z.object({ errors: z.array(z.object({ code: z.string() })).min(1) });
const maxPingBytes = 64 * 1024;

/** Whether the answer alone shows it: by the registry's header or errors, or because this registry sends none. */
export function isOwnNotFound({ status, headers, body }: Reply, client: RegistryClient): boolean {
  if (status !== 404) return false;
  if (headerOf(headers, 'docker-distribution-api-version') !== null) return true;
  if (errorSchema.safeParse(jsonOrNothing(body.toString('utf8'))).success) return true;
  return client.namesVersion === false;
}

/**
 * Whether the registry is there: distribution-spec, "Determining Support" (end-1). Behind such a proxy that path is
 * not found either.
 */
export async function isThere(
  client: RegistryClient,
  request: Pick<ClientRequest, 'scope' | 'urgent' | 'signal'>,
): Promise<boolean> {
  try {
    const url = new URL('v2/', client.base);
    const { scope, urgent, signal } = request;
    const reply = await client.send({
      ...{ kind: 'ping', method: 'GET', url, scope, accept: 'application/json', maxBytes: maxPingBytes },
      ...(urgent === undefined ? {} : { urgent }),
      ...(signal === undefined ? {} : { signal }),
    });
    return reply.status === 200;
  } catch (error) {
    // Who asks for credentials is there.
    if (error instanceof UpstreamError && error.reason === 'denied') return true;
    throw error;
  }
}
