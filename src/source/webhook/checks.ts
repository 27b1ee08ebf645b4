/** What a configured webhook must fulfil before the gateway starts. */
import { invalidParameter } from '../../errors.ts';
import { canonicalRegistry } from '../../event/reference.ts';
import type { HookOptions, WebhookKind } from './kind.ts';
import { kinds } from './kinds.ts';
import { splitCertificates } from './proof/sns.ts';

const nameGrammar = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const headerGrammar = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
const pathTokenGrammar = /^[A-Za-z0-9._~-]{1,256}$/;

/**
 * @param listenIsLoopback for the message only: a hook without any secret must say `verify: none` everywhere
 * @throws PARAMETER_INVALID naming `webhooks[i].<key>`
 */
export function checkHooks(hooks: readonly HookOptions[], listenIsLoopback: boolean): void {
  const names = new Set<string>();
  for (const [index, hook] of hooks.entries()) {
    checkHook(hook, `webhooks[${index}]`, listenIsLoopback);
    if (names.has(hook.name)) refuse(`webhooks[${index}].name`, show(hook.name), 'must be unique');
    names.add(hook.name);
  }
}

/** As `checkHooks`, for one of them; `at` is its key. */
export function checkHook(hook: HookOptions, at: string, listenIsLoopback: boolean): void {
  if (!nameGrammar.test(hook.name)) {
    refuse(`${at}.name`, show(hook.name), 'must be 1 to 64 of A-Z, a-z, 0-9, ".", "_", "-"');
  }
  const kind = kinds.get(hook.kind);
  if (kind === undefined) {
    refuse(`${at}.kind`, show(hook.kind), `must be one of ${[...kinds.keys()].join(', ')}`);
  }
  if (hook.registry !== undefined && canonicalRegistry(hook.registry) === null) {
    refuse(`${at}.registry`, show(hook.registry), 'must be host or host:port');
  }
  if (kind.needsRegistry === true && hook.registry === undefined) {
    refuse(`${at}.registry`, 'absent', `must name the host: ${kind.name} sends none`);
  }
  if (hook.maxBytes !== undefined && !(Number.isSafeInteger(hook.maxBytes) && hook.maxBytes >= 1024)) {
    refuse(`${at}.maxBytes`, String(hook.maxBytes), 'must be a whole number of bytes, at least 1024');
  }
  checkSecrets(hook, kind, at);
  if (hasCredential(hook, kind) || hook.verify === 'none') return;
  refuse(
    `${at}.verify`,
    'absent, and no secret is configured',
    `must have ${credentialsOf(kind)}, or "verify: none" written out${
      listenIsLoopback ? '' : ': anyone who reaches this address could announce images'
    }`,
  );
}

function checkSecrets(hook: HookOptions, kind: WebhookKind, at: string): void {
  for (const key of ['secret', 'token', 'password', 'pathToken', 'audience', 'email'] as const) {
    if (hook[key] === '') refuse(`${at}.${key}`, 'empty', 'must not be empty');
  }
  if (hook.secret !== undefined && kind.signature === undefined) {
    refuse(`${at}.secret`, 'given', `must be absent: ${kind.name} signs nothing; use ${credentialsOf(kind)}`);
  }
  if ((hook.username === undefined) !== (hook.password === undefined)) {
    refuse(`${at}.username`, 'one of username and password', 'must be both or none');
  }
  if (hook.tokenHeader !== undefined && !headerGrammar.test(hook.tokenHeader)) {
    refuse(`${at}.tokenHeader`, show(hook.tokenHeader), 'must be a header name');
  }
  if (hook.tokenHeader !== undefined && hook.token === undefined) {
    refuse(`${at}.token`, 'absent', 'must be given where tokenHeader is');
  }
  if (hook.pathToken !== undefined && !pathTokenGrammar.test(hook.pathToken)) {
    refuse(`${at}.pathToken`, 'hidden', 'must be 1 to 256 of A-Z, a-z, 0-9, ".", "_", "~", "-"');
  }
  checkSns(hook, kind, at);
  for (const key of ['audience', 'email', 'jwks'] as const) {
    if (hook[key] !== undefined && kind.oidc !== true) {
      refuse(`${at}.${key}`, 'given', `must be absent: ${kind.name} sends no OIDC token`);
    }
  }
  if ((hook.audience === undefined) !== (hook.email === undefined)) {
    refuse(
      `${at}.${hook.audience === undefined ? 'audience' : 'email'}`,
      'absent',
      'must be given with the other: any Google account can have a token made for any audience',
    );
  }
  checkJwks(hook, at);
  checkAuthorization(hook, kind, at);
}

