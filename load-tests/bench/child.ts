/** A child process of the bench: pinned to a core if `taskset` exists, talks over IPC, ended reliably. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

export interface ChildOptions {
  /** Arguments of node: flags, script, arguments of the script. */
  readonly args: readonly string[];
  /** The core to pin to; null for any. */
  readonly core: number | null;
  /** Hide its standard error, and show its last part only if the child ends early. */
  readonly quiet?: boolean;
}

/** Characters of a quiet child's standard error that are kept. */
const maxComplaints = 4_000;

let tasksetFound: boolean | undefined;

/** Whether processes can be pinned here. */
export function canPin(): boolean {
  tasksetFound ??= spawnSync('taskset', ['--version']).status === 0;
  return tasksetFound;
}

export class Child<Out extends object, In extends { readonly kind: string }> {
  readonly #process: ChildProcess;
  readonly #name: string;
  #complaints = '';

  constructor(name: string, options: ChildOptions) {
    const node = [process.execPath, ...options.args];
    const command =
      options.core !== null && canPin() ? ['taskset', '-c', String(options.core), ...node] : node;
    this.#name = name;
    this.#process = spawn(command[0] ?? process.execPath, command.slice(1), {
      stdio: ['ignore', 'ignore', options.quiet === true ? 'pipe' : 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    this.#process.stderr?.on('data', (chunk) => {
      this.#complaints = `${this.#complaints}${chunk}`.slice(-maxComplaints);
    });
    // Each pending request listens for the exit.
    this.#process.setMaxListeners(64);
  }

  /** The pid of node itself, because taskset replaces itself by node. */
  get pid(): number {
    return this.#process.pid ?? -1;
  }

  /** The last part of a quiet child's standard error. */
  get complaints(): string {
    return this.#complaints;
  }

  get exited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  send(message: Out): void {
    this.#process.send(message);
  }

  /**
   * The next message of this kind. Call it before you cause the message.
   *
   * @throws Error when a `failed` message comes, the child exits, or `timeoutMs` pass
   */
  next<K extends In['kind']>(kind: K, timeoutMs: number): Promise<Extract<In, { readonly kind: K }>> {
    return new Promise((resolve, reject) => {
      const end = (error: Error | null, message?: Extract<In, { readonly kind: K }>) => {
        clearTimeout(timer);
        this.#process.off('message', listen).off('exit', exited);
        if (message !== undefined) resolve(message);
        else reject(error);
      };
      const listen = (message: In & { readonly message?: string }) => {
        if (isKind<In, K>(message, kind)) end(null, message);
        else if (message.kind === 'failed') end(new Error(`${this.#name}: ${message.message}`));
      };
      const exited = (code: number | null, signal: string | null) =>
        end(new Error(`${this.#name}: ended early: ${signal ?? `exit code ${code}`}`));
      const timer = setTimeout(
        () => end(new Error(`${this.#name}: no "${kind}" within ${timeoutMs} ms`)),
        timeoutMs,
      );
      this.#process.on('message', listen).on('exit', exited);
    });
  }

  async close(): Promise<void> {
    if (this.exited || this.#process.pid === undefined) return;
    const exit = once(this.#process, 'exit');
    // Closing thousands of connections is no part of any figure.
    this.#process.kill('SIGKILL');
    await exit;
  }
}

function isKind<M extends { readonly kind: string }, K extends M['kind']>(
  message: M,
  kind: K,
): message is Extract<M, { readonly kind: K }> {
  return message.kind === kind;
}
