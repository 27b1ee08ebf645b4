import { quoted } from './snippets.ts';

/**
 * The call with which a script says that a tag moved.
 *
 * @param url of the gateway, with a slash at its end
 * @param hook path of a hook of kind `manifeed`: `/v1/hooks/publish`
 */
export function publishCommand(url: string, hook: string): string {
  const change = { reference: 'nginx:1.27', digest: `sha256:${'0123456789abcdef'.repeat(4)}` };
  const target = quoted(`${url.replace(/\/$/, '')}${hook}`);
  return `curl -H "Authorization: Bearer $HOOK_TOKEN" \\\n  -d '${JSON.stringify(change)}' \\\n  ${target}`;
}
