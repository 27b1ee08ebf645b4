/** Which images compose files and Kubernetes objects name, and which files are refused. */
import { describe, expect, it } from 'vitest';
import { readImageFile } from '../../../../src/cli/check/files/file.ts';
import { maxNesting } from '../../../../src/cli/check/files/interpolation.ts';
import { maxUnits } from '../../../../src/cli/check/files/yaml-bounds.ts';
import { inputFault } from '../../../../src/cli/input.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

interface Given {
  readonly path?: string;
  readonly env?: Record<string, string>;
  /** Other files. */
  readonly files?: Record<string, string>;
}

function read(text: string, { path = 'dir/compose.yaml', env = {}, files = {} }: Given = {}) {
  const all: Readonly<Record<string, string>> = { ...files, [path]: text };
  return readImageFile(path, {
    env,
    buildArguments: new Map(),
    read: async (name) => {
      const found = all[name];
      if (found === undefined) throw inputFault(name, Object.assign(new Error(name), { code: 'ENOENT' }));
      return found;
    },
  });
}

async function images(text: string, given: Given = {}) {
  const { wanted, problems } = await read(text, given);
  expect(problems).toEqual([]);
  return wanted.map(({ image, place }) => [image.replace(/^docker\.io\//, ''), place]);
}

const compose = (image: string) => `services:\n  web:\n    image: ${image}\n`;

describe('a compose file', () => {
  it('names the images of its services; built ones have none', async () => {
    const text = `
      name: x
      x-base: &base { image: "ghcr.io/a/b:1", environment: { A: 1 } }
      services:
        web: { image: nginx }
        old: { <<: *base, restart: always }
        pinned: { image: "nginx:1.27@${digest}" }
        built: { build: . }
        reset: { build: ., image: !reset null }
        both: { build: ., image: "me/app:dev" }
        none:
    `;
    const { wanted } = await read(text);
    expect(wanted.map(({ image, isBuilt }) => [image, isBuilt])).toEqual([
      ['docker.io/library/nginx:latest', false],
      ['ghcr.io/a/b:1', false],
      [`docker.io/library/nginx:1.27@${digest}`, false],
      ['docker.io/me/app:dev', true],
    ]);
    expect(wanted[0]?.place).toBe('dir/compose.yaml: services.web');
  });

  it.each<[text: string, expected: string]>([
    [`nginx:\${V}`, 'library/nginx:1.27'],
    ['nginx:$V', 'library/nginx:1.27'],
    [`nginx:\${NONE:-$V}`, 'library/nginx:1.27'],
    [`nginx:\${NONE:-\${ALSO_NONE:-2}}`, 'library/nginx:2'],
    [`nginx:\${EMPTY:-1}`, 'library/nginx:1'],
    [`nginx\${EMPTY-:1}`, 'library/nginx:latest'],
    [`nginx:\${V:?must be set}`, 'library/nginx:1.27'],
    [`nginx:1\${V:+-alpine}`, 'library/nginx:1-alpine'],
    [`nginx:1\${EMPTY:+-alpine}`, 'library/nginx:1'],
    [`nginx:1\${NONE+-$ALSO_NONE}`, 'library/nginx:1'],
    [`\${REG:-host:5000/}nginx:1`, 'host:5000/nginx:1'],
    [`nginx:\${FROM_FILE}`, 'library/nginx:9'],
  ])('has %s', async (text, expected) => {
    const env = { V: '1.27', EMPTY: '' };
    const files = { 'dir/.env': '# x\nFROM_FILE="9"\nV=never\n' };
    expect((await images(compose(JSON.stringify(text)), { env, files }))[0]?.[0]).toBe(expected);
  });

  it('says which images stand in other files, and how to read them', async () => {
    const services =
      'services: { a: { extends: { service: b } }, b: { image: x }, c: { extends: { file: d }, image: y } }';
    expect((await read(services)).notes).toEqual([
      'read dir/compose.yaml: a: images of other files are not read: use docker compose config | manifeed check --file -',
    ]);
    const { notes } = await read(`include: [other.yaml]\n${compose('x')}`);
    expect(notes).toEqual([
      expect.stringMatching(/compose.yaml: include: images of other files are not read/),
    ]);
  });

  it('looks for .env in its own folder; of standard input in the current one', async () => {
    const files = { '.env': 'V=3' };
    expect(await images(compose('nginx:$V'), { path: '-', files })).toEqual([
      ['library/nginx:3', 'standard input: services.web'],
    ]);
    expect(await images(compose('nginx:$V'), { path: 'compose.yaml', files })).toHaveLength(1);
  });

  it.each([
    [`nginx:\${V}`, /read dir\/compose.yaml: services.web: .*: the variable V has no value: must be set/],
    [`nginx:\${constructor}`, /the variable constructor has no value/],
    [`nginx:\${V:?no version}`, /the variable V has no value: no version/],
    ['nginx:$$V', /"nginx:\$V": the tag must match/],
    [`nginx:${`\${A:-`.repeat(maxNesting + 1)}1${'}'.repeat(maxNesting + 1)}`, /nested deeper than 20/],
    ['not an image', /services.web: "not an image": must be/],
  ])('says what is wrong with %s, and goes on', async (text, message) => {
    const { problems, wanted } = await read(`${compose(JSON.stringify(text))}  last: { image: last }`);
    expect(problems).toEqual([expect.stringMatching(message)]);
    expect(wanted).toHaveLength(1);
  });

  it('says of a number that it must be in quotes', async () => {
    expect((await read(compose('1.27'))).problems).toEqual([
      expect.stringContaining('image: 1.27: must be a string'),
    ]);
  });
});

describe('Kubernetes objects', () => {
  it('name the images of containers of every kind', async () => {
    const text = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  template:
    spec:
      initContainers: [{ name: init, image: busybox:1 }]
      containers:
        - { name: app, image: "ghcr.io/a/app:2" }
        - { name: patched }
---
---
apiVersion: batch/v1
kind: CronJob
metadata: { generateName: x }
spec: { jobTemplate: { spec: { template: { spec: { containers: [{ image: "job:1" }] } } } } }
---
apiVersion: v1
kind: List
items:
  - { kind: Pod, metadata: { name: p }, spec: { containers: [], ephemeralContainers: [{ name: e, image: debug }] } }
  - { apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: { name: r }, spec: { template: { spec: { containers: [{ name: c, image: "r:1" }] } } } }
`;
    expect(await images(text, { path: 'k8s.yaml' })).toEqual([
      ['library/busybox:1', 'k8s.yaml: document 1: Deployment/web init'],
      ['ghcr.io/a/app:2', 'k8s.yaml: document 1: Deployment/web app'],
      ['library/job:1', 'k8s.yaml: document 2: CronJob'],
      ['library/debug:latest', 'k8s.yaml: document 3: Pod/p e'],
      ['library/r:1', 'k8s.yaml: document 3: Rollout/r c'],
    ]);
  });

  it('name the images of volumes', async () => {
    const volumes =
      '[{ name: model, image: { reference: "quay.io/m/a:1" } }, { name: e, emptyDir: {} }, { name: o, image: {} }]';
    const text = `{ apiVersion: v1, kind: Pod, metadata: { name: p }, spec: { containers: [], volumes: ${volumes} } }`;
    expect(await images(text, { path: 'k8s.yaml' })).toEqual([
      ['quay.io/m/a:1', 'k8s.yaml: Pod/p volume model'],
    ]);
  });

  it('may be JSON, and may contain themselves', async () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', spec: { containers: [{ name: 'a', image: 'a:1' }] } };
    expect(await images(JSON.stringify(pod), { path: '-' })).toEqual([
      ['library/a:1', 'standard input: Pod a'],
    ]);
    const circle = 'apiVersion: v1\nkind: Pod\nspec: &s\n  self: *s\n  containers: [{ image: "b:1" }]\n';
    expect(await images(circle)).toHaveLength(1);
  });

  it('that run have digests', async () => {
    const pod = {
      ...{ kind: 'Pod', metadata: { name: 'p' } },
      spec: {
        containers: [
          { name: 'a', image: 'a:1' },
          { name: 'waiting', image: 'b:1' },
          { name: 'pinned', image: `c:1@${digest}` },
        ],
        initContainers: [{ name: 'i', image: 'i:1' }],
      },
      status: {
        containerStatuses: [
          { name: 'a', imageID: `docker.io/library/a@${digest}` },
          { name: 'waiting', imageID: '' },
          { name: 'pinned', imageID: `c@sha256:${'cd'.repeat(32)}` },
          null,
        ],
        initContainerStatuses: [{ name: 'i', imageID: `docker-pullable://i@${digest}` }],
      },
    };
    const list = { apiVersion: 'v1', kind: 'List', items: [pod, { ...pod, status: {} }] };
    const { wanted } = await read(JSON.stringify(list));
    expect(wanted.map(({ image, digests }) => [image.replace('docker.io/library/', ''), digests])).toEqual([
      ['a:1', [digest]],
      ['b:1', []],
      ['c:1', [`sha256:${'cd'.repeat(32)}`, digest]],
      ['i:1', [digest]],
      ...[
        ['a:1', []],
        ['b:1', []],
        [`c:1@${digest}`, []],
        ['i:1', []],
      ],
    ]);
  });

  it('say which image is none', async () => {
    const text = 'apiVersion: v1\nkind: Pod\nspec: { containers: [{ name: a, image: "$(IMAGE)" }] }';
    expect((await read(text)).problems).toEqual([expect.stringContaining('Pod a: "$(IMAGE)": must be')]);
  });
});

describe('a file', () => {
  it('may be a Dockerfile, by its name or by what it has', async () => {
    expect(await images('FROM a:1', { path: 'x/Dockerfile' })).toEqual([
      ['library/a:1', 'x/Dockerfile: line 1'],
    ]);
    expect(await images('FROM a:1', { path: '-' })).toEqual([['library/a:1', 'standard input: line 1']]);
  });

  it('without an image is no trouble, but told', async () => {
    for (const text of ['services: {}', 'apiVersion: v1\nkind: ConfigMap', 'FROM scratch'])
      expect(await read(text)).toMatchObject({
        wanted: [],
        problems: [],
        notes: [expect.stringContaining('no image')],
      });
  });

  const bomb = `a: &a [x, x]\n${[...'bcdefghijklmnop'].map((name, at) => `${name}: &${name} [${`*${'abcdefghijklmno'[at]}, `.repeat(9)}]`).join('\n')}`;
  const mergeBomb = `services: {}\na: &a {${Array.from({ length: 2_000 }, (_, at) => `k${at}: 1`).join(', ')}}\nb:\n${'  - { <<: *a }\n'.repeat(1_000)}`;
  const deep = `{"apiVersion":"v1","kind":"List","items":${'['.repeat(2_000)}${']'.repeat(2_000)}}`;
  it.each<[what: string, text: string, message: RegExp]>([
    [
      'nothing',
      ' \n',
      /read dir\/compose.yaml: empty: must be a compose file, Kubernetes objects, or a Dockerfile/,
    ],
    ['comments', '# x\n---\n', /empty/],
    ['a list', '- a', /no mapping/],
    ['a text', 'hello', /no mapping/],
    ['another mapping', 'image: nginx', /neither services, nor apiVersion and kind/],
    ['a second document of another kind', `${compose('a')}---\nx: 1`, /document 2: neither/],
    [
      'a template',
      'a: {{ .Values.x }}\nb: [',
      /compose.yaml:\d+:\d+: .*: must be YAML, as helm template prints it$/,
    ],
    ['no YAML', 'b: [', /compose.yaml:\d+:\d+: .*: must be YAML$/],
    ['an alias without an anchor', 'services: *x', /must be YAML with fewer aliases, each with its anchor/],
    ['an alias bomb', bomb, /fewer aliases/],
    ['merges that multiply', mergeBomb, /merge keys \(<<\) copy more than 1000000 values: must be fewer/],
    ['a merge of a number', 'services: { a: { <<: 5 } }', /must be YAML with .* merge keys of mappings/],
    ['a merge of itself', 'services: { a: &a { <<: *a } }', /merge keys of mappings/],
    ['too much YAML', `x: [${'a,'.repeat(maxUnits / 2)}]`, /too much YAML: must be smaller, or JSON/],
    ['JSON that is too deep', deep, /nested deeper than 500: must be simpler/],
    ['two equal keys', 'services: {}\nservices: {}', /compose.yaml:2:1: .*must be YAML/],
  ])('with %s is refused', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  it('that cannot be read fails with the error of the system, of .env too', async () => {
    const parts = { env: {}, buildArguments: new Map<string, string>() };
    const fault = Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'open' });
    const reading = async (path: string) => {
      if (path === 'compose.yaml') return compose('nginx:$V');
      throw fault;
    };
    await expect(readImageFile('other.yaml', { ...parts, read: reading })).rejects.toBe(fault);
    await expect(readImageFile('compose.yaml', { ...parts, read: reading })).rejects.toBe(fault);
  });
});
