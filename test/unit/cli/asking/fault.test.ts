/** What errors of the client say at a command line. */
import { describe, expect, it } from 'vitest';
import { FeedError } from '../../../../client/src/index.ts';
import { asFault, faultText } from '../../../../src/cli/asking/fault.ts';

const url = 'http://127.0.0.1:8190';
const open = { url, token: undefined };
const withToken = { url, token: 'mf_secret' };

describe('an error of the client', () => {
  it('without an answer names the address and what the system said', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:8190'), { code: 'ECONNREFUSED' });
    const error = new FeedError('NETWORK', 'get /v1/tags: no answer: is the gateway up, and, of a page, …', {
      cause: new Error('fetch failed', { cause }),
    });
    expect(faultText(error, open)).toBe(
      `${url} does not answer (connect ECONNREFUSED 127.0.0.1:8190): is the gateway up?`,
    );
  });

  it('says of a port that fetch never asks that it must be another one', () => {
    const cause = new TypeError('fetch failed', { cause: new Error('bad port') });
    const error = new FeedError('NETWORK', 'get /v1/tags: no answer: …', { cause });
    expect(faultText(error, open)).toBe(
      `${url} does not answer (programs for the web never ask this port): have it listen at another port`,
    );
  });

  it('names the address to which a gateway redirects, because the token stays behind', () => {
    const message =
      'get /v1/tags: redirected to https://r.test: must be asked there at once: 401 UNAUTHORIZED: no';
    expect(faultText(new FeedError('UNAUTHORIZED', message, { status: 401 }), withToken)).toBe(
      `${url} redirects to https://r.test, where no token is sent: name that address with --gateway`,
    );
  });

  const ofSystem = (code: string, parts: object = {}) => {
    const system = Object.assign(new Error(`it said ${code}`), { code, ...parts });
    const cause = new Error('fetch failed', { cause: system });
    return faultText(new FeedError('NETWORK', 'get /v1/tags: no answer: …', { cause }), open);
  };
  const untrusted = (code: string) =>
    `${url} has a certificate that this machine does not trust (it said ${code}): `;

  it.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'name the PEM file of its authority in NODE_EXTRA_CA_CERTS'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'name the PEM file of its authority in NODE_EXTRA_CA_CERTS'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'name the PEM file of its authority in NODE_EXTRA_CA_CERTS'],
    ['CERT_HAS_EXPIRED', 'renew its certificate'],
    ['CERT_NOT_YET_VALID', 'set the clock of this machine right'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'use a name that its certificate has'],
  ])('of a certificate by %s says what helps, and not whether the gateway is up', (code, remedy) => {
    expect(ofSystem(code).startsWith(untrusted(code) + remedy)).toBe(true);
    expect(ofSystem(code)).not.toContain('is the gateway up');
  });

  it('of TLS says what TLS said, and what helps', () => {
    expect(ofSystem('ERR_SSL_WRONG_VERSION_NUMBER')).toBe(
      `${url} does not answer (it speaks HTTP without TLS): write http:// in the URL, or name the proxy that speaks TLS for it`,
    );
    expect(ofSystem('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', { reason: 'alert' })).toBe(
      `${url} does not answer (alert): see what speaks TLS there: its versions and ciphers, and whether it wants a certificate of clients`,
    );
  });

  it('about what only administrators may says whose token it must be', () => {
    const error = new FeedError('DENIED', 'authorise: this token may not do that', { status: 403 });
    expect(faultText(error, withToken, 'administrator')).toBe(
      `${url} refuses this token (403): it must be an administrator's: give another one with --token-file or MANIFEED_TOKEN`,
    );
    expect(faultText(error, withToken)).toBe(error.message);
  });

  it('about a webhook that is not there says how to name one, and when publish is there', () => {
    const error = new FeedError('NOT_FOUND', 'post /v1/hooks/publish: 404 NOT_FOUND: …', { status: 404 });
    expect(faultText(error, open, 'webhook')).toBe(
      `${error.message}: name one with --hook (only a gateway on loopback has publish without configuration, as long as webhooks is not set)`,
    );
    expect(faultText(error, open)).toBe(error.message);
  });

  it('about the token says where to give one, and whose', () => {
    const error = new FeedError('UNAUTHORIZED', 'as in "Authorization: Bearer TOKEN"', { status: 401 });
    const hint = 'with --token-file or MANIFEED_TOKEN';
    expect(faultText(error, open)).toBe(`${url} requires a token (401): give one ${hint}`);
    expect(faultText(error, withToken)).toBe(
      `${url} does not know this token (401): give another one ${hint}`,
    );
    expect(faultText(error, withToken, 'webhook')).toBe(
      `${url} refuses the publication (401): the token must be the webhook's, not a subscriber's: give it ${hint}`,
    );
  });

  it('of a gateway that shuts down says that', () => {
    expect(faultText(new FeedError('DRAINING', 'the gateway said DRAINING'), open)).toBe(
      `${url} shuts down or restarts`,
    );
  });

  it('keeps code, status and all else, and its message if it says enough', () => {
    const parts = { status: 401, retryable: false, retryMs: 5, detail: { parameter: 'x' } };
    expect(asFault(new FeedError('UNAUTHORIZED', 'no', parts), open)).toMatchObject({
      ...{ code: 'UNAUTHORIZED', ...parts },
    });
    const broken = new FeedError('NETWORK', 'read answer: the connection broke', { cause: new Error('x') });
    expect(faultText(broken, open)).toBe('read answer: the connection broke');
    const bug = new TypeError('bug');
    expect(asFault(bug, open)).toBe(bug);
  });
});
