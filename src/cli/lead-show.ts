// relais lead show: one lead, its consents, where it went, what waits and why.
// Invariant: in one language; a person is masked unless revealed, which is an entry of the log (C39).
import { Option, type Command } from 'commander';
import type { App } from '../app.ts';
import { currentConsent } from '../domain/consent.ts';
import { reasonText } from '../domain/delivery.ts';
import { consentChannels, consentPurposes, type ConsentState, type Lead } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import { deliveriesOfLeads, type Delivery } from '../store/deliveries.ts';
import { readLeads } from '../store/leads.ts';
import { findRefused } from '../store/refused-rows.ts';
import {
  exercisedRights,
  findLeads,
  routingRefusals,
  type ExercisedRight,
  type FoundLead,
} from '../store/support-leads.ts';
import { reasonOf, withExamples } from './arguments.ts';
import { deliveryData, outJson, personData } from './json.ts';
import { noteLookUp } from './lead-find.ts';
import { listRefused, refusedData } from './lead-refused.ts';
import { personFacts, type PersonFact } from './masking.ts';
import { actionWords, inLanguage, stateWords, type Both, type Language } from './story-words.ts';
import { paris } from './table.ts';
import { out, say, strong, withApp } from './terminal.ts';

interface ShowOptions {
  readonly client: string;
  readonly lang: Language;
  readonly reveal?: boolean;
  readonly reason?: string;
  readonly json?: boolean;
}

export function showCommands(lead: Command): void {
  withExamples(
    lead
      .command('show <reference>')
      .description('one lead: consents in force, interactions, where it went, what waits and why')
      .requiredOption('--client <client>', 'client it belongs to')
      .option('--reveal', 'show the person instead of a mask (logged)')
      .option('--reason <text>', 'why (ticket number); needed with --reveal')
      .addOption(new Option('--lang <lang>', 'language').choices(['fr', 'en']).default('fr'))
      .option('--json', 'as JSON'),
    '',
    'relais lead show HZ-000001 --client horizon',
    'relais lead show HZ-000001 --client horizon --reveal --reason "request 77"',
  ).action((reference: string, options: ShowOptions) =>
    withApp(async (app) => {
      const reveal = options.reveal === true;
      const reason = reveal ? reasonOf(options.reason) : '';
      const [found] = await findLeads(app.database, [options.client], { reference });
      if (found === undefined && (await showRefused(app, reference, options, reason))) return;
      if (found === undefined)
        throw new RelaisError(
          'FIND-001',
          `Client ${options.client} has no lead with the reference ${reference}.`,
        );
      if (reveal) await noteLookUp(app, [found], 'revealed', reason, options.client);
      const shown = await read(app, found, reveal);
      if (shown === undefined) return;
      if (options.json === true) return outJson([asData(shown)]);
      print(shown, options.lang);
    }),
  );
}

/** True where refused rows have the reference. */
async function showRefused(
  app: App,
  reference: string,
  options: ShowOptions,
  reason: string,
): Promise<boolean> {
  const refused = await findRefused(app.database, [options.client], { reference });
  if (refused.length === 0) return false;
  const reveal = options.reveal === true;
  if (reveal) await noteLookUp(app, [], 'revealed', reason, options.client);
  if (options.json === true) outJson(refusedData(refused, reveal));
  else {
    say('No lead has this reference, only rows that were refused; relais lead refusals says why.');
    listRefused(refused, reveal);
  }
  return true;
}

interface ShownLead {
  readonly lead: Lead;
  readonly person: readonly PersonFact[];
  readonly consents: readonly ShownConsent[];
  readonly deliveries: readonly Delivery[];
  readonly refusals: Awaited<ReturnType<typeof routingRefusals>>;
  readonly rights: readonly ExercisedRight[];
}

interface ShownConsent {
  readonly purpose: string;
  readonly channel: string;
  readonly state: ConsentState;
  readonly lapsed: boolean;
  readonly recordedAt: Date;
  readonly until: Date | undefined;
}

async function read({ database }: App, found: FoundLead, reveal: boolean): Promise<ShownLead | undefined> {
  const lead = (await readLeads(database, [found.id])).get(found.id)?.lead;
  if (lead === undefined) return undefined;
  return {
    lead,
    person: personFacts(lead, reveal),
    consents: consentsOf(lead, database.now()),
    deliveries: await deliveriesOfLeads(database, [found.id]),
    refusals: await routingRefusals(database, found.clientId, found.id),
    rights: await exercisedRights(database, found.id),
  };
}

