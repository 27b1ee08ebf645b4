/**
 * Asks by HEAD, and follows no redirect.
 *
 * @returns the status of the answer, or the error if there was none within the time
 */
export async function headStatus(url: string, timeoutMs: number): Promise<number | Error> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { method: 'HEAD', redirect: 'manual', signal });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
