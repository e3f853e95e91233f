// Makes incidents for a visitor of the console (`--keep`), then lists them, each with the place where it is solved.
// Invariant: nothing bypasses the program: leads enter by lead_intake, recipients refuse, a request is noted.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { demoClients } from '../people/clients.ts';
import type { DemoClient } from '../people/clients.ts';
import { inventLead } from '../people/leads.ts';
import type { DemoRow, DemoValue } from '../people/leads.ts';
import { createRandom } from '../people/random.ts';
import { secretText, smtpUrl } from './environment.ts';
import { insertLead } from './sql.ts';
import type { World } from './world.ts';

/** References, so that a person finds them by name. */
const names = {
  late: 'HZ-DROIT-1',
  withheld: 'HZ-RETENU-1',
  phone: 'HZ-TEL-',
  between: 'HZ-OK-',
  key: 'LT-CLE-',
};
const failures = 40;
/** Refusals in a row stop a destination: after this many, a lead without a phone is accepted in between. */
const inARow = 10;
const waiting = 5;
/** A term is one month: a request this many days old is late in every month. */
const lateDays = 33;
const dayMs = 86_400_000;
const patienceMs = 120_000;

interface Place {
  readonly world: World;
  readonly signal: AbortSignal;
  readonly row: (client: string, reference: string, change?: Change) => DemoRow;
}
type Change = Readonly<Record<string, DemoValue | undefined>>;

/** @throws when they do not happen within two minutes */
export async function makeIncidents(
  world: World,
  { address, signal }: { readonly address: string; readonly signal: AbortSignal },
): Promise<void> {
  const { screen } = world;
  const place = { world, signal, row: rowsOf(new Date()) };
  screen.heading('To solve');
  screen.line(screen.faint('  making some incidents ...'));
  const newKey = await holdMailbox(place);
  await withholdOne(place);
  const request = await lateRequest(place);
  await failForty(place);
  if (signal.aborted) return;
  for (const line of wordsOf(address, { newKey, request })) screen.line(`  ${line}`);
}

/** Rows with persons that no other lead of the demo has. */
function rowsOf(now: Date): Place['row'] {
  const random = createRandom(now.getTime() % 100_000);
  let made = 0;
  return (id, reference, change = {}) => {
    const client = demoClients.find((known) => known.id === id) as DemoClient;
    const { row } = inventLead(random, client, 9_000 + (made += 1), now);
    const all: Change = { ...row, reference, ...change };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as DemoRow;
  };
}

/**
 * The client changes its password without notice: the first mail is refused, the others wait. Returns the command that installs the new
 * one.
 */
async function holdMailbox(place: Place): Promise<string> {
  const { recipients, places } = place.world;
  const password = secretText();
  recipients.mailbox.changePassword(password);
  const folder = join(places.folder, 'new-key');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'SMTP_URL');
  writeFileSync(file, `${smtpUrl(password)}\n`, { mode: 0o600 });
  for (let number = 1; number <= waiting; number += 1)
    await insert(place, place.row('littoral', `${names.key}${number}`));
  await until(place, 'littoral-mail is held', async () => {
    const [state] = await place.world.gateway.connection.all<{ circuit: string }>(
      "SELECT circuit FROM destination_states WHERE destination_id = 'littoral-mail'",
    );
    return state !== undefined && (JSON.parse(state.circuit) as { state: string }).state === 'open';
  });
  return `cp ${relative(process.cwd(), file)} ${relative(process.cwd(), join(places.folder, 'secrets', 'SMTP_URL'))}`;
}

async function withholdOne(place: Place): Promise<void> {
  await insert(place, place.row('horizon', names.withheld, { consents: undefined }));
  await ended(place, names.withheld, 'withheld');
}

/** An erasure request noted today and received more than a month ago. Returns its number. */
async function lateRequest(place: Place): Promise<number> {
  const receivedAt = new Date(Date.now() - lateDays * dayMs);
  const before = rowsOf(receivedAt);
  await insert(place, before('horizon', names.late));
  await ended(place, names.late, 'delivered');
  if (place.signal.aborted) return 0;
  return await place.world.gateway.openErasure({
    clientId: 'horizon',
    reference: names.late,
    receivedAt,
  });
}

/** The CRM refuses every phone as wrong, until its people repair that. */
async function failForty(place: Place): Promise<void> {
  const { crm } = place.world.recipients;
  crm.refusePhones(true);
  await between(place, 0);
  for (let done = 0; done < failures; done += inARow) {
    for (let number = done + 1; number <= done + inARow; number += 1)
      await insert(
        place,
        place.row('horizon', referenceOf(number), { mobile: `+3363998${String(9_800 + number)}` }),
      );
    await ended(place, names.phone, 'failed', done + inARow);
    await between(place, done / inARow + 1);
  }
  crm.refusePhones(false);
}

const referenceOf = (number: number): string => `${names.phone}${String(number).padStart(2, '0')}`;

async function between(place: Place, number: number): Promise<void> {
  const reference = `${names.between}${number}`;
  const email = `sans.telephone.${number}@courriel.example`;
  await insert(place, place.row('horizon', reference, { email, mobile: undefined, landline: undefined }));
  await ended(place, reference, 'delivered');
}

async function insert({ world, signal }: Place, row: DemoRow): Promise<void> {
  if (!signal.aborted) await insertLead(world.intake, row);
}

/** Waits until `count` created deliveries of leads with this beginning of a reference are in this state. */
const ended = (place: Place, reference: string, state: string, count = 1): Promise<void> =>
  until(place, `${reference} is ${state}`, async () => {
    const [found] = await place.world.gateway.connection.all<{ n: number }>(
      `SELECT COUNT(*) AS n FROM deliveries d JOIN leads l ON l.id = d.lead_id
        WHERE l.reference LIKE ? AND d.action = 'create' AND d.state = ?`,
      [`${reference}%`, state],
    );
    return (found?.n ?? 0) >= count;
  });

async function until({ signal }: Place, what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!signal.aborted && !(await holds())) {
    if (Date.now() > deadline)
      throw new Error(`the incidents did not come about: still waiting until ${what}`);
    await sleep(100);
  }
}

function wordsOf(
  address: string,
  { newKey, request }: { readonly newKey: string; readonly request: number },
): readonly string[] {
  const cause = new URLSearchParams({
    destination: 'horizon-crm',
    state: 'failed',
    cause: 'invalid:phone_invalid',
  });
  return [
    `1. support: ${failures} leads failed for one cause. Horizon's CRM took every phone for a wrong one; it is mended since.`,
    `   ${address}/deliveries?${cause.toString()}`,
    '   « Rejouer tout ce que le filtre trouve… », a reason, the number, « Rejouer »: they arrive.',
    `2. support: littoral-mail is held, ${waiting} leads wait. Littoral changed its password; its new one has come. Put it in:`,
    `   ${newKey}`,
    `   then « Reprendre »: ${address}/destinations/littoral-mail`,
    `3. support: "I called, and nobody calls back." Why was ${names.withheld} handed to nobody?`,
    `   ${address}/deliveries?lead=${names.withheld}`,
    `4. dpo: request ${request}, an erasure, is late: it was received ${lateDays} days ago.`,
    `   ${address}/requests/${request}`,
  ];
}