function consentsOf(lead: Lead, now: Date): readonly ShownConsent[] {
  return consentPurposes.flatMap((purpose) =>
    consentChannels.flatMap((channel): readonly ShownConsent[] => {
      const consent = currentConsent(lead.consents, purpose, channel, now);
      if (consent === undefined) return [];
      const { state, lapsed, until, record } = consent;
      return [{ purpose, channel, state, lapsed, until, recordedAt: record.recordedAt }];
    }),
  );
}

const factWords: Readonly<Record<PersonFact['name'], Both>> = {
  lastName: ['Nom', 'Name'],
  firstName: ['Prénom', 'First name'],
  email: ['E-mail', 'Mail'],
  mobile: ['Mobile', 'Mobile'],
  landline: ['Fixe', 'Landline'],
  city: ['Ville', 'Town'],
};

const consentWords: Readonly<Record<ConsentState, Both>> = {
  granted: ['accordé', 'granted'],
  refused: ['refusé', 'refused'],
  not_asked: ['non demandé', 'not asked'],
  withdrawn: ['retiré', 'withdrawn'],
};

function print(
  { lead, person, consents, deliveries, refusals, rights }: ShownLead,
  language: Language,
): void {
  const word = (fr: string, en: string): string => inLanguage([fr, en], language);
  const section = (title: string, all: readonly string[], none: string): void => {
    out(strong(`\n${title}`));
    for (const line of all.length === 0 ? [none] : all) out(`  ${line}`);
  };
  const none = word('aucune', 'none');
  out(strong(`${lead.reference} · ${lead.clientId} · ${word('révision', 'revision')} ${lead.revision}`));
  out(word('Reçue par ', 'Came in by ') + `${lead.channel}${word(' le ', ', ')}${paris(lead.collectedAt)}`);
  if (lead.erasedAt !== undefined)
    out(word(`  Personne effacée le ${paris(lead.erasedAt)}`, `  Person erased, ${paris(lead.erasedAt)}`));
  for (const { name, value } of person) out(`  ${inLanguage(factWords[name], language).padEnd(11)} ${value}`);
  section(
    word('Consentements en vigueur', 'Consents in force'),
    consents.map((one) => consentLine(one, word)),
    word('aucun enregistré', 'none recorded'),
  );
  if (rights.length > 0)
    section(
      word('Droits exercés', 'Rights exercised'),
      rights.map((one) => rightLine(one, word)),
      none,
    );
  section(
    'Interactions',
    lead.interactions.map(
      (one) =>
        `${paris(one.at)}  ${one.kind}${one.duration === undefined ? '' : ` (${one.duration} s)`}${one.voluntary ? word(', à son initiative', ', voluntary') : ''}`,
    ),
    none,
  );
  const everywhere = word('toutes', 'all');
  section(
    word('Livraisons', 'Deliveries'),
    [
      ...deliveries.map((row) => {
        const reason = reasonText(row.reason, language);
        const state = inLanguage(stateWords[row.state], language);
        return `${row.id}  ${row.destinationId}  ${inLanguage(actionWords[row.action], language)}  ${state}${reason === '' ? '' : ` : ${reason}`}`;
      }),
      ...refusals.map(
        (one) =>
          `${word('non transmise', 'not routed')} (${one.destinationId || everywhere}, ${word('révision', 'revision')} ${one.revision}) : ${reasonText(one.reason, language)}`,
      ),
    ],
    none,
  );
}

function rightLine(
  { at, entry, actor, purpose, reason }: ExercisedRight,
  word: (fr: string, en: string) => string,
): string {
  const what =
    entry === 'erased' ? word('effacement', 'erasure') : `${word('retrait de', 'withdrawal of')} ${reason}`;
  return `${paris(at)}  ${what}${word(', par ', ', by ')}${actor}${word(' : ', ': ')}${purpose}`;
}

function consentLine(one: ShownConsent, word: (fr: string, en: string) => string): string {
  const until = one.until === undefined ? '' : word(', jusqu’au ', ', until ') + paris(one.until);
  const lapsed = one.lapsed ? word(' (accord échu ou sans preuve)', ' (lapsed or unproved)') : '';
  const [fr, en] = consentWords[one.state];
  return `${one.purpose}.${one.channel} : ${word(fr, en)}${lapsed}, ${word('le ', '')}${paris(one.recordedAt)}${until}`;
}

function asData({ lead, person, consents, deliveries, refusals, rights }: ShownLead): object {
  return {
    client: lead.clientId,
    reference: lead.reference,
    revision: lead.revision,
    channel: lead.channel,
    collectedAt: lead.collectedAt,
    erasedAt: lead.erasedAt ?? null,
    person: personData(person),
    consents,
    interactions: lead.interactions.map(({ kind, at, voluntary }) => ({ kind, at, voluntary })),
    deliveries: deliveries.map(deliveryData),
    notRouted: refusals,
    rights,
  };
}
