/** The list of kinds. The configuration and the runner of targets read it. */
import type { Kind, SettingFault } from './kind.ts';
import { apprise } from './kinds/apprise.ts';
import { argocdImageUpdater } from './kinds/argocd-image-updater.ts';
import { cloudevents } from './kinds/cloudevents.ts';
import { email } from './kinds/email.ts';
import { exec } from './kinds/exec.ts';
import { flux } from './kinds/flux.ts';
import { github } from './kinds/github.ts';
import { gitlab } from './kinds/gitlab.ts';
import { http } from './kinds/http.ts';
import { keel } from './kinds/keel.ts';
import { renovateCe } from './kinds/renovate-ce.ts';
import { watchtower } from './kinds/watchtower.ts';
import { webhook } from './kinds/webhook.ts';
import { wud } from './kinds/wud.ts';
import { hasPlaceholder } from './template.ts';

/** In the order of the documents. */
export const kinds: readonly [Kind, ...Kind[]] = [
  webhook,
  cloudevents,
  watchtower,
  flux,
  argocdImageUpdater,
  keel,
  wud,
  renovateCe,
  github,
  gitlab,
  http,
  exec,
  apprise,
  email,
];

const byName: ReadonlyMap<string, Kind> = new Map(kinds.map((kind) => [kind.name, kind]));

/** @throws Error for a name that the configuration should have refused */
export function kindOf({ kind: name }: { readonly kind: string }): Kind {
  const kind = byName.get(name);
  if (kind === undefined) throw new Error(`find kind of target: ${name}: must have been checked`);
  return kind;
}

/**
 * What is wrong between the members of a target, whose single members are right. Placeholders are reserved: one that is
 * sent as it stands would be a mistake that nobody sees.
 */
export function faultsOf(settings: object, kind: Kind): readonly SettingFault[] {
  const { name, templates = [] } = kind;
  const message = `a placeholder: must be without \${change…}, because kind ${name} replaces none here`;
  const misplaced = Object.entries(settings)
    .filter(([key, value]) => !templates.includes(key) && hasPlaceholder(value))
    .map(([key]) => ({ key, message }));
  return [...(kind.faults?.(settings) ?? []), ...misplaced];
}
