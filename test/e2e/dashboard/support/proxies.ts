/** nginx and HAProxy in front of a gateway, with the lines that docs/dashboard.md shows. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../../../support/child.ts';
import { freePort } from '../../../support/free-port.ts';
import { programFile } from '../../../support/parts.ts';

export interface FrontProxy {
  /** Without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

const document = readFileSync(new URL('../../../../docs/dashboard.md', import.meta.url), 'utf8');

/** The first block of that language in docs/dashboard.md, for a gateway at this port. */
function shown(language: string, gatewayPort: number): string {
  const block = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\n\`\`\``).exec(document)?.[1];
  if (block === undefined) throw new Error(`read docs/dashboard.md: no block of ${language}: must have one`);
  return block.replaceAll('127.0.0.1:8080', `127.0.0.1:${gatewayPort}`);
}

const programs = {
  nginx: {
    config: (folder: string, port: number, gatewayPort: number) => `
      daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/log;
      events {}
      http {
        access_log off;
        client_body_temp_path ${folder}/t1; proxy_temp_path ${folder}/t2; fastcgi_temp_path ${folder}/t3;
        uwsgi_temp_path ${folder}/t4; scgi_temp_path ${folder}/t5;
        server {
          listen 127.0.0.1:${port};
          ${shown('nginx', gatewayPort)}
        }
      }`,
    args: (file: string, folder: string) => ['-p', folder, '-e', join(folder, 'log'), '-c', file],
  },
  haproxy: {
    config: (_folder: string, port: number, gatewayPort: number) => `
defaults
  mode http
  timeout connect 2s
  timeout client 1m
  timeout server 1m
  timeout tunnel 1h
  option forwardfor
${shown('haproxy', gatewayPort).replace(/bind .*/, `bind 127.0.0.1:${port}`)}
`,
    args: (file: string) => ['-db', '-f', file],
  },
} as const;

/** Starts a proxy. Resolves when it listens. */
export async function startProxy(program: 'nginx' | 'haproxy', gatewayPort: number): Promise<FrontProxy> {
  const folder = mkdtempSync(join(tmpdir(), `manifeed-${program}-`));
  mkdirSync(join(folder, 'logs'));
  const port = await freePort();
  const file = join(folder, 'config');
  const { config, args } = programs[program];
  writeFileSync(file, config(folder, port, gatewayPort));
  const child = startChild(programFile(program) ?? program, args(file, folder));
  await child.until('an open port', () => isOpen(port));
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      await child.stop('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
