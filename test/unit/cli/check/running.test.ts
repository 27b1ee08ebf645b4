/** What `--running` makes of the JSON of Docker and Podman. */
import { describe, expect, it } from 'vitest';
import { readRunning } from '../../../../src/cli/check/running/running.ts';

const digest = (of: string) => `sha256:${of.repeat(64).slice(0, 64)}`;
const id = (of: string) => digest(of);

/** `docker ps --format json`. */
const psRow = (name: string, image: string) => ({
  Command: '"/x"',
  ID: '0123456789ab',
  Image: image,
  Names: name,
  State: 'running',
});
/** `docker inspect CONTAINER`. */
const container = (name: string, image: string, imageId: string) => ({
  ...{ Id: digest('9'), Name: `/${name}`, Image: imageId, Config: { Image: image, Cmd: null } },
});
/** `docker image inspect`. */
const image = (imageId: string, tags: string[] | null, pinned: string[] | null) => ({
  ...{ Id: imageId, RepoTags: tags, RepoDigests: pinned, Config: { Image: '' } },
});
/** `docker images --digests --format json`. */
const imagesRow = (imageId: string, repository: string, tag: string, of: string) => ({
  ...{ ID: imageId.slice(7, 19), Repository: repository, Tag: tag, Digest: of, Size: '1MB' },
});

const lines = (...values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).join('\n');

