/** Where the gateway heard of a change, in words. @param origin `webhook:<hook>`, `publish:<hook>` or `poll` */
export function originText(origin: string): string {
  const [kind, ...name] = origin.split(':');
  return kind === 'webhook' || kind === 'publish' ? `hook ${name.join(':')}` : origin;
}
