import type { WebhookKind } from '../kind.ts';
import { readEnvelope } from './distribution.ts';

/** GitLab's container registry: Distribution's envelope, set per instance in the registry's configuration. */
export const gitlab: WebhookKind = { name: 'gitlab', read: readEnvelope };
