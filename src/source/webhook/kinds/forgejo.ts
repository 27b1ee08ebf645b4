/** Forgejo: Gitea's package events, with headers of its own beside Gitea's. */
import type { WebhookKind } from '../kind.ts';
import { hmac } from '../proof/signature.ts';
import { gitea } from './gitea.ts';

export const forgejo: WebhookKind = {
  ...gitea,
  name: 'forgejo',
  proofs: [
    hmac({
      algorithm: 'sha256',
      headers: [
        { name: 'x-forgejo-signature', prefix: '' },
        { name: 'x-gitea-signature', prefix: '' },
        { name: 'x-hub-signature-256', prefix: 'sha256=' },
      ],
      covers: 'payload',
    }),
  ],
};
