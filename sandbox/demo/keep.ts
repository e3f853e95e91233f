// Keeps the demo running until Ctrl-C (`--keep`): a person adds leads, watches them leave, and prints the account again.
// Invariant: the account reads the recipients' files afresh, so that changes made by hand show.
import { createInterface } from 'node:readline';
import { relative } from 'node:path';
import { account } from './accounting.ts';
import { readLedger } from './ledger.ts';
import { depotHost } from './recipients.ts';
import { printAccount } from './report.ts';
import type { World } from './world.ts';

export async function keepRunning(world: World, signal: AbortSignal): Promise<void> {
  const { screen } = world;
  screen.heading('Still running. Ctrl-C ends it');
  screen.line('  Add a lead by hand and watch it leave: save these two lines as mon-lead.csv');
  screen.line();
  for (const line of csvExample('horizon', 'HZ-MAIN-1', 'HZ-LYON')) screen.line(`    ${line}`);
  screen.line();
  screen.line('    npx relais lead import mon-lead.csv && npx relais lead find --reference HZ-MAIN-1');
  screen.line();
  screen.line(
    '  or insert it as an outside system does, with the intake account, which may do nothing else:',
  );
  screen.line();
  screen.line(`    ${mysqlCommand(world)} <<'SQL'`);
  for (const line of sqlExample()) screen.line(`    ${line}`);
  screen.line('    SQL');
  screen.line();
  screen.line(`  It arrives in ${relative(process.cwd(), world.recipients.crm.place)} within a second.`);
  screen.line('  Enter draws the account again; try it after removing a line from that file.');
  screen.line();
  screen.line(
    `  A client of your own who takes files (preset csv-excel, csv-portail): ${depotHost} takes them,`,
  );
  screen.line(`  and they arrive in ${relative(process.cwd(), world.recipients.depot)}.`);
  await waitFor(world, signal);
}

async function waitFor(world: World, signal: AbortSignal): Promise<void> {
  const input = createInterface({ input: process.stdin });
  // Without this the line reader would swallow Ctrl-C on a terminal.
  input.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  let busy = false;
  input.on('line', () => {
    if (busy) return;
    busy = true;
    void accountAgain(world)
      .catch((error: unknown) =>
        world.screen.line(`  ${error instanceof Error ? error.message : String(error)}`),
      )
      .finally(() => {
        busy = false;
      });
  });
  if (!signal.aborted) {
    await new Promise<void>((resolve) => {
      // Keeps the process alive when standard input has ended.
      const hold = setInterval(() => undefined, 60_000);
      signal.addEventListener(
        'abort',
        () => {
          clearInterval(hold);
          resolve();
        },
        { once: true },
      );
    });
  }
  input.close();
}

async function accountAgain({ screen, gateway, recipients, leads }: World): Promise<void> {
  const ledger = await readLedger(gateway.connection);
  printAccount(screen, account(leads, ledger, await recipients.readAll()));
}

const consents = (quote: string): string =>
  JSON.stringify(
    ['email', 'phone'].map((channel) => ({
      purpose: 'marketing',
      channel,
      state: channel === 'email' ? 'granted' : 'refused',
      recordedAt: `${new Date().toISOString().slice(0, 10)}T00:00:00Z`,
      source: 'demo',
    })),
  ).replaceAll('"', quote);

/** One lead, as a file of the centre's software. */
export function csvExample(client: string, reference: string, programme: string): readonly string[] {
  return [
    'client_id,reference,channel,collected_at,last_name,first_name,email,mobile,programme,consents',
    `${client},${reference},web_form,${new Date().toISOString()},Œuvrard,Zoé,zoe.oeuvrard@courriel.example,+33639980077,${programme},"${consents('""')}"`,
  ];
}

function sqlExample(): readonly string[] {
  return [
    'INSERT INTO lead_intake (client_id, reference, channel, collected_at, last_name, mobile, programme, consents)',
    `VALUES ('horizon', 'HZ-MAIN-2', 'web_form', UTC_TIMESTAMP(3), 'Lecœur', '+33639980002', 'HZ-NANTES',`,
    `        '${consents('"')}');`,
  ];
}

function mysqlCommand({ env }: World): string {
  const url = new URL(env['RELAIS_MYSQL_INTAKE_URL'] ?? 'mysql://localhost');
  return `mariadb --no-defaults -h${url.hostname} -P${url.port} -u${url.username} -p${url.password} --default-character-set=utf8mb4 ${url.pathname.slice(1)}`;
}
