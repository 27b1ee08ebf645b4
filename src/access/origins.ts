/** Which pages may call this gateway, and what to say to the others. */
const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

export class Origins {
  readonly #allowed: ReadonlySet<string>;

  /** @param allowed `cors.origins` */
  constructor(allowed: readonly string[]) {
    this.#allowed = new Set(allowed);
  }

  /** Only browsers send an `Origin`; a page of the very host that it calls is at home. */
  allows(origin: string | undefined, host: string | undefined): boolean {
    return (
      origin === undefined || this.#allowed.has(origin) || URL.parse(origin)?.host === host?.toLowerCase()
    );
  }

  /** Why an origin is not allowed, and what to write. */
  explain(origin: string | undefined, host: string | undefined): string {
    const twin = this.#loopbackTwin(URL.parse(origin ?? ''), host);
    if (twin !== null) return `${twin.is} is not ${twin.isNot}: add it to cors.origins`;
    return `Origin ${JSON.stringify((origin ?? '').slice(0, 200))} is not allowed: add it to cors.origins`;
  }

  /**
   * To a browser `localhost` and `127.0.0.1` are two hosts. People take them for one: then an origin that differs
   * in nothing else is allowed.
   */
  #loopbackTwin(origin: URL | null, host: string | undefined): { is: string; isNot: string } | null {
    if (origin === null || !loopbackNames.includes(origin.hostname)) return null;
    for (const name of loopbackNames) {
      const twin = `${origin.protocol}//${name}${origin.port === '' ? '' : `:${origin.port}`}`;
      if (name !== origin.hostname && this.allows(twin, host)) return { is: origin.origin, isNot: twin };
    }
    return null;
  }
}