/** Keys that came over plain HTTP could be anybody's. The URL may hold a password: only its scheme is shown. */
function checkJwks({ jwks }: HookOptions, at: string): void {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(jwks ?? '')?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === 'https') return;
  refuse(
    `${at}.jwks`,
    `a URL that begins with ${scheme}://`,
    'must be an https:// URL or the path of a file',
  );
}

/** One header can't hold two credentials. */
function checkAuthorization(hook: HookOptions, kind: WebhookKind, at: string): void {
  const usesToken = hook.token !== undefined && isAuthorization(hook, kind);
  if (usesToken && (hook.password !== undefined || hook.audience !== undefined)) {
    const other = hook.password === undefined ? "Google's token" : 'Basic';
    refuse(`${at}.tokenHeader`, 'authorization', `must be another header: ${other} is sent in that one`);
  }
}

/** Whether `token` can come in `Authorization` only. */
function isAuthorization(hook: HookOptions, kind: WebhookKind): boolean {
  const names =
    hook.tokenHeader === undefined ? (kind.tokenHeaders ?? ['authorization']) : [hook.tokenHeader];
  return names.every((name) => name.toLowerCase() === 'authorization');
}

function checkSns(hook: HookOptions, kind: WebhookKind, at: string): void {
  for (const key of ['topics', 'certificates'] as const) {
    if (hook[key] !== undefined && kind.sns !== true) {
      refuse(`${at}.${key}`, 'given', `must be absent: ${kind.name} is not sent over SNS`);
    }
  }
  if (hook.topics?.length === 0) refuse(`${at}.topics`, 'empty', 'must name at least one topic ARN');
  if (hook.topics !== undefined) {
    for (const key of ['token', 'password'] as const) {
      if (hook[key] === undefined) continue;
      const what = key === 'token' ? 'token' : 'username and password';
      const why = 'must be absent where topics is: SNS cannot send it, so no delivery could have both';
      refuse(`${at}.${key}`, 'given', `${why}; give ${what} to a second hook, for senders other than SNS`);
    }
  }
  if (hook.certificates === undefined) return;
  if (hook.topics === undefined) {
    refuse(
      `${at}.topics`,
      'absent, and certificates is given',
      "must name the topics that may send: AWS signs every customer's topics with the same certificate",
    );
  }
  let count = 0;
  try {
    count = splitCertificates(hook.certificates).length;
  } catch {
    // Counted as none: the message below says what is needed.
  }
  if (count === 0) refuse(`${at}.certificates`, 'no readable certificate', 'must be PEM text');
}

/** `certificates` alone is none: AWS signs every customer's topics with the same key. */
function hasCredential(hook: HookOptions, kind: WebhookKind): boolean {
  const { secret, token, password, pathToken, topics, audience } = hook;
  return (
    [token, password, pathToken].some((value) => value !== undefined) ||
    (kind.signature !== undefined && secret !== undefined) ||
    (kind.sns === true && topics !== undefined) ||
    (kind.oidc === true && audience !== undefined)
  );
}

function credentialsOf(kind: WebhookKind): string {
  const own = [
    ...(kind.signature === undefined ? [] : ['secret']),
    ...(kind.sns === true ? ['topics'] : []),
    ...(kind.oidc === true ? ['audience and email'] : []),
  ];
  return [...own, 'token', 'username and password', 'pathToken'].join(' or ');
}

function show(value: string): string {
  return JSON.stringify(value.slice(0, 100));
}

function refuse(parameter: string, current: string, required: string): never {
  throw invalidParameter(parameter, `read ${parameter}: ${current}: ${required}`);
}
