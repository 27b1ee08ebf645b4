import type { HookOptions, SignatureScheme, WebhookKind } from '../kind.ts';
import { tokenHeadersOf } from './verify.ts';

/**
 * What a hook's senders have to show, a line each, for an operator whose delivery was refused: where it stands, and
 * the name of the setting that holds it. Never a value.
 */
export function expectedCredentials(kind: WebhookKind, hook: HookOptions): readonly string[] {
  const expected: string[] = [];
  if (hook.pathToken !== undefined) expected.push('the pathToken as last part of the URL (--path-token)');
  if (hook.token !== undefined) {
    const names = tokenHeadersOf(kind, hook);
    const bearer = names.includes('authorization') ? ', in Authorization also after "Bearer "' : '';
    expected.push(`header ${names.map(titleCase).join(' or ')}: the token${bearer}`);
  }
  if (hook.password !== undefined) {
    expected.push('header Authorization: "Basic " and username:password in base64');
  }
  if (hook.secret !== undefined && kind.signature !== undefined) expected.push(signatureOf(kind.signature));
  if (kind.oidc === true && hook.audience !== undefined) {
    expected.push('header Authorization: "Bearer " and Google\'s token for audience and email');
  }
  if (kind.sns === true && hook.topics !== undefined) {
    expected.push('header X-Amz-Sns-Message-Type, and in the body the signature of one of topics');
  }
  return expected;
}

function signatureOf({ algorithm, headers, covers, orSecretItself }: SignatureScheme): string {
  const names = headers.map(
    ({ name, prefix }) => titleCase(name) + (prefix === '' ? '' : ` (after "${prefix}")`),
  );
  const signed = covers === 'body' ? 'the body' : 'the JSON';
  const or = orSecretItself === true ? ', or the secret itself' : '';
  return `header ${names.join(' or ')}: the HMAC-${algorithm.toUpperCase()} of ${signed} by secret, in hex${or}`;
}

/** `x-hub-signature-256` → `X-Hub-Signature-256`: header names as people know them. */
function titleCase(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}
