/** The absolute URL of this gateway as a client reaches it, from no more of a request than is trusted. */
import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';

const hostGrammar = /^(?:[a-z0-9_](?:[a-z0-9._-]{0,253}[a-z0-9_.])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/;
/** Whole segments, without one of dots alone. */
const prefixGrammar = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]{1,64}){1,8}\/?$/;

/** What it reads of a request. `ips`: fastify has it only with `trustProxy`. */
export type BaseRequest = Pick<FastifyRequest, 'headers' | 'protocol' | 'ips'> & { readonly socket: Socket };

/**
 * `https://gateway.example.com:8443/prefix`, without a slash at the end. `Host` was checked when the request came in
 * (`access/host-check.ts`), and proxies pass it on; a value that is no host is replaced by the address that the client
 * reached. `X-Forwarded-Proto` and `X-Forwarded-Prefix` count only if a trusted proxy sent the request.
 * `X-Forwarded-Host` never counts: proxies pass on the one that a client sends.
 */
export function baseUrlOf({ headers, protocol, ips, socket }: BaseRequest): string {
  const scheme = protocol === 'https' ? 'https' : 'http';
  const host = headers.host?.toLowerCase() ?? '';
  // The first address is the socket's; the next are those that a trusted proxy named.
  const isProxied = ips !== undefined && ips.length > 1;
  const prefix = isProxied ? prefixOf(headers['x-forwarded-prefix']) : '';
  return `${scheme}://${hostGrammar.test(host) ? host : ownAddress(socket)}${prefix}`;
}

function prefixOf(value: string | string[] | undefined): string {
  return typeof value === 'string' && prefixGrammar.test(value) ? value.replace(/\/$/, '') : '';
}

function ownAddress({ localAddress = 'localhost', localPort }: Socket): string {
  const address = localAddress.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  const host = address.includes(':') ? `[${address}]` : address;
  return localPort === undefined ? host : `${host}:${localPort}`;
}
