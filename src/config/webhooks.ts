/** The members of a webhook. `source/webhook` defines the kinds, and which members go together. */
import { z } from 'zod';
import { kinds } from '../source/webhook/kinds.ts';
import {
  basicUser,
  choice,
  headerSecret,
  list,
  registryHost,
  secret,
  size,
  text,
} from './settings/values.ts';

const maxWebhooks = 1_000;
const maxTopics = 100;

const webhook = z.strictObject({
  name: text('1–64 letters, digits, ".", "_" or "-"', /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/).describe(
    'The hook answers at `POST /v1/hooks/NAME`',
  ),
  kind: choice([...kinds.keys()]).describe('Which kind of registry or sender it is'),
  registry: registryHost()
    .optional()
    .describe('Host of the registry, as subscribers name it. Default: the host in the delivery'),
  secret: secret('a secret').optional().describe('Key of the HMAC signature, for senders that sign'),
  token: headerSecret('a token').optional().describe('Static token in a header'),
  tokenHeader: text('a header name', /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/)
    .optional()
    .describe('Header of the static token. Default: the one that this kind of sender uses'),
  username: basicUser().optional().describe('User name for Basic authentication'),
  password: secret('a password').optional().describe('Password for Basic authentication'),
  pathToken: text('1–256 letters, digits, "_", "-", "." or "~"', /^[A-Za-z0-9_.~-]{1,256}$/)
    .meta({ secret: true })
    .optional()
    .describe('Secret at the end of the URL, for senders that can send no other'),
  topics: list(text('the ARN of an SNS topic', /^arn:[^\s]+$/), 'ARNs', maxTopics)
    .min(1, { error: 'must have at least one' })
    .optional()
    .describe('ECR over SNS: topics that may send'),
  certificates: text('the path of a PEM file')
    .optional()
    .describe('ECR over SNS: signing certificates to trust, PEM, instead of fetching them'),
  audience: text('an audience').optional().describe('Google: audience that the push token must carry'),
  email: text('an e-mail address', /^[^\s@]+@[^\s@]+$/)
    .optional()
    .describe('Google: service account that the push token must carry'),
  // The fetch of a key set supports no credentials in the URL.
  jwks: text(
    'a path, or an https:// URL without credentials',
    /^(?:https:\/\/(?![^/?#]*@)|(?![a-z][a-z0-9+.-]*:\/\/)).+$/is,
  )
    .meta({ secret: 'url' })
    .optional()
    .describe("Google: key set, a file or a URL; default: Google's"),
  verify: choice(['none'])
    .optional()
    .describe('`none`: accept deliveries from anyone. A hook without credentials must say so'),
  maxBytes: size('1KiB', '64MiB').prefault('4MiB').describe('Largest body'),
});

/** The `webhooks` section. */
export const webhooks = list(webhook, 'webhooks', maxWebhooks).prefault([]);
