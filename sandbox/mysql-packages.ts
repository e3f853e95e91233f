// Unpacks a MySQL server for Debian, which has none in its releases: the packages of Debian unstable, under .relais/mysql with every
// library they need, the C library too. It runs through its own loader, so Debian's release does not matter.
// Invariant: nothing of the system changes. apt works with lists, status and cache of its own in that folder. The program appears last,
// by a rename; of two starts at once one waits for the other; an interrupted start leaves its downloads for the next.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, mysqlFolder } from './binaries.ts';

export const unpackingIsPossible = (): boolean =>
  isDebian() && ['apt-get', 'dpkg-deb', 'flock'].every((program) => findProgram(program) !== undefined);

function isDebian(): boolean {
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

/** Returns undefined on success, else the last lines of apt's output. */
export function unpackMysql(log: (line: string) => void): Promise<string | undefined> {
  log(
    `getting MySQL from the packages of Debian unstable into ${mysqlFolder} (60 MB); nothing is installed on the system`,
  );
  mkdirSync(mysqlFolder, { recursive: true });
  return new Promise((resolve) => {
    const lock = join(mysqlFolder, 'lock');
    const child = spawn('flock', [lock, 'sh', join(import.meta.dirname, 'mysql-packages.sh'), mysqlFolder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => (text += part));
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) =>
      resolve(code === 0 ? undefined : text.trim().split('\n').slice(-8).join('\n')),
    );
  });
}
