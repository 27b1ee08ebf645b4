import type { WebhookKind } from '../kind.ts';
import { hmac } from '../proof/signature.ts';
import { gitea, giteaHeaders } from './gitea.ts';

const headers = { 'x-forgejo-signature': '', ...giteaHeaders };

/** Forgejo: Gitea's package events, with headers of its own beside Gitea's. */
export const forgejo: WebhookKind = {
  ...gitea,
  name: 'forgejo',
  proofs: [hmac({ algorithm: 'sha256', covers: 'payload', headers })],
};
