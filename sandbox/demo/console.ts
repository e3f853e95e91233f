// Starts the console of a demo that keeps running: its own process, and one login for each role.
// Invariant: logins and passwords are invented for this demo and deleted with its database.
import { freePort } from '../ports.ts';
import type { Undo } from './installation.ts';
import { startRole } from './processes.ts';
import type { World } from './world.ts';

/** Returns its address. */
export async function openConsole({ screen, gateway, places, env }: World, undo: Undo): Promise<string> {
  const people = await gateway.people();
  const port = await freePort();
  const console = startRole('console', {
    folder: places.folder,
    name: 'console',
    env: { ...env, RELAIS_CONSOLE_PORT: String(port) },
    port: await freePort(),
  });
  undo.push(console.stop);
  await console.ready();
  const address = `http://127.0.0.1:${port}`;
  screen.heading(`The console: ${address}`);
  for (const { login, password, role, recoveryCodes } of people)
    screen.line(
      `  ${role.padEnd(11)} ${login.padEnd(14)} ${password}${recoveryCodes.length === 0 ? '' : `   code: ${recoveryCodes.join('  ')}`}`,
    );
  screen.line(screen.faint('  Second factor: one of the codes, each once.'));
  return address;
}
