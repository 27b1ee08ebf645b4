/** The same subscription in the languages that people have at hand. None holds a token: it comes from the environment. */
import { type ChangeFilter, isEmptyFilter, queryOf } from './change-filter.ts';

export interface SnippetParts {
  /** The gateway's address, with a slash at its end. */
  readonly url: string;
  readonly filter: ChangeFilter;
  /** Whether the gateway asks for a token. */
  readonly needsToken: boolean;
}

export interface Snippet {
  /** `curl` */
  readonly name: string;
  /** What it is good for, and what it needs. */
  readonly use: string;
  readonly text: string;
}

/** Each way to subscribe to what the filter lets through. */
export function snippetsOf(parts: SnippetParts): readonly Snippet[] {
  return [curl(parts), eventSource(parts), typeScript(parts), commandLine(parts), atom(parts)];
}

function curl({ url, filter, needsToken }: SnippetParts): Snippet {
  const token = needsToken ? '-H "Authorization: Bearer $MANIFEED_TOKEN" \\\n  ' : '';
  return {
    name: 'curl',
    use: 'Prints each change as it comes, to see that it works.',
    text: `curl -N ${token}${quoted(address(url, 'v1/events', filter))}`,
  };
}

function eventSource({ url, filter, needsToken }: SnippetParts): Snippet {
  const target = address(url, 'v1/events', filter);
  const lines = needsToken
    ? [
        `const url = new URL(${literal(target)});`,
        "url.searchParams.set('access_token', token);",
        'const events = new EventSource(url);',
      ]
    : [`const events = new EventSource(${literal(target)});`];
  return {
    name: 'EventSource',
    use: 'For a page, without a library. The browser reconnects and resumes by itself. The origin of the page must be in cors.origins.',
    text: [...lines, 'events.onmessage = (event) => console.log(JSON.parse(event.data));'].join('\n'),
  };
}

function typeScript({ url, filter, needsToken }: SnippetParts): Snippet {
  const token = needsToken ? ['const token = process.env.MANIFEED_TOKEN;'] : [];
  const options = needsToken ? ', { token }' : '';
  const named = Object.entries(filter).filter(([, values]) => values.length > 0);
  const members = named.map(([name, values]) => `${name}: ${listLiteral(values)}`);
  const wanted = members.length === 0 ? [] : [`const filter = { ${members.join(', ')} };`];
  return {
    name: 'TypeScript',
    use: 'For programs, with the package manifeed-client, which npm pack makes in client/ of the repository. It reconnects, resumes without a gap, and drops what comes twice.',
    text: [
      `import { openFeed } from ${literal('manifeed-client')};`,
      '',
      ...[...token, ...wanted],
      `const feed = openFeed(${literal(url.replace(/\/$/, ''))}${options});`,
      `for await (const event of feed.events(${members.length === 0 ? '' : 'filter'})) {`,
      "  if (event.kind === 'change') console.log(event.change);",
      '}',
    ].join('\n'),
  };
}

function commandLine({ url, filter, needsToken }: SnippetParts): Snippet {
  const images = filter.repository.length === 0 ? ['**'] : filter.repository;
  const flags = [
    ...filter.tag.map((tag) => `--tag ${quoted(tag)}`),
    ...filter.type.map((type) => `--type ${quoted(type)}`),
  ];
  const token = needsToken ? ['# MANIFEED_TOKEN or MANIFEED_TOKEN_FILE has the token'] : [];
  const command = ['manifeed watch', ...images.map(quoted), ...flags].join(' ');
  return {
    name: 'Command line',
    use: 'For scripts, where manifeed is installed (in its repository: ./manifeed). --exec runs a command at each change, and --state continues after a restart.',
    text: [...token, `export MANIFEED_URL=${quoted(url.replace(/\/$/, ''))}`, command].join('\n'),
  };
}

function atom({ url, filter, needsToken }: SnippetParts): Snippet {
  return {
    name: 'Atom',
    use: needsToken
      ? 'For feed readers. Most take the token as a password, with any user name.'
      : 'For feed readers.',
    text: address(url, 'v1/feed.atom', filter),
  };
}

/** Commas and slashes stay as they are: queries may have them, and people read this. */
function address(url: string, path: string, filter: ChangeFilter): string {
  if (isEmptyFilter(filter)) return `${url}${path}`;
  const query = queryOf(filter).toString().replaceAll('%2F', '/').replaceAll('%3A', ':');
  return `${url}${path}?${query}`;
}

/** For a POSIX shell: as it is if nothing in it means anything there. */
export function quoted(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function literal(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

function listLiteral(values: readonly string[]): string {
  const [first, ...others] = values.map(literal);
  return others.length === 0 ? (first ?? '[]') : `[${[first, ...others].join(', ')}]`;
}
