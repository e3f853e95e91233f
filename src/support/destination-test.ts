// Tests the connection to a recipient without sending a lead: address, TLS, login.
// Invariant: under live authorisations only; states plainly what was tried, the address alone or the credentials too.
import type { SendContext } from '../../connectors/contract.ts';
import { connectorOf } from '../../connectors/index.ts';
import { liveAuthorisations } from '../domain/destination.ts';
import { RelaisError } from '../errors.ts';
import { nothingPublished } from '../errors/unknown.ts';
import { questionAboutNobody } from '../mapping/calls/situations.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { readAuthorisations } from '../store/destinations/authorisations.ts';
import type { Destination } from '../store/destinations/destinations.ts';
import { endWords } from './answer-words.ts';
import type { SupportPlace } from './place.ts';
import type { Both } from './words.ts';

/** Further needs of a test: our credentials with the recipient, and the way to the network. */
export interface TestPlace extends SupportPlace {
  readonly credentials: (clientId: string) => NonNullable<SendContext['credentials']>;
  readonly config: Pick<SendContext, 'secrets' | 'network'> & {
    readonly bounces: { readonly url?: string };
  };
}

export type TestedDestination = Awaited<ReturnType<typeof testDestination>>;

/** Settings by address, with a call that has them: several calls may have several addresses. */
function addressesOf(mapping: CompiledMapping) {
  const { create } = mapping.actions;
  const all = create?.calls?.map(({ name, settings }) => ({
    settings,
    call: { action: 'create' as const, name },
    question: questionAboutNobody(mapping, name),
  })) ?? [{ settings: create?.settings, call: undefined, question: questionAboutNobody(mapping) }];
  return [...new Map(all.map((reached) => [JSON.stringify(reached.settings), reached])).values()];
}

const credentialsTried: Both = [
  'Les identifiants ont été essayés et sont acceptés.',
  'The credentials were tried and are taken.',
];
const someTried: Both = [
  'Les identifiants ont été essayés et sont acceptés, par les appels qui ont une question ; des autres, seule l’adresse a été essayée.',
  'The credentials were tried and are taken, by the calls that have a look-up; of the others only the address was tried.',
];

/** A file of several calls may try the credentials with some of them alone. */
export function whatWasTried(
  tried: ReadonlySet<'address' | 'credentials'>,
  addressOnly: Both = ['', ''],
): Both {
  if (!tried.has('address')) return credentialsTried;
  return tried.has('credentials') ? someTried : addressOnly;
}

const nothing: Both = ['', ''];
const nobodyReads: Both = [
  'send.returnPath est donné, et aucun processus ne lit ce qui revient : RELAIS_BOUNCES_URL manque.',
  'send.returnPath is set, and no process reads what comes back: RELAIS_BOUNCES_URL is missing.',
];

/** Time to get a token or a session first. */
const gettingMs = 20_000;

/** @throws MAPPING-002 without a mapping, CONFIG-001 without its secrets */
export async function testDestination(
  place: TestPlace,
  { id, mappingVersionId }: Pick<Destination, 'id' | 'mappingVersionId'>,
) {
  const mapping = await place.published.version(mappingVersionId);
  const connector = mapping === undefined ? undefined : connectorOf(mapping.connector);
  if (mapping === undefined || connector === undefined) throw nothingPublished(id);
  const missing = mapping.secretNames.filter((name) => place.config.secrets(name).length === 0);
  if (missing.length > 0)
    throw new RelaisError('CONFIG-001', [
      `Secrets non déposés : ${missing.join(', ')} (un fichier de ce nom dans RELAIS_SECRETS_DIR, ou RELAIS_SECRET_<NOM>).`,
      `Secrets not provided: ${missing.join(', ')} (a file of that name in RELAIS_SECRETS_DIR, or RELAIS_SECRET_<NAME>).`,
    ]);
  const context = await contextOf(place, id, mapping);
  const [first, ...others] = addressesOf(mapping);
  const test = (reached: (typeof others)[number] | undefined) =>
    connector.test(
      reached?.settings,
      { ...context, classify: (answer, stage) => mapping.classifyBeside(answer, stage, reached?.call) },
      reached?.question,
    );
  let outcome = await test(first);
  const tried = new Set([outcome.tried ?? 'credentials']);
  const notes = new Map(outcome.notes?.map((note) => [note[1], note]));
  for (const other of others) {
    if (outcome.kind !== 'accepted') break;
    outcome = await test(other);
    tried.add(outcome.tried ?? 'credentials');
    for (const note of outcome.notes ?? []) notes.set(note[1], note);
  }
  if (connector.returns?.expected(first?.settings) === true && place.config.bounces.url === undefined)
    notes.set('send.returnPath', nobodyReads);
  const isReached = outcome.kind === 'accepted';
  const reason = 'reason' in outcome ? outcome.reason : '';
  const ms = outcome.evidence?.durationMs;
  return {
    isReached,
    outcome: outcome.kind,
    reason,
    durationMs: ms === undefined ? null : Math.round(ms),
    /** The parts that were tried; empty where it was not reached. */
    tried: isReached ? whatWasTried(tried, connector.words.addressOnly) : nothing,
    /** Reason why it was not reached; empty where it was. */
    why: isReached ? nothing : endWords(outcome.kind, reason),
    /** Further findings, for the person who sets the destination up. */
    notes: [...notes.values()],
  };
}

async function contextOf(
  place: TestPlace,
  id: string,
  mapping: CompiledMapping,
): Promise<Omit<SendContext, 'classify'>> {
  const { database, config } = place;
  const live = liveAuthorisations((await readAuthorisations(database, [id])).get(id) ?? [], database.now());
  return {
    secret: (name) => config.secrets(name)[0],
    secrets: config.secrets,
    credentials: place.credentials(mapping.clientId),
    allowedTargets: live.flatMap((authorisation) => authorisation.targets),
    network: config.network,
    timeouts: mapping.timeouts,
    mayLeave: () => true,
    signal: AbortSignal.timeout(mapping.timeouts.totalMs + gettingMs),
    now: () => database.now().getTime(),
  };
}
