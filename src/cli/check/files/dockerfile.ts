/** Images of a Dockerfile: of `FROM`, `COPY --from` and `RUN --mount=from` (Dockerfile reference). */
import { InputError } from '../../command.ts';
import type { Finds } from '../wanted.ts';
import { type Instruction, readInstructions, wordsOf } from './dockerfile-lines.ts';
import { interpolate } from './interpolation.ts';

/** Whether a name is one that Dockerfiles have. */
export function hasDockerfileName(path: string): boolean {
  const name = path.split(/[\\/]/).at(-1) ?? '';
  return /^(?:dockerfile|containerfile)(?:\..+)?$|\.(?:dockerfile|containerfile)$/i.test(name);
}

/** Whether a text begins as Dockerfiles do: with `FROM` or `ARG`. A name of a mapping would have a colon behind it. */
export function looksLikeDockerfile(text: string): boolean {
  const first = text
    .split('\n')
    .find((line) => line.trim() !== '' && !/^\s*#/.test(line.replace(/^\u{feff}/u, '')));
  return first !== undefined && /^\u{feff}?\s*(?:FROM|ARG)\s+[^\s:]/iu.test(first);
}

/** The base of an image without one. */
const scratch = 'scratch';

/**
 * @param buildArguments values of `ARG`, as `docker build --build-arg` has them
 * @throws InputError if the file is no Dockerfile
 */
export function readDockerfile(
  path: string,
  text: string,
  buildArguments: ReadonlyMap<string, string>,
  finds: Finds,
): void {
  const instructions = readInstructions(path, text);
  if (!instructions.some(({ name }) => name === 'FROM'))
    throw new InputError(`read ${path}: no FROM: must be a Dockerfile`);
  const file = new Dockerfile(path, buildArguments, finds);
  for (const instruction of instructions) file.take(instruction);
}

class Dockerfile {
  readonly #path: string;
  readonly #buildArguments: ReadonlyMap<string, string>;
  readonly #finds: Finds;
  /** Of the `ARG` before the first `FROM`: `FROM` sees no others. */
  readonly #values = new Map<string, string>();
  readonly #stages = new Set<string>();
  #hasStage = false;

  constructor(path: string, buildArguments: ReadonlyMap<string, string>, finds: Finds) {
    this.#path = path;
    this.#buildArguments = buildArguments;
    this.#finds = finds;
  }

  take(instruction: Instruction): void {
    const place = `${this.#path}: line ${instruction.line}`;
    const words = wordsOf(instruction.text);
    this.#finds.attempt(() => {
      if (instruction.name === 'ARG' && !this.#hasStage) this.#declare(place, words);
      else if (instruction.name === 'FROM') this.#from(place, words);
      else if (instruction.name === 'COPY') this.#other(place, flagOf(words, 'from'));
      else if (instruction.name === 'RUN') for (const image of mountsOf(words)) this.#other(place, image);
    });
  }

  #declare(place: string, words: readonly string[]): void {
    for (const word of words) {
      const [, name = '', written] = /^([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
      const given = this.#buildArguments.get(name);
      if (given !== undefined || written === undefined) continue;
      try {
        this.#values.set(name, this.#read(place, unquoted(written)));
      } catch (error) {
        // It has no value then. That matters only where it is used.
        if (!(error instanceof InputError)) throw error;
        this.#values.delete(name);
      }
    }
  }

  #from(place: string, words: readonly string[]): void {
    this.#hasStage = true;
    const [text, as, stage] = words.filter((word) => !word.startsWith('--'));
    const isNamed = as?.toLowerCase() === 'as' && stage !== undefined;
    try {
      if (text === undefined) throw new InputError(`read ${place}: FROM: must name an image`);
      this.#image(place, this.#read(place, unquoted(text)));
    } finally {
      // Also of a stage whose image could not be read: what is built on it is no image.
      if (isNamed) this.#stages.add(stage.toLowerCase());
    }
  }

  /** @param image of another instruction than `FROM`, where variables do not count; null: none */
  #other(place: string, image: string | null): void {
    // A number is that of a stage.
    if (image !== null && !/^\d+$/.test(image)) this.#image(place, image);
  }

  #image(place: string, image: string): void {
    if (image !== scratch && !this.#stages.has(image.toLowerCase())) this.#finds.take(place, image);
  }

  #read(place: string, text: string): string {
    const lookup = (name: string) => this.#buildArguments.get(name) ?? this.#values.get(name);
    return interpolate(place, text, { lookup, dollar: '\\$' });
  }
}

/** The value of `--name=value` before the first word that is no flag; null: it is not there. */
function flagOf(words: readonly string[], name: string): string | null {
  return flagsOf(words, name)[0] ?? null;
}

function flagsOf(words: readonly string[], name: string): readonly string[] {
  const end = words.findIndex((word) => !word.startsWith('--'));
  const start = `--${name}=`;
  return words
    .slice(0, end === -1 ? words.length : end)
    .flatMap((word) => (word.startsWith(start) ? [unquoted(word.slice(start.length))] : []));
}

/** What `--mount=type=bind,from=IMAGE,…` names. */
function mountsOf(words: readonly string[]): readonly string[] {
  return flagsOf(words, 'mount').flatMap((mount) => {
    const member = mount.split(',').find((each) => each.startsWith('from='));
    return member === undefined ? [] : [member.slice('from='.length)];
  });
}

function unquoted(text: string): string {
  return text.replaceAll(/"((?:\\.|[^"\\])*)"|'([^']*)'/gs, (_, double = '', single = '') => double + single);
}
