/** Fits the sockets into the open files of the process: without free ones it might fail to open its own ledger. */
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Log } from '../lib/log.ts';
import { type SocketsOfAddress, tellsAddressesApart } from './connection-limits.ts';
import { otherSocketsPerAddress } from './socket-limits.ts';

/** Files for everything that is no client's socket: the ledger, upstreams, Redis, logs, the listener. */
const reserved = 256;
/** Sockets beyond the subscribers: webhooks, keep-alives, metrics, health. */
const otherSockets = 1_000;
/** With too few files: the part reserved, and of the rest the part for sockets that are no subscribers. */
const smallPart = 1 / 4;

/** How many sockets the configuration asks for. */
export interface Wanted {
  /** `limits.connections` */
  readonly subscribers: number;
  /** Sockets beside the subscribers: webhooks, health, metrics, those that have said nothing yet. */
  readonly others: number;
}

interface SocketRoom {
  readonly subscribers: number;
  /** In all. */
  readonly sockets: number;
  /** The warning if there is less than was wanted; else null. */
  readonly shortage: string | null;
}

/**
 * The room for the configured limits; logs a shortage. Others have room even if all subscribers are there and one
 * address takes all the sockets it may.
 *
 * @param openFiles default: the kernel's limit
 */
export function socketRoom(limits: SocketsOfAddress, log: Log, openFiles = readOpenFiles()): SocketRoom {
  const ofOneAddress = tellsAddressesApart(limits)
    ? limits.connectionsPerAddress + otherSocketsPerAddress
    : 0;
  const wanted = { subscribers: limits.connections, others: otherSockets + ofOneAddress };
  const room = roomForSockets(wanted, openFiles);
  if (room.shortage !== null) log.warn({}, room.shortage);
  return room;
}

/** @param openFiles that this process may have; Infinity: unknown */
export function roomForSockets({ subscribers, others }: Wanted, openFiles: number): SocketRoom {
  const needed = subscribers + others + reserved;
  if (needed <= openFiles) return { subscribers, sockets: subscribers + others, shortage: null };
  const sockets = openFiles - Math.min(reserved, Math.floor(openFiles * smallPart));
  const left = Math.max(1, sockets - Math.min(others, Math.ceil(sockets * smallPart)));
  const fitting = Math.min(subscribers, left);
  const shortage =
    `serve: limits.connections ${subscribers} needs ${needed} open files, this process may have ${openFiles}: ` +
    `takes ${fitting} subscribers and ${sockets} connections at most: raise the limit ` +
    '(LimitNOFILE in systemd, ulimits.nofile in Compose, ulimit -n in a shell) or lower limits.connections';
  return { subscribers: fitting, sockets, shortage };
}

/** Open files of this process now, and how many it may have; null: not known, or without limit. */
export async function openDescriptors(
  limit = readOpenFiles(),
): Promise<{ readonly used: number | null; readonly limit: number | null }> {
  const used = await readdir('/proc/self/fd').then(
    (names) => names.length,
    () => null,
  );
  return { used, limit: Number.isFinite(limit) ? limit : null };
}

/** The kernel's limit for this process; Node has raised it to the hard limit. Infinity without /proc. */
export function readOpenFiles(): number {
  try {
    return parseOpenFiles(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** @param limits the text of /proc/self/limits (proc_pid_limits(5)) */
export function parseOpenFiles(limits: string): number {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}
