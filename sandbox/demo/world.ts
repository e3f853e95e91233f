// Builds the demo's world: servers, recipients, accounts, tables, settings, published clients, invented leads.
// Invariant: every built part has its undo step on the caller's list before the next step begins.
import { demoClients } from '../people/clients.ts';
import { inventLeads } from '../people/leads.ts';
import type { DemoLead } from '../people/leads.ts';
import { inventSecrets, prepareReceived, publishEnvironment, writeEnvironment } from './environment.ts';
import type { CurrentFile, DemoPlaces } from './environment.ts';
import { openGateway, openServers } from './installation.ts';
import type { DemoDeps, OpenGateway, Undo } from './installation.ts';
import type { DemoOptions } from './options.ts';
import { startRecipients } from './recipients.ts';
import type { Recipients } from './recipients.ts';
import type { Screen } from './screen.ts';

export interface World extends OpenGateway {
  readonly screen: Screen;
  readonly places: DemoPlaces;
  readonly recipients: Recipients;
  readonly leads: readonly DemoLead[];
  readonly env: Readonly<Record<string, string>>;
  readonly current: CurrentFile;
}

export async function buildWorld(options: DemoOptions, deps: DemoDeps, undo: Undo): Promise<World> {
  const { screen } = deps;
  screen.line(screen.strong('Relais: leads from MySQL to four clients, and an account of every one of them'));
  screen.line();
  const servers = await openServers(deps, undo);
  const { places, accounts } = servers;
  prepareReceived(places);

  const invented = inventSecrets();
  const { secrets } = invented;
  const recipients = await startRecipients(places.received, invented, options.seed);
  undo.push(recipients.close);
  screen.line('  recipients on loopback: a CRM (HTTPS), a mailbox (SMTP), two SFTP drops');

  const { authority, ports } = recipients;
  const env = writeEnvironment({ ...servers, secrets, authority, ports });
  const publish = demoClients.map((client) => client.destination);
  const open = await openGateway(deps, { accounts, env, publish }, undo);
  screen.line('  tables migrated; accounts for owner, gateway and intake, each with its rights');
  screen.line(`  published: ${publish.join(', ')}`);

  const current = publishEnvironment(places, env, process.pid);
  undo.push(() => Promise.resolve(current.release()));

  const leads = inventLeads({ seed: options.seed, count: options.leads, now: new Date() });
  return { ...open, screen, places, recipients, leads, env, current };
}
