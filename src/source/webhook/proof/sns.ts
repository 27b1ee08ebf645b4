/**
 * RSA signatures of Amazon SNS messages (Developer Guide, "Verifying the signatures of Amazon SNS messages"). They
 * are inside the JSON, so only here parsing comes before verification.
 */
import { createVerify, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { ManifeedError } from '../../../errors.ts';
import { certificatesIn, holdsCertificates } from '../../../lib/certificates.ts';
import type { Clock } from '../../../lib/clock.ts';
import { isSnsHost } from '../aws-hosts.ts';
import {
  type BodyCheck,
  type FetchText,
  type Headers,
  type HookFault,
  type HookOptions,
  headerOf,
  type Proof,
  type ProofTools,
} from '../kind.ts';
import { parseJson } from '../payload/payload.ts';

const messageSchema = z.object({
  Type: z.enum(['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation']),
  MessageId: z.string(),
  TopicArn: z.string(),
  Message: z.string(),
  Timestamp: z.string(),
  Subject: z.string().nullish(),
  Token: z.string().optional(),
  SubscribeURL: z.string().optional(),
  SignatureVersion: z.enum(['1', '2']),
  Signature: z.string().max(4096),
  SigningCertURL: z.string().max(1024),
});
/** An SNS message, verified or not. */
export type SnsMessage = z.infer<typeof messageSchema>;

/** AWS caps a message at 256 KiB, which may double as JSON inside JSON; more is not parsed. */
const maxMessageBytes = 600 * 1024;
/** Most certificates kept. AWS has one per region, and changes it about once a year. */
export const maxCertificates = 16;
const certificateTtlMs = 24 * 3_600_000;
const failureTtlMs = 60_000;
const certificateLimits = { maxBytes: 64 * 1024, timeoutMs: 3_000 };

const certificateUrl = /^https:\/\/([a-z0-9.-]+)\/SimpleNotificationService-[A-Za-z0-9_-]{1,128}\.pem$/;
const subscribeUrl = /^https:\/\/([a-z0-9.-]+)\/\?Action=ConfirmSubscription&[A-Za-z0-9=&:._~%+-]{1,2048}$/;

/** `certificates` alone prove nothing: AWS signs every customer's topics with the same key. */
export const snsSignature: Proof = {
  name: 'topics',
  settings: ['topics', 'certificates'],
  isAsked: (hook) => hook.topics !== undefined,
  faults,
  expects: () => 'header X-Amz-Sns-Message-Type, and in the body the signature of one of topics',
  checks: (hook, _kind, tools) => ({
    head: ({ headers }) => isSnsDelivery(headers),
    body: makeSnsCheck(hook, tools),
  }),
};

function faults(hook: HookOptions): readonly HookFault[] {
  const { topics, certificates } = hook;
  const found: HookFault[] = [];
  if (topics !== undefined) {
    for (const key of ['token', 'password'] as const) {
      if (hook[key] === undefined) continue;
      const why = 'because topics is given: SNS cannot send it, so no delivery could have both';
      const instead = 'give it to a second hook, for senders other than SNS';
      found.push({ key, message: `given: must be left out, ${why}; ${instead}` });
    }
  } else if (certificates !== undefined) {
    const why = "AWS signs every customer's topics with the same certificate";
    found.push({ key: 'topics', message: `missing: must be given, because certificates is: ${why}` });
  }
  if (certificates !== undefined && !holdsCertificates(certificates)) {
    found.push({ key: 'certificates', message: 'no readable certificate: must be PEM' });
  }
  return found;
}

/** Whether the head announces a signed SNS message. Raw delivery has no envelope and no signature. */
function isSnsDelivery(headers: Headers): boolean {
  return (
    headerOf(headers, 'x-amz-sns-message-type') !== null &&
    headerOf(headers, 'x-amz-sns-rawdelivery') !== 'true'
  );
}

/** The message in a body; null: the body is something else. */
export function readSnsMessage(json: unknown): SnsMessage | null {
  const parsed = messageSchema.safeParse(json);
  return parsed.success ? parsed.data : null;
}

/** Only the exact hosts of AWS: otherwise an attacker could make us call any server. */
export function isSubscribeUrl(url: string): boolean {
  return isSnsHost(subscribeUrl.exec(url)?.[1] ?? '');
}

function makeSnsCheck(hook: HookOptions, { clock, fetchText }: ProofTools): BodyCheck {
  const pinned = hook.certificates === undefined ? null : certificatesIn(hook.certificates);
  const fetched = keptCertificates(fetchText, clock);
  return async ({ body }) => {
    let message: SnsMessage | null = null;
    if (body.length > maxMessageBytes) return false;
    try {
      message = readSnsMessage(await parseJson(body, clock));
    } catch {
      return false;
    }
    if (message === null) return false;
    // Check the topic first: a sender that does not know it makes us fetch no certificate.
    if (hook.topics !== undefined && !hook.topics.includes(message.TopicArn)) return false;
    if (pinned !== null) return pinned.some((certificate) => isSignedBy(message, certificate));
    if (!isSnsHost(certificateUrl.exec(message.SigningCertURL)?.[1] ?? '')) return false;
    const certificate = await fetched(message.SigningCertURL);
    return certificate !== null && isSignedBy(message, certificate);
  };
}

function isSignedBy(message: SnsMessage, certificate: X509Certificate): boolean {
  const algorithm = message.SignatureVersion === '1' ? 'RSA-SHA1' : 'RSA-SHA256';
  const verifier = createVerify(algorithm).update(stringToSign(message), 'utf8');
  try {
    return verifier.verify(certificate.publicKey, message.Signature, 'base64');
  } catch {
    return false;
  }
}

/** Name and value of each signed field on lines of their own, in byte order of the names, without absent fields. */
export function stringToSign(message: SnsMessage): string {
  const names =
    message.Type === 'Notification'
      ? (['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'] as const)
      : (['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'] as const);
  let text = '';
  for (const name of names) {
    const value = message[name];
    if (value !== undefined && value !== null) text += `${name}\n${value}\n`;
  }
  return text;
}

interface CacheEntry {
  readonly certificate: Promise<X509Certificate | null>;
  readonly until: number;
}

/** Fetches each certificate once. Failures are cached too, so that forged messages cannot make us flood AWS. */
function keptCertificates(fetchText: FetchText, clock: Clock) {
  const entries = new Map<string, CacheEntry>();
  /** Null: no valid certificate. @throws UNAVAILABLE if it could not be fetched */
  return (url: string): Promise<X509Certificate | null> => {
    const now = clock.monotonic();
    const known = entries.get(url);
    if (known !== undefined && now < known.until) return known.certificate;
    for (const [key, entry] of entries) if (now >= entry.until) entries.delete(key);
    if (entries.size >= maxCertificates) return Promise.resolve(null);
    const certificate = fetchCertificate(url, fetchText, clock);
    entries.set(url, { certificate, until: now + certificateTtlMs });
    const fail = () => entries.set(url, { certificate, until: now + failureTtlMs });
    certificate.then((found) => (found === null ? fail() : undefined), fail);
    return certificate;
  };
}

async function fetchCertificate(
  url: string,
  fetchText: FetchText,
  clock: Clock,
): Promise<X509Certificate | null> {
  const text = await fetchText(url, certificateLimits).catch((cause: unknown) => {
    const message = 'verify SNS message: signing certificate not reachable';
    throw new ManifeedError('UNAVAILABLE', message, { cause });
  });
  try {
    const certificate = new X509Certificate(text);
    const isValid =
      clock.now() >= certificate.validFromDate.getTime() && clock.now() < certificate.validToDate.getTime();
    return isValid ? certificate : null;
  } catch {
    return null;
  }
}
