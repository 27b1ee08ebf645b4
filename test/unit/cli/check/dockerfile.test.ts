/** Which images a Dockerfile names. */
import { describe, expect, it } from 'vitest';
import {
  hasDockerfileName,
  looksLikeDockerfile,
  readDockerfile,
} from '../../../../src/cli/check/files/dockerfile.ts';
import { maxInstruction } from '../../../../src/cli/check/files/dockerfile-lines.ts';
import { Finds } from '../../../../src/cli/check/wanted.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

function read(text: string, buildArguments: Record<string, string> = {}) {
  const finds = new Finds();
  readDockerfile('Dockerfile', text, new Map(Object.entries(buildArguments)), finds);
  return finds;
}

/** The images, without Docker Hub's host. */
function images(text: string, buildArguments: Record<string, string> = {}): readonly string[] {
  const { wanted, problems } = read(text, buildArguments);
  expect(problems).toEqual([]);
  return wanted.map(({ image }) => image.replace(/^docker\.io\//, ''));
}

describe('a Dockerfile', () => {
  it.each<[name: string, text: string, expected: readonly string[]]>([
    ['an image', 'FROM nginx:1.27', ['library/nginx:1.27']],
    ['an image without a tag', 'from nginx', ['library/nginx:latest']],
    ['a host with a port', 'FROM host:5000/a/b:1\n', ['host:5000/a/b:1']],
    ['a platform', 'FROM --platform=$BUILDPLATFORM golang:1.25 AS build', ['library/golang:1.25']],
    ['a tag and a digest', `FROM alpine:3.20@${digest}`, [`library/alpine:3.20@${digest}`]],
    ['stages', 'FROM a:1 AS Base\nFROM base\nFROM BASE as two\nFROM two', ['library/a:1']],
    [
      'a stage that comes only later',
      'FROM later\nFROM a:1 AS later',
      ['library/later:latest', 'library/a:1'],
    ],
    ['nothing', 'FROM scratch\nCOPY . /', []],
    ['ARG', 'ARG V=1.27\nFROM nginx:$V-alpine', ['library/nginx:1.27-alpine']],
    ['several ARG', `ARG A=1 B="2"\nFROM nginx:\${A}.\${B}`, ['library/nginx:1.2']],
    ['ARG of ARG', `ARG A='1.27'\nARG B=\${A}-alpine\nFROM nginx:\${B}`, ['library/nginx:1.27-alpine']],
    ['a default', `ARG V\nFROM nginx:\${V:-1.27}`, ['library/nginx:1.27']],
    ['an alternative', `ARG DEBUG=1\nFROM app:1\${DEBUG:+-debug}`, ['library/app:1-debug']],
    ['an image in ARG', 'ARG BASE=ghcr.io/a/b:2\nFROM $BASE', ['ghcr.io/a/b:2']],
    [
      'ARG of a stage, which FROM does not see',
      'ARG V=1\nFROM a:1\nARG V=2\nFROM b:$V',
      ['library/a:1', 'library/b:1'],
    ],
    [
      'COPY --from',
      'FROM a:1 AS x\nCOPY --from=x /a /a\nCOPY --chown=1 --from=b:2 /b /b',
      ['library/a:1', 'library/b:2'],
    ],
    ['COPY --from a number', 'FROM a:1\nFROM b:1\nCOPY --from=0 / /', ['library/a:1', 'library/b:1']],
    ['COPY of a file named so', 'FROM a:1\nCOPY x --from=b /y', ['library/a:1']],
    [
      'RUN --mount',
      'FROM a:1\nRUN --mount=type=bind,from=b:2,target=/b --network=none ls',
      ['library/a:1', 'library/b:2'],
    ],
    ['lines that go on', 'FROM \\\n  # a comment\n\n  nginx:1 \\  \n  AS x', ['library/nginx:1']],
    [
      'another escape',
      '# syntax=docker/dockerfile:1\n# escape=`\nFROM `\n  a:1\nRUN dir c:\\\nFROM b:1',
      ['library/a:1', 'library/b:1'],
    ],
    ['escape below a comment', '# hello\n# escape=`\nFROM \\\n a:1', ['library/a:1']],
    ['comments', '#FROM x\n  # FROM y\nFROM a:1\nRUN echo \\\n# FROM z\n hello', ['library/a:1']],
    [
      'a here-document',
      'FROM a:1\nCOPY <<EOF /Dockerfile\nFROM b:1\nEOF\nCOPY --from=c:1 / /',
      ['library/a:1', 'library/c:1'],
    ],
    [
      'two here-documents',
      "FROM a:1\nCOPY <<A <<-'B' /x\nFROM b\nA\n\tFROM c\n\tB\nFROM d:1",
      ['library/a:1', 'library/d:1'],
    ],
    [
      'quotes that hold no here-document',
      'FROM a:1\nRUN echo "x <<EOF"\nFROM b:1',
      ['library/a:1', 'library/b:1'],
    ],
    ['a here-string', 'FROM a:1\nRUN cat <<<x\nFROM b:1', ['library/a:1', 'library/b:1']],
    ['a byte order mark and CRLF', '\u{feff}FROM a:1\r\nFROM b:1\r\n', ['library/a:1', 'library/b:1']],
    ['ONBUILD, which counts elsewhere', 'FROM a:1\nONBUILD COPY --from=b:1 / /', ['library/a:1']],
    ['a variable that no image uses', 'ARG A=$NONE\nFROM a:1', ['library/a:1']],
  ])('with %s', (_, text, expected) => {
    expect(images(text)).toEqual(expected);
  });

  it('takes values of ARG from the command line, also of those that Docker gives', () => {
    expect(images('ARG V=1\nFROM nginx:$V', { V: '2' })).toEqual(['library/nginx:2']);
    const stages = 'FROM a:1 AS base-arm64\nFROM base-$TARGETARCH';
    expect(images(stages, { TARGETARCH: 'arm64' })).toEqual(['library/a:1']);
  });

  it.each([
    ['FROM nginx:$V', /Dockerfile: line 1: "nginx:\$V": the variable V has no value: must be set/],
    [`\nARG V\n\nFROM nginx:\${V}`, /line 4: .* the variable V has no value/],
    [`FROM nginx:\${V#x}`, /what follows V is not understood: must be as in \$\{V:-default\}/],
    [`FROM nginx:\${V:-1`, /a "\{" without its "\}": must be closed/],
    ['FROM nginx:$-', /a "\$" without a name: must be \\\$/],
    [`ARG A=xxxxxxxx\n${'ARG A=$A$A\n'.repeat(60)}FROM $A`, /line 62: "\$A": the variable A has no value/],
    ['FROM NGINX', /read Dockerfile: line 1: "NGINX": must be \[host/],
    ['FROM --platform=x', /must name an image/],
    ['FROM a:1\nCOPY --from=$X / /', /line 2: "\$X"/],
  ])('says what is wrong in %j, and goes on', (text, message) => {
    const { problems, wanted } = read(`${text}\nFROM last:1`);
    expect(problems).toEqual([expect.stringMatching(message)]);
    expect(wanted.at(-1)?.image).toBe('docker.io/library/last:1');
  });

  it('is refused without FROM, and if a here-document does not end', () => {
    expect(() => read('RUN x')).toThrow('read Dockerfile: no FROM: must be a Dockerfile');
    expect(() => read('FROM a\nRUN <<EOF\nx')).toThrow('line 2: <<EOF without its end: must be closed');
    const long = `FROM a\nRUN ${'x'.repeat(maxInstruction)}`;
    expect(() => read(long)).toThrow('line 2: longer than 1048576 characters: must be shorter');
  });

  it('reads a directive in a line with however much white space', () => {
    expect(images(`# escape=${' '.repeat(300_000)}x${' '.repeat(300_000)}y\nFROM a:1`)).toEqual([
      'library/a:1',
    ]);
  });

  it('leaves out what is pinned by a digest alone, and says so', () => {
    const { wanted, notes } = read(`FROM nginx@${digest}`);
    expect([wanted, notes]).toEqual([[], [expect.stringContaining('left out: pinned by a digest')]]);
  });

  it('is known by its name or its first instruction', () => {
    const named = ['Dockerfile', 'a/Dockerfile.dev', 'Containerfile', 'app.dockerfile', 'C:\\a\\Dockerfile'];
    expect(named.filter((name) => !hasDockerfileName(name))).toEqual([]);
    expect(['Dockerfiles.yaml', 'compose.yaml', '-'].filter(hasDockerfileName)).toEqual([]);
    const texts = ['FROM a', '\u{feff}# x\n\n  arg A=1\nFROM a'];
    expect(texts.filter((text) => !looksLikeDockerfile(text))).toEqual([]);
    expect(['from: a', 'from : a', '', '# FROM a', 'services: {}'].filter(looksLikeDockerfile)).toEqual([]);
  });
});
