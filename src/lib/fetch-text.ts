/**
 * Fetches a signing certificate or key set over https. It follows no redirect, because the caller approved only
 * this URL.
 * @throws Error if the status is not 200, or the answer is too large or too late
 */
export async function fetchText(
  url: string,
  limits: { maxBytes: number; timeoutMs: number },
): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(limits.timeoutMs) });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new Error(`fetch ${new URL(url).host}: status ${response.status}: must be 200`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes > limits.maxBytes) {
      throw new Error(`fetch ${new URL(url).host}: too large: must be at most ${limits.maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
