/** `--config`: the configuration, and the machine on which this command runs, for a gateway that shall run here. */
import { dirname } from 'node:path';
import { TextDecoder } from 'node:util';
import { socketRoom } from '../../../access/descriptors.ts';
import { loadConfig } from '../../../config/config.ts';
import { ConfigError } from '../../../config/settings/problems.ts';
import type { Config } from '../../../config/shape.ts';
import { noLog } from '../../../lib/log.ts';
import { innermost } from '../../asking/system-cause.ts';
import type { CommandIo } from '../../command.ts';
import { type Finding, failed, fine, warning } from '../finding.ts';
import type { Machine } from '../means.ts';
import { sizeText } from '../size-text.ts';

const mebibyte = 1024 * 1024;
/** With less the next large commit may not fit. */
const leastFreeBytes = 64 * mebibyte;
/** With less nothing fits. */
const noFreeBytes = mebibyte;

/** @returns the configuration; null: it is not accepted, and the finding says why */
export function readConfig(
  file: string,
  io: Pick<CommandIo, 'readFile' | 'env'>,
): { readonly config: Config | null; readonly finding: Finding } {
  const readFile = (path: string) => new TextDecoder().decode(io.readFile(path));
  try {
    const config = loadConfig({ argv: ['--config', file], env: io.env, readFile });
    return { config, finding: fine('config', 'a gateway accepts it', { about: file }) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const text = error.problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
    const remedy = 'Mend what it names; manifeed config says the same';
    return {
      config: null,
      finding: failed('config', text, remedy, { about: file, docs: 'docs/configuration.md' }),
    };
  }
}

/** What a gateway with this configuration would find on this machine. */
export async function* examineMachine(
  { limits, ledger }: Pick<Config, 'limits' | 'ledger'>,
  machine: Machine,
): AsyncGenerator<Finding> {
  const openFiles = machine.openFiles();
  const { shortage, subscribers } = socketRoom(limits, noLog, openFiles);
  const about = 'this machine';
  yield shortage === null
    ? fine('descriptors', `enough for limits.connections ${limits.connections}`, { about })
    : warning(
        'descriptors',
        `a process started here may open ${openFiles} files: room for ${subscribers} subscribers, not for ${limits.connections}`,
        'Raise the limit of open files (LimitNOFILE, ulimits.nofile, ulimit -n), or lower limits.connections',
        { about, docs: 'docs/operating.md#open-files' },
      );
  if (ledger.kind === 'sqlite') yield await diskOf(dirname(ledger.path), machine);
}

async function diskOf(folder: string, machine: Machine): Promise<Finding> {
  const about = folder;
  const docs = 'docs/operating.md#files';
  let free: number;
  try {
    free = await machine.freeBytes(folder);
  } catch (error) {
    const text = `the folder of the ledger cannot be used (${innermost(error instanceof Error ? error : new Error(String(error))).message})`;
    return failed('disk', text, 'Make the folder, and give it to the user of the gateway', { about, docs });
  }
  const shown = `${sizeText(free)} are free`;
  const remedy = 'Free the disk, or lower retention.maxChanges';
  if (free < noFreeBytes)
    return failed('disk', `the disk of the ledger is full: ${shown}`, remedy, { about, docs });
  if (free < leastFreeBytes)
    return warning('disk', `the disk of the ledger is nearly full: ${shown}`, remedy, { about, docs });
  if (await machine.isWritable(folder)) return fine('disk', shown, { about });
  const text = 'this user may not write in the folder of the ledger';
  return warning('disk', text, 'Give the folder to the user of the gateway, or run doctor as that user', {
    ...{ about, docs },
  });
}
