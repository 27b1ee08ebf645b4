/** Which pages may call this gateway, and what to tell the others. */
const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/** `cors.origins`, and what follows from them. */
export class Origins {
  /** CORS headers by origin, as strings of the configuration: a request's string would keep its head in memory. */
  readonly #allowed: ReadonlyMap<string, string>;

  /** @param allowed `cors.origins` */
  constructor(allowed: readonly string[]) {
    this.#allowed = new Map(
      allowed.map((origin) => [origin, `Access-Control-Allow-Origin: ${origin}\r\nVary: Origin\r\n`]),
    );
  }

  /** Only browsers send an `Origin`. A page of the host that it calls is always allowed. */
  allows(origin: string | undefined, host: string | undefined): boolean {
    return (
      origin === undefined || this.#allowed.has(origin) || URL.parse(origin)?.host === host?.toLowerCase()
    );
  }

  /** CORS headers for an origin, as header lines; without the permission if it is not allowed. */
  corsHeaders(origin: string | undefined): string {
    const allowed = origin === undefined ? undefined : this.#allowed.get(origin);
    return allowed ?? (this.#allowed.size > 0 ? 'Vary: Origin\r\n' : '');
  }

  /** Why an origin is not allowed, and what to configure. */
  explain(origin: string | undefined, host: string | undefined): string {
    const twin = this.#loopbackTwin(URL.parse(origin ?? ''), host);
    if (twin !== null) return `${twin.is} is not ${twin.isNot}: add it to cors.origins`;
    return `Origin ${JSON.stringify((origin ?? '').slice(0, 200))} is not allowed: add it to cors.origins`;
  }

  /** The allowed origin that differs only in `localhost` or `127.0.0.1`: two hosts to a browser, one to people. */
  #loopbackTwin(origin: URL | null, host: string | undefined): { is: string; isNot: string } | null {
    if (origin === null || !loopbackNames.includes(origin.hostname)) return null;
    for (const name of loopbackNames) {
      const twin = `${origin.protocol}//${name}${origin.port === '' ? '' : `:${origin.port}`}`;
      if (name !== origin.hostname && this.allows(twin, host)) return { is: origin.origin, isNot: twin };
    }
    return null;
  }
}
