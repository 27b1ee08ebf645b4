/** The recipes of docs/targets.md, from its very text. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { kindOf } from '../../src/target/kinds.ts';
import type { Settings } from './gateway.ts';

export interface Recipe {
  /** Its heading. */
  readonly title: string;
  /** The part of a configuration that it shows. */
  readonly yaml: string;
  /** What its list is about, in order: `Tool`, `Filter` … */
  readonly subjects: readonly string[];
}

/** What the variables of the recipes hold. */
export const recipeEnvironment: Readonly<Record<string, string>> = {
  APPRISE_KEY: 'apprise-key',
  ARGOCD_SECRET: 'argocd-secret',
  BROKER_TOKEN: 'broker-token',
  DISCORD_HOOK: '4711/discord-hook',
  FLUX_HOOK: '0123456789abcdef',
  FLUX_SECRET: 'flux-secret',
  GITHUB_TOKEN: 'github-token',
  GITLAB_TRIGGER_TOKEN: 'gitlab-token',
  HOME_ASSISTANT_TOKEN: 'home-assistant-token',
  KARGO_HOOK: 'kargo-hook',
  KEEL_PASSWORD: 'keel-password',
  MAIL_PASSWORD: 'mail-password',
  MATRIX_ROOM: '%21abc%3Aexample.com',
  MATRIX_TOKEN: 'matrix-token',
  MATTERMOST_HOOK: 'mattermost-hook',
  NTFY_TOKEN: 'ntfy-token',
  RENOVATE_SECRET: 'renovate-secret',
  RENOVATE_TOKEN: 'renovate-token',
  SLACK_HOOK: 'T0/B0/slack-hook',
  WATCHTOWER_TOKEN: 'watchtower-token',
  WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 3).toString('base64')}`,
  WUD_PASSWORD: 'wud-password',
};

/** In the order of the document. */
export const recipes: readonly Recipe[] = readFileSync('docs/targets.md', 'utf8')
  .split(/^#{2,3} /m)
  .slice(1)
  .flatMap((section) => {
    const title = section.slice(0, section.indexOf('\n'));
    const yaml = /```yaml\n(targets:\n[\s\S]*?)```/.exec(section)?.[1];
    const subjects = [...section.matchAll(/^- \*\*(\w+):\*\* /gm)].map(([, subject = '']) => subject);
    return yaml === undefined ? [] : [{ title, yaml, subjects }];
  });

export function recipeOf(title: string): Recipe {
  const found = recipes.find((each) => each.title === title);
  if (found === undefined) throw new Error(`find recipe ${title}: must be a heading of docs/targets.md`);
  return found;
}

/**
 * The target of a recipe, with this tool in the place of the one that its URL names. Each change is sent at once.
 *
 * @param origin of the tool, without a slash at the end
 */
export function targetOfRecipe(
  { title, yaml }: Recipe,
  origin: string,
): Settings & { readonly name: string } {
  const filled = yaml.replace(/\$\{([A-Z_]+)\}/g, (_whole, name: string) => {
    const value = recipeEnvironment[name];
    if (value === undefined) throw new Error(`fill recipe ${title}: ${name}: must be a variable of recipes`);
    return value;
  });
  const { targets } = parse(filled) as { targets: readonly [Settings & { name: string; kind: string }] };
  const [target] = targets;
  const { url } = target;
  const path = typeof url === 'string' ? url.replace(/^https?:\/\/[^/]+/, '') : '';
  const isLocal = target.kind === 'exec' || target.kind === 'email';
  const coalesces = kindOf(target).defaults.coalesceMs !== null;
  return {
    ...target,
    ...(isLocal ? {} : { url: `${origin}${path}` }),
    ...(coalesces ? { coalesce: '0s' } : {}),
  };
}
