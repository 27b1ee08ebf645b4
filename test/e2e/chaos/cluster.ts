/** Several real gateways on one Redis. */
import { type GatewayProcess, type Settings, spawnGateway } from '../../support/gateway.ts';

export interface Cluster {
  /** By number; those that were killed stay in their place. */
  readonly gateways: GatewayProcess[];
  /** The gateway of that number. */
  at(number: number): GatewayProcess;
  /** Starts that one again on its port. */
  restart(number: number): Promise<void>;
  close(): Promise<void>;
}

export interface ClusterOptions {
  readonly count: number;
  /** Of each; they may differ in where they find a registry. */
  readonly settings: (number: number) => Settings;
  /** Added to the environment of each. Default: nothing. */
  readonly env?: (number: number) => Readonly<Record<string, string>>;
}

/** Long: they start while all others work, several at once. */
const startTimeoutMs = 90_000;

export async function startCluster({ count, settings, env = () => ({}) }: ClusterOptions): Promise<Cluster> {
  const started = await Promise.allSettled(
    Array.from({ length: count }, (_, number) =>
      spawnGateway({ settings: settings(number), env: env(number), startTimeoutMs }),
    ),
  );
  const gateways = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const close = async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop('SIGKILL')));
  };
  const failed = started.find((each) => each.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  const at = (number: number) => {
    const gateway = gateways[number];
    if (gateway === undefined) throw new Error(`find gateway ${number}: must be below ${gateways.length}`);
    return gateway;
  };
  return {
    gateways,
    at,
    async restart(number) {
      const { port } = at(number);
      gateways[number] = await spawnGateway({
        settings: settings(number),
        env: env(number),
        startTimeoutMs,
        port,
      });
    },
    close,
  };
}
