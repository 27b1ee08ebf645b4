/** GitLab's container registry: Distribution's envelope, set per instance in the registry's configuration. */
import type { WebhookKind } from '../kind.ts';
import { normaliseEnvelope } from './distribution.ts';

export const gitlab: WebhookKind = { name: 'gitlab', normalise: normaliseEnvelope };