function found(text: string) {
  const { wanted, notes, problems } = readRunning(text);
  expect(problems).toEqual([]);
  const images = wanted.map((each) => [each.image.replace(/^docker\.io\//, ''), ...each.digests]);
  return { images, notes };
}

describe('--running', () => {
  it('joins docker ps with docker image inspect by the tag', () => {
    const text = `${lines(psRow('web', 'nginx:1.27'), psRow('db', 'postgres'))}\n${JSON.stringify(
      [
        image(id('1'), ['nginx:1.27', 'copy:1'], [`nginx@${digest('a')}`, `copy@${digest('b')}`]),
        image(id('2'), ['postgres:latest'], [`postgres@${digest('c')}`, `postgres@${digest('d')}`]),
        image(id('3'), ['other:1'], [`other@${digest('e')}`]),
      ],
      null,
      2,
    )}`;
    expect(found(text)).toEqual({
      images: [
        ['library/nginx:1.27', digest('a')],
        ['library/postgres:latest', digest('c'), digest('d')],
      ],
      notes: [],
    });
  });

  it('joins crictl ps with crictl images by the id, and knows a digest that the container has', () => {
    const cri = (name: string, inUse: string, imageRef: string, userSpecifiedImage = '') => ({
      ...{ id: digest('7'), metadata: { name, attempt: 0 }, state: 'CONTAINER_RUNNING' },
      ...{ image: { annotations: {}, image: inUse, userSpecifiedImage }, imageRef },
    });
    const containers = [
      cri('web', id('1'), id('1')),
      cri('db', id('2'), `docker.io/library/postgres@${digest('c')}`, 'postgres:16'),
      cri('old', id('3'), id('3')),
    ];
    const images = [
      { id: id('1'), repoTags: ['docker.io/library/nginx:1.27'], repoDigests: [`nginx@${digest('a')}`] },
      { id: id('3'), repoTags: [], repoDigests: [`nginx@${digest('b')}`], size: '1' },
    ];
    expect(found(lines({ containers }, { images }))).toEqual({
      images: [
        ['library/nginx:1.27', digest('a')],
        ['library/postgres:16', digest('c')],
      ],
      notes: [expect.stringMatching(/^left out old: the image has no tag any more/)],
    });
    expect(found(lines({ images })).images).toEqual([['library/nginx:1.27', digest('a')]]);
  });

  it('joins docker inspect with docker image inspect by the id, whatever the tag points at there', () => {
    const containers = [container('old', 'nginx:1.27', id('1')), container('new', 'nginx:1.27', id('2'))];
    const images = [
      image(id('1'), null, [`nginx@${digest('a')}`]),
      image(id('2'), ['nginx:1.27'], [`nginx@${digest('b')}`]),
    ];
    expect(found(JSON.stringify(containers) + JSON.stringify(images)).images).toEqual([
      ['library/nginx:1.27', digest('a')],
      ['library/nginx:1.27', digest('b')],
    ]);
  });

  it('takes the digests of docker images --digests', () => {
    const rows = [
      imagesRow(id('1'), 'nginx', '1.27', digest('a')),
      imagesRow(id('1'), 'nginx', '1', digest('a')),
    ];
    const text = lines(psRow('web', 'nginx:1'), ...rows, imagesRow(id('4'), '<none>', '<none>', '<none>'));
    expect(found(text).images).toEqual([['library/nginx:1', digest('a')]]);
    // Without containers: all that have a tag.
    expect(found(lines(...rows)).images).toEqual([
      ['library/nginx:1.27', digest('a')],
      ['library/nginx:1', digest('a')],
    ]);
  });

  it('reads podman: ps with images, inspect alone, and its images', () => {
    const ps = [{ Id: '77', Image: 'docker.io/library/nginx:1.27', ImageID: '1'.repeat(64), Names: ['web'] }];
    const images = [
      {
        Id: '1'.repeat(64),
        RepoTags: null,
        RepoDigests: [`docker.io/library/nginx@${digest('a')}`],
        Names: ['docker.io/library/nginx:1.27'],
      },
    ];
    expect(found(JSON.stringify(ps) + JSON.stringify(images)).images).toEqual([
      ['library/nginx:1.27', digest('a')],
    ]);
    expect(found(JSON.stringify(images)).images).toEqual([['library/nginx:1.27', digest('a')]]);
    const inspected = [
      {
        Id: '77',
        Name: 'web',
        Image: '1'.repeat(64),
        ImageName: 'quay.io/a/b:2',
        ImageDigest: digest('c'),
        Config: { Image: 'quay.io/a/b:2' },
      },
    ];
    expect(found(JSON.stringify(inspected)).images).toEqual([['quay.io/a/b:2', digest('c')]]);
  });

  it('says plainly which digests are missing, and checks what is newer all the same', () => {
    const { images, notes } = found(lines(psRow('web', 'nginx:1.27'), psRow('pinned', `a:1@${digest('a')}`)));
    expect(images).toEqual([['library/nginx:1.27'], [`library/a:1@${digest('a')}`]]);
    expect(notes).toEqual([
      'no digests of web: what has moved is not known: add the JSON of docker image inspect, or of docker images --digests --format json',
    ]);
  });

  it('leaves out what was built here, and what has no tag any more, and says so', () => {
    const containers = [
      psRow('built', 'me/app:dev'),
      psRow('gone', '111111111111'),
      psRow('by-id', id('1')),
      psRow('by-digest', `nginx@${digest('a')}`),
    ];
    const text = lines(...containers, image(id('5'), ['me/app:dev'], []));
    const { images, notes } = found(text);
    expect(images).toEqual([]);
    expect(notes).toEqual([
      'left out built: no digest of a registry: built here, or not pulled by that name',
      'left out gone, by-id, by-digest: the image has no tag any more, or never had one: docker inspect says what a container was started as',
    ]);
  });

  it('takes no images without digests for such that no registry has', () => {
    const row = imagesRow(id('1'), 'nginx', '1', '<none>');
    expect(() => readRunning(lines(row))).toThrow(
      'no image with a digest: docker images must have --digests',
    );
    const { images, notes } = found(lines(psRow('web', 'nginx:1'), row));
    expect([images, notes]).toEqual([[['library/nginx:1']], [expect.stringContaining('no digests of web')]]);
  });

  it('takes a digest that a script has added to a row', () => {
    const rows = [
      { ...psRow('web', 'nginx:1'), Digest: digest('a') },
      { ...psRow('db', 'redis:7'), ImageDigest: digest('b') },
      { ...psRow('app', 'app:2'), Digest: '<none>' },
    ];
    expect(found(lines(...rows)).images).toEqual([
      ['library/nginx:1', digest('a')],
      ['library/redis:7', digest('b')],
      ['library/app:2'],
    ]);
  });

  it('reads docker compose ps', () => {
    const row = { ID: '77', Name: 'x-web-1', Image: 'nginx:1', Service: 'web' };
    expect(found(JSON.stringify(row)).notes).toEqual([expect.stringContaining('no digests of x-web-1')]);
  });

  it('adds the digest that is written in the name', () => {
    const pinned = container('web', `nginx:1@${digest('b')}`, id('1'));
    const local = image(id('1'), null, [`nginx@${digest('a')}`]);
    expect(found(lines(pinned, local)).images).toEqual([['library/nginx:1', digest('a'), digest('b')]]);
  });

  it('names only some of many', () => {
    const many = Array.from({ length: 12 }, (_, at) => psRow(`c${at}`, 'nginx'));
    expect(found(lines(...many)).notes).toEqual([expect.stringContaining('c9 and 2 more: what has moved')]);
  });

  it('takes an empty list for what it is', () => {
    expect(found('[]')).toEqual({ images: [], notes: ['read standard input: no container and no image'] });
  });

  it('says which container has no image that can be read', () => {
    expect(readRunning(lines(psRow('web', 'NOT OK'))).problems).toEqual([
      expect.stringMatching(/^read container web: "NOT OK": must be/),
    ]);
  });

  it.each([
    ['', /read standard input: empty: must be JSON, as of docker ps --format json/],
    [' \n', /empty/],
    ['CONTAINER ID   IMAGE', /line 1: must be JSON objects, or lists of them/],
    ['{"a":1}\n\n{"b":', /line 3: must be JSON/],
    ['{"a":1}}', /line 1: must be JSON/],
    ['["a"]', /value 1: must be of docker ps/],
    ['{"image":"a"}', /value 1: must be of docker ps, docker inspect, docker image inspect or docker images/],
    [`${lines(psRow('a', 'b'))}{"Image":1,"Names":"a"}`, /value 2/],
    ['"text"', /line 1/],
    ['[{"a":"\\"]}"}', /line 1/],
  ])('refuses %j', (text, message) => {
    expect(() => readRunning(text)).toThrow(message);
  });

  it('reads strings with braces and quotes, and a byte order mark', () => {
    const odd = psRow('a]}"\\', 'nginx');
    expect(found(`\u{feff}${lines(odd, odd)}`).images).toHaveLength(2);
  });

  it('reads a string of millions of characters', () => {
    const long = { ...psRow('a', 'nginx'), Labels: '\\'.repeat(10_000_000) };
    expect(found(lines(long, long)).images).toHaveLength(2);
  });
});
