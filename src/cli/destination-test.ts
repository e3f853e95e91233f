// relais destination test: reaching the recipient without sending any lead.
// Invariant: under live authorisations only; says plainly what was tried, the address alone or the credentials too.
import type { Command } from 'commander';
import type { Body, SendContext } from '../../connectors/contract.ts';
import { connectorOf } from '../../connectors/index.ts';
import type { App } from '../app.ts';
import { liveAuthorisations } from '../domain/destination.ts';
import { RelaisError } from '../errors.ts';
import { questionAboutNobody } from '../mapping/calls/situations.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { readAuthorisations } from '../store/authorisations.ts';
import { withExamples } from './arguments.ts';
import { existingDestination } from './destination-name.ts';
import { out, withApp } from './terminal.ts';

export function destinationTestCommand(destination: Command): void {
  withExamples(
    destination
      .command('test <destination>')
      .description('reach the recipient without sending any lead: address, TLS, login'),
    '',
    'relais destination test horizon-crm',
  ).action((id: string) => withApp((app) => testDestination(app, id)));
}

interface Reached {
  readonly settings: unknown;
  readonly question: Body | undefined;
}

/** Settings by address: each of several calls may go elsewhere. */
function addressesOf(mapping: CompiledMapping): readonly Reached[] {
  const { create } = mapping.actions;
  const all = create?.calls?.map(({ name, settings }) => ({
    settings,
    question: questionAboutNobody(mapping, name),
  })) ?? [{ settings: create?.settings, question: questionAboutNobody(mapping) }];
  return [...new Map(all.map((reached) => [JSON.stringify(reached.settings), reached])).values()];
}

/** A token or a session is got before. */
const gettingMs = 20_000;

const credentialsTried = 'The credentials were tried and are taken.';
const someTried =
  'The credentials were tried and are taken, by the calls that have a look-up; of the others only the address was tried.';

/** A file of several calls may try the credentials with some of them alone. */
export function whatWasTried(tried: ReadonlySet<'address' | 'credentials'>, addressOnly = ''): string {
  if (!tried.has('address')) return credentialsTried;
  return tried.has('credentials') ? someTried : addressOnly;
}

async function testDestination(app: App, id: string): Promise<void> {
  const { mappingVersionId } = await existingDestination(app.database, id);
  const mapping = await app.published.version(mappingVersionId);
  const connector = mapping === undefined ? undefined : connectorOf(mapping.connector);
  if (mapping === undefined || connector === undefined)
    throw new RelaisError('MAPPING-002', `${id} has no published mapping.`);
  const missing = mapping.secretNames.filter((name) => app.config.secrets(name).length === 0);
  if (missing.length > 0)
    throw new RelaisError(
      'CONFIG-001',
      `Secrets not provided: ${missing.join(', ')} (a file of that name in RELAIS_SECRETS_DIR, or RELAIS_SECRET_<NAME>).`,
    );
  const live = liveAuthorisations(
    (await readAuthorisations(app.database, [id])).get(id) ?? [],
    app.database.now(),
  );
  const context: SendContext = {
    classify: mapping.classifyBeside,
    secret: (name) => app.config.secrets(name)[0],
    secrets: app.config.secrets,
    credentials: app.credentials(mapping.clientId),
    allowedTargets: live.flatMap((authorisation) => authorisation.targets),
    network: app.config.network,
    timeouts: mapping.timeouts,
    signal: AbortSignal.timeout(mapping.timeouts.totalMs + gettingMs),
    now: () => app.database.now().getTime(),
  };
  const [first, ...others] = addressesOf(mapping);
  let outcome = await connector.test(first?.settings, context, first?.question);
  const tried = new Set([outcome.tried ?? 'credentials']);
  const notes = new Set(outcome.notes);
  for (const { settings, question } of others) {
    if (outcome.kind !== 'accepted') break;
    outcome = await connector.test(settings, context, question);
    tried.add(outcome.tried ?? 'credentials');
    for (const note of outcome.notes ?? []) notes.add(note);
  }
  await connector.close?.();
  if (connector.returns?.expected(first?.settings) === true && app.config.bounces.url === undefined)
    notes.add('send.returnPath is set, and no process reads what comes back: RELAIS_BOUNCES_URL is missing.');
  const ms = outcome.evidence?.durationMs;
  if (outcome.kind === 'accepted')
    return out(
      `${id} can be reached${ms === undefined ? '' : ` (${Math.round(ms)} ms)`}. ${whatWasTried(tried, connector.words.addressOnly?.[1])} No lead was sent.`.concat(
        [...notes].map((note) => `\n${note}`).join(''),
      ),
    );
  for (const note of notes) out(note);
  throw new RelaisError(
    'DEST-001',
    `${id} ${outcome.kind === 'invalid' ? 'is not set up' : 'cannot be reached'}: ${outcome.kind}${'reason' in outcome ? ` ${outcome.reason}` : ''}. No lead was sent.`,
  );
}
