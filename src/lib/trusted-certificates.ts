import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { BoundedMap } from './bounded-map.ts';

let trusted: readonly string[] | undefined;

function trustedCertificates(): readonly string[] {
  trusted ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  return trusted;
}

/** Contexts that are remembered; each holds all certificates. */
const maxContexts = 16;
const contexts = new BoundedMap<string | undefined, SecureContext>(maxContexts);

/**
 * Trusts what Node and the system trust, and `ca` (PEM). The same `ca` gives the same context: parsing some 150
 * certificates takes longer than a handshake, and a gateway may have 1,000 targets.
 */
export function trusting(ca: string | undefined): SecureContext {
  return contexts.getOrMake(ca, contextOf);
}

function contextOf(ca: string | undefined): SecureContext {
  return createSecureContext({ ca: [...trustedCertificates(), ...(ca === undefined ? [] : [ca])] });
}
