/** `manifeed doctor`: looks at one thing after the other, from this machine to a publication that comes back. */
import { splitHost } from '../../event/reference.ts';
import type { CommandIo } from '../command.ts';
import type { DoctorArguments } from './arguments.ts';
import { examineCanary } from './checks/canary.ts';
import { examineMachine, readConfig } from './checks/local.ts';
import { reach } from './checks/reach.ts';
import { examineRegistries, type KnownRegistry } from './checks/registries.ts';
import { examineStatus, type Status } from './checks/status.ts';
import { examineToken } from './checks/token.ts';
import { examineTransports } from './checks/transports.ts';
import { type Finding, skipped } from './finding.ts';
import type { Means } from './means.ts';

/** Yields each finding as soon as it is known. */
export async function* examine(
  { config: file, canary, asksRegistries }: DoctorArguments,
  means: Means,
  io: Pick<CommandIo, 'readFile' | 'env'>,
): AsyncGenerator<Finding> {
  let known: readonly KnownRegistry[] | null = null;
  if (file !== null) {
    const { config, finding } = readConfig(file, io);
    yield finding;
    if (config !== null) {
      known = config.registries;
      yield* examineMachine(config, means.machine);
    }
  }
  const status = yield* examineGateway(means, canary);
  if (asksRegistries) yield* examineRegistries(known ?? registriesOf(status), means);
}

/** @returns what the gateway says of itself; null: nothing */
async function* examineGateway(
  means: Means,
  canary: DoctorArguments['canary'],
): AsyncGenerator<Finding, Status | null> {
  if (!(yield* reach(means))) return null;
  const { access, finding } = await examineToken(means);
  yield finding;
  if (access === null) {
    const text =
      'transports, ledger, disk, registries, hooks and targets were not looked at: no token is accepted';
    yield skipped('transports', text, 'Give a token with --token-file; with admin it sees all of them');
    return null;
  }
  // First, for the gateway counts the streams that the transports are tried with.
  const { status, findings } = await examineStatus(means);
  yield* findings;
  for (const transport of examineTransports(means)) yield await transport;
  if (canary !== null) {
    const { registry, name } = splitHost(canary.repository, access.defaultRegistry);
    yield* examineCanary({ ...canary, repository: `${registry}/${name}` }, means);
  }
  return status;
}

function registriesOf(status: Status | null): readonly KnownRegistry[] | null {
  return status === null ? null : status.registries.map(({ registry: host }) => ({ host }));
}
