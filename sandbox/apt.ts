// Installs MariaDB and Redis, or the missing one of them, with apt: on Debian or Ubuntu as root.
// Invariant: the packages' own services are not started (a policy-rc.d forbids it while apt runs), and the machine's own policy is
// restored afterwards. flock lets two starts at once take turns.
import { spawn } from 'node:child_process';
import { findProgram } from './binaries.ts';

export const aptIsPossible = (): boolean =>
  process.getuid?.() === 0 && findProgram('apt-get') !== undefined && findProgram('flock') !== undefined;

// A policy file with our mark is the remnant of an interrupted run: the machine's own is beside it.
const SCRIPT = `
set -e
policy=/usr/sbin/policy-rc.d
saved=/usr/sbin/policy-rc.d.before-relais
restore() {
  if [ -e "$policy" ] && grep -q relais-sandbox "$policy"; then rm -f "$policy"; fi
  if [ -e "$saved" ]; then mv "$saved" "$policy"; fi
}
restore
trap restore EXIT
trap 'exit 1' INT TERM HUP
if [ -e "$policy" ]; then mv "$policy" "$saved"; fi
printf '#!/bin/sh\\n# relais-sandbox\\nexit 101\\n' > "$policy"
chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=300 update -q
apt-get -o DPkg::Lock::Timeout=300 install -q -y --no-install-recommends "$@"
`;

/** Returns undefined on success, else the last lines of apt's output. */
export function installWithApt(
  packages: readonly string[],
  log: (line: string) => void,
): Promise<string | undefined> {
  log(`installing ${packages.join(' and ')} with apt (up to 200 MB)`);
  return new Promise((resolve) => {
    const child = spawn(
      'flock',
      ['/run/lock/relais-apt.lock', 'sh', '-c', SCRIPT, 'relais-apt', ...packages],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    }
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) =>
      resolve(code === 0 ? undefined : text.trim().split('\n').slice(-8).join('\n')),
    );
  });
}
