/** Asks the endpoints of the index over HTTP. */

/** An answer; members that its endpoint does not have are empty. */
export interface Page {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it came. */
  readonly text: string;
  readonly body: IndexBody;
}

export interface IndexBody {
  readonly tags: readonly Row[];
  readonly changes: readonly Row[];
  readonly repositories: readonly (Row & { readonly tags: number; readonly listed: object | null })[];
  readonly images: readonly Answer[];
  readonly orphans: readonly (Row & { readonly subject: string })[];
  readonly certain: boolean;
  readonly reason: string | null;
  readonly left: DiffSide;
  readonly right: DiffSide;
  readonly equal: number;
  readonly different: readonly (DiffRow & { readonly left: string | null; readonly right: string | null })[];
  readonly onlyLeft: readonly DiffRow[];
  readonly onlyRight: readonly DiffRow[];
  readonly next: string | null;
  readonly floor: string;
  readonly errors: readonly {
    readonly code: string;
    readonly message: string;
    readonly detail: { readonly parameter?: string; readonly reason?: string } | null;
  }[];
}

interface Row {
  readonly position: string;
  readonly type: string;
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string | null;
  readonly previousDigest: string | null;
}

interface DiffSide {
  readonly name: string;
  readonly listedAt: string | null;
}

interface DiffRow {
  readonly repository: string;
  readonly tag: string;
}

export interface Answer {
  readonly image: string;
  readonly digest: string | null;
  readonly moved: boolean | null;
  readonly newest: { readonly tag: string; readonly digest: string; readonly updatedAt: string } | null;
  readonly certain: boolean;
  readonly checkedAt: string | null;
  readonly reason: string | null;
}

interface Server {
  readonly url: string;
}

export async function get(server: Server, path: string, headers: Record<string, string> = {}): Promise<Page> {
  return pageOf(await fetch(server.url + path, { headers }));
}

export async function post(server: Server, path: string, body: unknown): Promise<Page> {
  const headers = { 'content-type': 'application/json' };
  return pageOf(await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function pageOf(response: Response): Promise<Page> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
}

/** Follows `Link` to the end. It must say what `next` says. */
export async function pages(server: Server, path: string): Promise<readonly Page[]> {
  const read: Page[] = [];
  for (let next: string | null = path; next !== null; ) {
    const page = await get(server, next);
    if (page.status !== 200) throw new Error(`read ${next}: ${page.status} ${page.text}`);
    read.push(page);
    const link = /^<([^>]*)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1] ?? null;
    if ((link === null) !== (page.body.next === null))
      throw new Error(`read ${next}: Link is not what next is`);
    if (link !== null && !link.includes(`=${page.body.next}`)) throw new Error(`read ${next}: ${link}`);
    next = link;
  }
  return read;
}
