/**
 * Open files, of which each socket is one. A process that runs out of them closes new connections without a
 * word, webhooks among them, and may fail to open its own ledger's files. So the sockets are fitted into what
 * there is before the first is taken.
 */
import { readFileSync } from 'node:fs';
import type { Log } from '../lib/log.ts';
import { tellsAddressesApart } from './connection-limits.ts';
import { otherSocketsPerAddress, type SocketsOfAddress } from './socket-limits.ts';

/** For everything that is no client's socket: the ledger, upstreams, Redis, logs, the listener. */
const reserved = 256;
/** Sockets beyond the subscribers: webhooks, keep-alives, metrics, health. */
const otherSockets = 1_000;
/** Where there are too few open files for all: the part that is reserved, and of the rest the part of no subscriber. */
const smallPart = 1 / 4;

export interface Wanted {
  /** `limits.connections` */
  readonly subscribers: number;
  /** Sockets beside the subscribers: webhooks, health, metrics, those that have said nothing yet. */
  readonly others: number;
}

export interface SocketRoom {
  readonly subscribers: number;
  /** In all. */
  readonly sockets: number;
  /** What to say where it is less than was wanted; else null. */
  readonly shortage: string | null;
}

/**
 * The room for the configured limits; a shortage is logged. One address that takes all the sockets it may leaves
 * the others theirs, even when all subscribers are there.
 *
 * @param openFiles default: as the kernel says
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

/** @param openFiles that this process may have; Infinity where nobody knows */
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

/** What the kernel lets this process open; Node has raised it to the hard limit. Infinity where there is no /proc. */
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
