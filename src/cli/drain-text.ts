/** What happens after the first signal to stop, for people who read the log. @param windowMs `drain.window` */
export function drainText(subscribers: number, windowMs: number): string {
  return `draining: ${leaving(subscribers, windowMs)}; a second signal stops at once`;
}

function leaving(subscribers: number, windowMs: number): string {
  if (subscribers === 0) return 'no subscriber is connected';
  const who = subscribers === 1 ? '1 subscriber is' : `${subscribers} subscribers are`;
  return `${who} closed ${windowMs > 0 ? `within ${windowMs / 1_000} s` : 'at once'} (drain.window)`;
}
