/** The list of kinds. The configuration, its check and the tests of the docs read it. */
import type { WebhookKind } from './kind.ts';
import { acr } from './kinds/acr.ts';
import { aliyunAcr } from './kinds/aliyun-acr.ts';
import { cloudevents } from './kinds/cloudevents.ts';
import { distribution } from './kinds/distribution.ts';
import { dockerHub } from './kinds/docker-hub.ts';
import { ecr } from './kinds/ecr.ts';
import { forgejo } from './kinds/forgejo.ts';
import { gar } from './kinds/gar.ts';
import { ghcr } from './kinds/ghcr.ts';
import { gitea } from './kinds/gitea.ts';
import { gitlab } from './kinds/gitlab.ts';
import { harbor } from './kinds/harbor.ts';
import { jfrog } from './kinds/jfrog.ts';
import { manifeed } from './kinds/manifeed.ts';
import { nexus } from './kinds/nexus.ts';
import { quay } from './kinds/quay.ts';
import { zot } from './kinds/zot.ts';

const all: readonly WebhookKind[] = [
  distribution,
  gitlab,
  harbor,
  dockerHub,
  quay,
  ghcr,
  acr,
  ecr,
  gar,
  gitea,
  forgejo,
  jfrog,
  nexus,
  zot,
  aliyunAcr,
  cloudevents,
  manifeed,
];

export const kinds: ReadonlyMap<string, WebhookKind> = new Map(all.map((kind) => [kind.name, kind]));

/** @throws Error for a name that the configuration should have refused */
export function kindOf({ kind: name }: { readonly kind: string }): WebhookKind {
  const kind = kinds.get(name);
  if (kind === undefined) throw new Error(`find webhook kind: ${name}: must have been checked`);
  return kind;
}
