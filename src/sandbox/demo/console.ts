// The console of a demo that keeps running: its own process, and one login for each role.
// Invariant: logins and passwords are invented for this demo and go with its database.
import { freePort } from '../ports.ts';
import type { Undo } from './installation.ts';
import { startRole } from './processes.ts';
import type { World } from './world.ts';

export async function openConsole({ screen, gateway, places, env }: World, undo: Undo): Promise<void> {
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
  screen.heading(`The console: http://127.0.0.1:${port}`);
  for (const { login, password, role, recoveryCodes } of people)
    screen.line(
      `  ${role.padEnd(11)} ${login.padEnd(14)} ${password}${recoveryCodes.length === 0 ? '' : `   code: ${recoveryCodes.join('  ')}`}`,
    );
  screen.line(
    screen.faint(
      '  Second factor: one of the codes, each once. To solve: « À traiter » says what needs somebody.',
    ),
  );
}
