import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

let trusted: readonly string[] | undefined;

function trustedCertificates(): readonly string[] {
  trusted ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  return trusted;
}

/**
 * Trusts what Node and the system trust, and `ca` (PEM). Create it once for many connections: parsing some 150
 * certificates for each would take longer than the handshake.
 */
export function trusting(ca: string | undefined): SecureContext {
  return createSecureContext({ ca: [...trustedCertificates(), ...(ca === undefined ? [] : [ca])] });
}
